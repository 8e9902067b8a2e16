"""What master data say of an ask, as far as it was known when asked."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from data.contracts.table import HAPPENED_AT, KNOWN_AT
from training.asks.asks import ASKED_AT

MASTER = "master_"


def join_master(asked: ir.Table, master: ir.Table, key: str) -> ir.Table:
    """The asks with the columns of the master row of that key.

    Where both have a column the ask's own value counts, the master's fills what is missing.
    Master rows known only after the ask are left out.
    """
    facts = [c for c in master.columns if c not in (key, HAPPENED_AT)]
    side = master.select(key, **{MASTER + c: master[c] for c in facts})
    # A view, or Ibis would fold this join into the one that computed the key.
    joined = asked.view().left_join(side, [key])
    known = joined[MASTER + KNOWN_AT] <= joined[ASKED_AT]
    filled = {
        c: _filled(asked, joined, c, known.ifelse(joined[MASTER + c], ibis.null()))
        for c in facts
        if c != KNOWN_AT
    }
    return joined.select(*[c for c in asked.columns if c not in filled], **filled)


def _filled(asked: ir.Table, joined: ir.Table, column: str, master: ir.Value) -> ir.Value:
    return ibis.coalesce(joined[column], master) if column in asked.columns else master
