"""Complete cases from the reference data of the lake before they are scored.

Adds what a caller left out, and earlier invoices that it did not bring; never changes what was
sent. The completed case is what rules and features read, and what is recorded: a replay needs
no lake.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

from data.contracts.exchange_rates import EXCHANGE_RATE, EXCHANGE_RATE_AT
from data.contracts.invoices import (
    INVOICE_ID,
    INVOICE_LINE_ID,
    INVOICE_NUMBER,
    LINE_AMOUNT,
    PO_LINE_ID,
)
from data.contracts.items import BASE_UNIT, CURRENCY, ITEM_ID, PACK_SIZE, UNIT_COST
from data.contracts.sites import LINK_TEMPLATE, SITE_ID
from data.contracts.suppliers import SUPPLIER_ID
from data.contracts.table import HAPPENED_AT, KNOWN_AT
from data.reference.units import same_unit
from features.cases import CaseShape
from features.invoice_numbers import normalise_invoice_number
from features.reference_data import MAX_FOUND_INVOICES, Facts, InvoiceSearch, ReferenceData
from features.reference_tables import ITEM_FACTS, SITE_FACTS, SUPPLIER_FACTS, to_cents
from serving.pipeline.batch import CaseBatch, Record
from serving.tasks.messages import MAX_CHILDREN, CaseMessage, TaskRequest

ITEM_UNITS = "item_units"
EARLIER_INVOICES = "earlier_invoices"
FROM_LAKE = "from_lake"
"""Key in the recorded context: names of what the lake added to the case."""
LINK = "link"
"""Key in the recorded context: address of the ERP's page of the document."""
PLACE_IN_LINK = re.compile(r"\{(\w+)\}")
HTTP_ADDRESS = re.compile(r"https?://[^/\s]", re.IGNORECASE)


@dataclass(frozen=True)
class LakeFacts:
    """Values and rows that the lake adds to a case.

    values: by column. children: rows by the name of their list. link: address of the ERP's page
    of the document; empty where the site has none.
    """

    values: Mapping[str, Any]
    children: Mapping[str, Sequence[Record]]
    link: str = ""

    def recorded(self) -> dict[str, Any]:
        """Return what the context of the case's audit entry holds of it."""
        names = self.names
        return ({FROM_LAKE: names} if names else {}) | ({LINK: self.link} if self.link else {})

    @property
    def names(self) -> list[str]:
        """Names of what was added, as recorded: columns, lists, and `list/id` of invoice lines."""
        lists = [
            f"{name}/{row[INVOICE_LINE_ID]}" if INVOICE_LINE_ID in row else name
            for name, rows in self.children.items()
            for row in rows
        ]
        return [*self.values, *dict.fromkeys(lists)]


def complete_cases(batch: CaseBatch, reference: ReferenceData, reporting: str) -> CaseBatch:
    """Return the batch with what the lake adds to its cases.

    reporting: the currency that exchange rates lead to.

    Raises:
        sqlite3.Error: the reference data cannot be read.
    """
    request = batch.served.request
    found = [
        find_lake_facts(request.shape, record, at, reference, reporting)
        for record, at in zip(batch.records, batch.asked_at, strict=True)
    ]
    return replace(
        batch,
        messages=[
            _complete_message(*one, request) for one in zip(batch.messages, found, strict=True)
        ],
        records=[_complete_record(*one) for one in zip(batch.records, found, strict=True)],
        lake_context=[facts.recorded() for facts in found],
    )


def find_lake_facts(
    shape: CaseShape, case: Record, at: datetime, reference: ReferenceData, reporting: str
) -> LakeFacts:
    """Find what the lake knew at a moment of a case that does not state it."""
    site = reference.facts(SITE_FACTS, case.get(SITE_ID), at)
    supplier = reference.facts(SUPPLIER_FACTS, case.get(SUPPLIER_ID), at)
    item = reference.facts(ITEM_FACTS, case.get(ITEM_ID), at)
    values = _left_out(case, site) | _left_out(case, supplier)
    values |= _left_out(case, _item_facts(case, item))
    values |= _exchange_rate(case, values, at, reference, reporting)
    children = dict[str, Sequence[Record]]()
    if ITEM_UNITS in shape.children and not case[ITEM_UNITS] and _same_unit(case, item):
        units = reference.item_units(case[ITEM_ID], case.get(SUPPLIER_ID), at)
        children[ITEM_UNITS] = _children(shape, ITEM_UNITS, units)
    if EARLIER_INVOICES in shape.children:
        lines = _invoices_not_sent(case, at, reference)
        children[EARLIER_INVOICES] = _children(shape, EARLIER_INVOICES, lines)
    link = document_link(site.get(LINK_TEMPLATE), case)
    return LakeFacts(values, {name: rows for name, rows in children.items() if rows}, link)


def document_link(template: str | None, case: Record) -> str:
    """Return the address of the ERP's page of a case's document.

    Empty without a template, for an address that is not http(s), and where the template names a
    document that the case is not about.
    """
    if template is None or not HTTP_ADDRESS.match(template):
        return ""
    names = PLACE_IN_LINK.findall(template)
    if not all(case.get(name) for name in names):
        return ""
    return PLACE_IN_LINK.sub(lambda place: quote(str(case[place[1]]), safe=""), template)


def _item_facts(case: Record, facts: Facts) -> Facts:
    """Leave out what says nothing about the case: packs of another unit, cost of another money."""
    other_money = case.get(CURRENCY) not in (None, facts.get(CURRENCY))
    left_out = set[str]() if _same_unit(case, facts) else {PACK_SIZE}
    # The currency of a case is that of its own amounts; only a case at cost takes the item's.
    if UNIT_COST not in case or case[UNIT_COST] is not None:
        left_out |= {CURRENCY}
    elif other_money:
        left_out |= {UNIT_COST}
    return {name: value for name, value in facts.items() if name not in left_out}


def _same_unit(case: Record, item: Facts) -> bool:
    base = case.get(BASE_UNIT)
    return base is None or same_unit(base, item.get(BASE_UNIT))


def _left_out(case: Record, facts: Facts) -> dict[str, Any]:
    return {
        name: value
        for name, value in facts.items()
        if value is not None and name in case and case[name] is None
    }


def _exchange_rate(
    case: Record, values: Facts, at: datetime, reference: ReferenceData, reporting: str
) -> dict[str, Any]:
    """Return the rate of the case's currency with its day; one that was sent stays as it is."""
    currency = values.get(CURRENCY) or case.get(CURRENCY)
    is_open = EXCHANGE_RATE in case and case[EXCHANGE_RATE] is None
    if not is_open or case[EXCHANGE_RATE_AT] is not None or currency is None:
        return {}
    rate = reference.exchange_rate(currency, reporting, at)
    if not rate:
        return {}
    return {str(EXCHANGE_RATE): rate[EXCHANGE_RATE], str(EXCHANGE_RATE_AT): rate[HAPPENED_AT]}


def _invoices_not_sent(case: Record, at: datetime, reference: ReferenceData) -> list[Facts]:
    """Find earlier invoice lines that look like the case's and that it does not bring."""
    sent = case[EARLIER_INVOICES]
    search = InvoiceSearch(
        at,
        case[INVOICE_LINE_ID],
        case[INVOICE_ID],
        case[SUPPLIER_ID],
        case[INVOICE_NUMBER],
        case[LINE_AMOUNT],
        case[PO_LINE_ID],
    )
    found = reference.earlier_invoices(search, min(MAX_FOUND_INVOICES, MAX_CHILDREN - len(sent)))
    if not sent or not found:
        return found
    ids, prints = {row[INVOICE_LINE_ID] for row in sent}, set(map(_look, sent))
    return [r for r in found if r[INVOICE_LINE_ID] not in ids and _look(r) not in prints]


def _look(row: Record) -> tuple[Any, ...]:
    """Return what two rows of the same invoice line have in common where one lacks its id."""
    number, amount = normalise_invoice_number(row[INVOICE_NUMBER]), row[LINE_AMOUNT]
    return number, amount < 0, to_cents(amount), row[PO_LINE_ID], row[KNOWN_AT].date()


def _children(shape: CaseShape, name: str, rows: Sequence[Facts]) -> list[Record]:
    return [{str(column): row.get(column) for column in shape.children[name]} for row in rows]


def _complete_record(case: Record, facts: LakeFacts) -> Record:
    lists = {
        name: sorted([*case[name], *rows], key=lambda row: row[KNOWN_AT])
        for name, rows in facts.children.items()
    }
    return {**case, **facts.values, **lists}


def _complete_message(message: CaseMessage, facts: LakeFacts, request: TaskRequest) -> CaseMessage:
    lists = dict(_complete_lists(message, facts, request))
    return message.model_copy(update={**facts.values, **lists})


def _complete_lists(
    message: CaseMessage, facts: LakeFacts, request: TaskRequest
) -> Iterator[tuple[str, list[Any]]]:
    for name, rows in facts.children.items():
        child = request.child_model(name)
        yield name, [*getattr(message, name), *(child.model_construct(**row) for row in rows)]
