"""Every attack, by name."""

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
