"""Every attack, by name.

What none of them can be asked for: entries that were never recorded, put at the end by who can
write there as the service does, are entries (the service itself has no more to show); what was
appended after the last checkpoint in the second place is told from another only by a checkpoint
that a caller kept; idempotency keys (`requests`) are not under the tree.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.tampering import (
    appending,
    on_entries,
    on_order,
    on_payloads,
    on_second_place,
    on_tree,
    rewriting,
)
from tests.tampering.attack import Attack

ATTACKS: Mapping[str, Attack] = {
    one.name: one
    for group in (
        on_entries,
        on_payloads,
        on_order,
        on_tree,
        rewriting,
        appending,
        on_second_place,
    )
    for one in group.ATTACKS
}
