"""Orders, receipts and invoices of an extract held against each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pandas as pd

from data.contracts.invoices import (
    DOCUMENT_TYPE,
    INVOICE_UNIT,
    INVOICES,
    QUANTITY_INVOICED,
    DocumentType,
)
from data.contracts.items import BASE_UNIT, ITEM_ID, ITEMS
from data.contracts.purchase_orders import PO_LINE_ID, PURCHASE_ORDERS, QUANTITY_ORDERED
from data.contracts.receipts import QUANTITY_RECEIVED, RECEIPTS
from data.contracts.table import Table
from data.reference.units import unit_code
from data.source_batch import SourceBatch
from data.sources.extracts.check_policy import Check
from data.sources.extracts.checks.check_result import (
    CheckResult,
    first,
    not_applicable,
    share_text,
)

MUCH_MORE = 1.25
"""More than so many times the quantity is more than over-delivery explains."""
FEW_LINES = 0.05
"""Share of order lines from which such quantities are a fault of the mapping, not of clerks."""
ODD_MEDIAN = (0.5, 2.0)
"""A median ratio outside means that units or decimals are read wrong."""
MOST_UNKNOWN = 0.05
"""Share of receipts or invoices that may refer to orders which nobody has."""
OrderLines = Callable[[], frozenset[str]]
"""Read the ids of order lines that earlier loads brought."""

_LINE, _SOURCE = "line", "source"
_KEPT: dict[str, tuple[str, ...]] = {  # columns that are compared
    PURCHASE_ORDERS.name: (PO_LINE_ID, ITEM_ID, QUANTITY_ORDERED),
    RECEIPTS.name: (PO_LINE_ID, QUANTITY_RECEIVED),
    INVOICES.name: (PO_LINE_ID, QUANTITY_INVOICED, INVOICE_UNIT, DOCUMENT_TYPE),
    ITEMS.name: (ITEM_ID, BASE_UNIT),
}
_GOODS = (DocumentType.INVOICE, DocumentType.CREDIT_NOTE)


def no_earlier_orders() -> frozenset[str]:
    """Return no order lines: there was no earlier load."""
    return frozenset()


@dataclass
class DocumentCheck:
    """The columns of documents that are compared, kept while the extract is read.

    Attributes:
        earlier_orders: order lines of earlier loads; asked for where the extract lacks some.
    """

    earlier_orders: OrderLines = no_earlier_orders
    _parts: dict[str, list[pd.DataFrame]] = field(default_factory=lambda: {t: [] for t in _KEPT})

    def add(self, batch: SourceBatch, frame: pd.DataFrame) -> None:
        """Keep what is compared of rows that could be read."""
        if (columns := _KEPT.get(batch.table.name)) is None:
            return
        kept = frame.reindex(columns=list(columns))
        kept[_LINE] = batch.lines[frame.index]
        kept[_SOURCE] = pd.Categorical([batch.source] * len(kept))
        self._parts[batch.table.name].append(kept)

    def results(self) -> Iterator[CheckResult]:
        """Yield one result a check."""
        frames = {name: _joined(parts, _KEPT[name]) for name, parts in self._parts.items()}
        orders, receipts = frames[PURCHASE_ORDERS.name], frames[RECEIPTS.name]
        invoices = frames[INVOICES.name]
        ordered = orders.groupby(PO_LINE_ID)[QUANTITY_ORDERED].sum()
        received = receipts.groupby(PO_LINE_ID)[QUANTITY_RECEIVED].sum()
        yield _compare(Check.RECEIVED_OVER_ORDERED, "ordered", ordered, "received", received)
        invoiced = _invoiced_in_base_units(invoices, orders, frames[ITEMS.name])
        yield _compare(Check.INVOICED_OVER_RECEIVED, "received", received, "invoiced", invoiced)
        lines = orders[PO_LINE_ID]
        yield self._references(Check.RECEIPTS_FIND_ORDER, RECEIPTS, receipts, lines)
        yield self._references(Check.INVOICES_FIND_ORDER, INVOICES, invoices, lines)

    def _references(
        self, check: Check, table: Table, rows: pd.DataFrame, lines: pd.Series
    ) -> CheckResult:
        """Count rows whose order line is in the extract or came with an earlier load."""
        named = rows.dropna(subset=[PO_LINE_ID])
        if named.empty:
            return not_applicable(check, f"the extract has no {table.name} with an order line")
        lost = named[~named[PO_LINE_ID].isin(lines)]
        earlier = self.earlier_orders() if len(lost) else frozenset()
        if lines.empty and not earlier:
            return not_applicable(check, f"the extract has no {PURCHASE_ORDERS.name}")
        return _found_orders(check, table, len(named), lost[~lost[PO_LINE_ID].isin(earlier)])


def _joined(parts: Sequence[pd.DataFrame], columns: tuple[str, ...]) -> pd.DataFrame:
    if not parts:
        return pd.DataFrame(columns=[*columns, _LINE, _SOURCE])
    texts = [part.astype({_SOURCE: object}) for part in parts]
    return pd.concat(texts, ignore_index=True)


def _invoiced_in_base_units(
    invoices: pd.DataFrame, orders: pd.DataFrame, items: pd.DataFrame
) -> pd.Series:
    """Return what is invoiced by order line, of lines invoiced in their item's base unit."""
    units = items.dropna(subset=[BASE_UNIT]).drop_duplicates(ITEM_ID).set_index(ITEM_ID)[BASE_UNIT]
    item_of = orders.drop_duplicates(PO_LINE_ID).set_index(PO_LINE_ID)[ITEM_ID]
    base = invoices[PO_LINE_ID].map(item_of).map(units)
    same = invoices[INVOICE_UNIT].isna() | (_codes(invoices[INVOICE_UNIT]) == _codes(base))
    goods = invoices[DOCUMENT_TYPE].isna() | invoices[DOCUMENT_TYPE].isin(list(_GOODS))
    other = invoices.loc[~same, PO_LINE_ID]
    compared = invoices[same & goods & ~invoices[PO_LINE_ID].isin(other)]
    return compared.groupby(PO_LINE_ID)[QUANTITY_INVOICED].sum()


def _codes(units: pd.Series) -> pd.Series:
    known = {text: unit_code(text) or text for text in units.dropna().unique()}
    return units.map(known)


def _compare(
    check: Check, base: str, expected: pd.Series, what: str, got: pd.Series
) -> CheckResult:
    """Compare quantities of order lines that have both."""
    both = pd.DataFrame({base: expected, what: got}).dropna().astype(float)
    both = both[(both[base] > 0) & (both[what] != 0)]
    if both.empty:
        return not_applicable(check, f"no order line has a quantity {base} and one {what}")
    ratio = both[what] / both[base]
    much = both[ratio > MUCH_MORE]
    median = float(ratio.median())
    odd = not ODD_MEDIAN[0] <= median <= ODD_MEDIAN[1]
    lines = share_text(len(much), len(both))
    sentence = (
        f"on {lines} order lines the quantity {what} is more than {MUCH_MORE:.0%} of that "
        f"{base}; on the median line it is {median:.0%}"
    )
    found = odd or len(much) > FEW_LINES * len(both)
    rows = much if len(much) else both
    examples = [
        f"{line}: {base} {row[base]:,.10g}, {what} {row[what]:,.10g}"
        for line, row in rows.head(10).iterrows()
    ]
    return CheckResult(check, found, sentence, first(examples) if found else ())


def _found_orders(check: Check, table: Table, named: int, lost: pd.DataFrame) -> CheckResult:
    """Say how many of the rows that name an order line find it, and which do not."""
    complete = share_text(named - len(lost), named)
    sentence = f"{complete} rows of {table.name} find their order line"
    found = len(lost) > MOST_UNKNOWN * named
    examples = [
        f"row {row[_LINE]} of {row[_SOURCE]}: order line {row[PO_LINE_ID]!r} is not there"
        for _, row in lost.head(10).iterrows()
    ]
    return CheckResult(check, found, sentence, first(examples) if found else ())
