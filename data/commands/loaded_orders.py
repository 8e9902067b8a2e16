"""Order lines that the lake has already, which the documents of a later load refer to."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from data.lake import Lake

if TYPE_CHECKING:
    from data.sources.extracts.checks.documents import OrderLines


def loaded_orders(lake: Lake) -> OrderLines:
    """Return a function that reads the ids of the lake's order lines, once it is asked."""

    @cache
    def read() -> frozenset[str]:
        from data.contracts.purchase_orders import PO_LINE_ID, PURCHASE_ORDERS
        from data.store import Store

        if not lake.canonical.is_dir():
            return frozenset()
        with Store.from_folder(lake.canonical) as store:
            orders = store.table(PURCHASE_ORDERS.name).select(PO_LINE_ID).to_pyarrow()
        return frozenset(orders[PO_LINE_ID].to_pylist())

    return read
