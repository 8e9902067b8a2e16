"""Sample cases whose answers hold every sentence that the rules of a task can say."""

from dataclasses import dataclass, field
from typing import Any

from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from models.tasks.stock_risk import STOCK_RISK
from models.tasks.supplier_delay import SUPPLIER_DELAY

NAMES = {"site_name": "Nordlager", "item_name": "Hex bolt M8", "time_zone": "Europe/Berlin"}
SUPPLIER = {"supplier_id": "V008", "supplier_name": "Nordwerk GmbH"}


@dataclass(frozen=True)
class SampleCase:
    """A case as a change of the task's example, with what a reader would call it."""

    title: str
    changes: dict[str, Any] = field(default_factory=dict)


def event(kind: str, known: str, expected: str | None = None, **more: Any) -> dict[str, Any]:
    """Return a supplier's message of that day in 2026."""
    dated = {"event_kind": kind, "happened_at": at(known), "known_at": at(known)}
    return dated | ({"expected_at": at(expected)} if expected else {}) | more


def receipt(quantity: float, known: str, **more: Any) -> dict[str, Any]:
    """Return a goods receipt of that day in 2026."""
    row = {"quantity_received": quantity, "happened_at": at(known), "known_at": at(known)}
    return row | more


def scheduled(quantity: float, promised: str) -> dict[str, Any]:
    """Return a scheduled receipt promised for that day in 2026."""
    row = {"po_line_id": "450017-10", "quantity_open": quantity, "promised_at": at(promised)}
    return row | {"known_at": at("02-01")}


def earlier(number: str | None, amount: float, known: str, **more: Any) -> dict[str, Any]:
    """Return an invoice line that was booked on that day in 2026."""
    row = {"invoice_line_id": "S03-088101-1", "invoice_id": "S03-088101", "invoice_number": number}
    amounts = {"quantity_invoiced": 100, "line_amount": amount}
    return row | amounts | {"happened_at": at(known), "known_at": at(known)} | more


def at(day: str) -> str:
    """Return midnight UTC of a day, "03-10" of 2026 or with its year."""
    return f"{day if len(day) > 5 else f'2026-{day}'}T00:00:00Z"


LATE = {"promised_at": at("03-05")}
OPEN = {"promised_at": at("03-24"), "requested_at": at("03-20")}
ON_LINE = {"po_line_id": "po-5521-2"}

SUPPLIER_DELAY_CASES = (
    SampleCase("nothing said, due later", OPEN | {"events": []}),
    SampleCase("due today", {"promised_at": at("03-10"), "events": []}),
    SampleCase("one day overdue, part received", {"promised_at": at("03-09"), "events": [], "receipts": [receipt(99, "03-08")]}),
    SampleCase("overdue, ship notice later", LATE | {"events": [event("asn", "03-06", "03-17", event_quantity=100)]}),
    SampleCase("ship notice after the promise", OPEN | {"events": [event("asn", "03-09", "03-25", event_quantity=91)]}),
    SampleCase("ship notice for less than is open", OPEN | {"events": [event("asn", "03-09", "03-20", event_quantity=40)]}),
    SampleCase("supplier's new date after the promise", OPEN | {"requested_at": None, "events": [event("delay_notice", "03-09", "04-02")]}),
    SampleCase("new date after the need", OPEN | {"events": [event("revised_promise", "03-09", "04-02")]}),
    SampleCase("new date before the need", OPEN | {"requested_at": at("04-20"), "events": [event("revised_promise", "03-09", "04-02")]}),
    SampleCase("new date for next year", OPEN | {"events": [event("revised_promise", "03-09", "2027-01-12")]}),
    SampleCase("acknowledged for later", OPEN | {"events": [event("acknowledgement", "03-09", "03-30", ack_status="DR")]}),
    SampleCase("confirmed for later", OPEN | {"events": [event("acknowledgement", "03-09", "03-25", ack_status="IA", event_quantity=100)]}),
    SampleCase("confirmed for less", OPEN | {"events": [event("acknowledgement", "03-09", "03-24", ack_status="IQ", event_quantity=90)]}),
    SampleCase("delay without a date", OPEN | {"events": [event("delay_notice", "03-09")]}),
    SampleCase("overdue, supplier's date over too", LATE | {"events": [event("revised_promise", "03-06", "03-08")]}),
    SampleCase("overdue, ship notice without a day", LATE | {"events": [event("asn", "03-06")]}),
    SampleCase("wanted sooner by the buyer", OPEN | {"events": [event("order_change", "03-04", "03-16")]}),
    SampleCase("put off by the buyer", LATE | {"events": [event("order_change", "03-04", "03-16")]}),
    SampleCase("backordered until a day", OPEN | {"events": [event("acknowledgement", "03-09", "04-02", ack_status="IB")]}),
    SampleCase("backordered", OPEN | {"events": [event("acknowledgement", "03-09", ack_status="IB")]}),
    SampleCase("partly backordered", OPEN | {"events": [event("acknowledgement", "03-09", ack_status="BP")]}),
    SampleCase("rejected", OPEN | {"events": [event("acknowledgement", "03-09", ack_status="IR")]}),
    SampleCase("on hold", OPEN | {"events": [event("acknowledgement", "03-09", ack_status="IH")]}),
    SampleCase("deleted by the supplier", OPEN | {"events": [event("acknowledgement", "03-09", ack_status="ID")]}),
    SampleCase("substituted", OPEN | {"events": [event("acknowledgement", "03-09", ack_status="IS")]}),
    SampleCase("received in full", LATE | {"receipts": [receipt(100, "03-04")]}),
    SampleCase("received in full, late", LATE | {"receipts": [receipt(100, "03-08")]}),
    SampleCase("last receipt for less than ordered", LATE | {"receipts": [receipt(95, "03-08", final=True)]}),
    SampleCase("receipt reversed", LATE | {"receipts": [receipt(100, "03-04"), receipt(-100, "03-06", posting_kind="reversal")]}),
    SampleCase("closed short", LATE | {"line_state": "closed_short", "state_known_at": at("03-06")}),
    SampleCase("cancelled", LATE | {"line_state": "cancelled", "state_known_at": at("02-20")}),
    SampleCase("received, more than ordered, part damaged", LATE | {"receipts": [receipt(104, "03-04", quantity_damaged=2)]}),
    SampleCase("received, part returned", LATE | {"receipts": [receipt(100, "03-04"), receipt(-3, "03-08", posting_kind="return")]}),
    SampleCase("cancelled, goods came", LATE | {"line_state": "cancelled", "state_known_at": at("03-02"), "receipts": [receipt(100, "03-04")]}),
    SampleCase("cancelled, supplier promises after that", OPEN | {"line_state": "cancelled", "state_known_at": at("03-02"), "events": [event("revised_promise", "03-09", "03-25")]}),
    SampleCase("cancelled, shipped all the same", OPEN | {"line_state": "cancelled", "state_known_at": at("03-02"), "events": [event("asn", "03-09", "03-25")]}),
)  # fmt: skip

STOCK_RISK_CASES = (
    SampleCase("enough for the horizon", {"on_hand": 900}),
    SampleCase("out of stock, receipt promised", {"on_hand": 0, "backordered": 51, "scheduled_receipts": [scheduled(230, "03-12")]}),
    SampleCase("out of stock, nothing on order", {"on_hand": 0, "scheduled_receipts": []}),
    SampleCase("one unit short", {"on_hand": 3, "backordered": 4, "scheduled_receipts": []}),
    SampleCase("negative on hand", {"on_hand": -12, "backordered": 12}),
    SampleCase("runs out before the receipt", {"on_hand": 60, "scheduled_receipts": [scheduled(500, "03-24")]}),
    SampleCase("runs out in the horizon", {"on_hand": 60, "scheduled_receipts": []}),
    SampleCase("below safety stock", {"on_hand": 250, "scheduled_receipts": []}),
    SampleCase("receipt after the horizon", {"on_hand": 260, "scheduled_receipts": [scheduled(200, "03-25")]}),
    SampleCase("receipt past its promise", {"on_hand": 260, "scheduled_receipts": [scheduled(200, "03-01")]}),
    SampleCase("receipt on a cancelled line", {"on_hand": 260, "scheduled_receipts": [scheduled(200, "03-20") | {"line_state": "cancelled"}]}),
    SampleCase("average demand not stated", {"average_demand": None}),
    SampleCase("out of stock, demand not stated", {"on_hand": 0, "average_demand": None, "scheduled_receipts": []}),
    SampleCase("out of stock, no demand", {"on_hand": 0, "average_demand": 0, "scheduled_receipts": []}),
    SampleCase("out of stock, due today", {"on_hand": 0, "scheduled_receipts": [scheduled(300, "03-10")]}),
    SampleCase("on order without a date", {"on_hand": 60, "on_order": 200, "scheduled_receipts": []}),
    SampleCase("no demand", {"average_demand": 0, "scheduled_receipts": []}),
)  # fmt: skip

INVOICE_MISMATCH_CASES = (
    SampleCase("nothing found", {"invoice_unit_price": 4.2, "line_amount": 420.0, "tax_amount": 79.8}),
    SampleCase("no order line", {"po_line_id": None, "po_id": None, "quantity_ordered": None, "receipts": []}),
    SampleCase("price above the order's"),
    SampleCase("price below the order's", {"invoice_unit_price": 3.7, "line_amount": 370.0, "tax_amount": 70.3}),
    SampleCase("charged on a line ordered at zero", {"po_unit_price": 0.0, "line_value": 0.0}),
    SampleCase("amount is not quantity times price", {"line_amount": 640.0, "tax_amount": 121.6}),
    SampleCase("price stated for 100 without saying so", {"invoice_unit_price": 420.0, "line_amount": 420.0, "tax_amount": 79.8}),
    SampleCase("amount with tax in it", {"line_amount": 549.78}),
    SampleCase("amount without a quantity", {"quantity_invoiced": 0, "invoice_unit_price": None}),
    SampleCase("order's price and value disagree", {"line_value": 42.0}),
    SampleCase("signs do not agree", {"line_amount": -462.0, "tax_amount": -87.78}),
    SampleCase("more than ordered", {"quantity_invoiced": 120, "line_amount": 554.4}),
    SampleCase("more than ordered with an earlier invoice", {"earlier_invoices": [earlier("RE-1", 92.4, "03-01", quantity_invoiced=20, **ON_LINE)]}),
    SampleCase("ordered at zero quantity", {"quantity_ordered": 0, "line_value": 0.0}),
    SampleCase("nothing received", {"receipts": []}),
    SampleCase("less received than invoiced", {"receipts": [receipt(60, "03-01")]}),
    SampleCase("received damaged", {"receipts": [receipt(100, "03-01", quantity_damaged=7)]}),
    SampleCase("no receipt expected", {"line_type": "service", "receipts": []}),
    SampleCase("same number and amount", {"earlier_invoices": [earlier("2026/417", 462.0, "03-01", **ON_LINE)]}),
    SampleCase("same number, other amount", {"earlier_invoices": [earlier("2026-00417", 401.0, "03-01", **ON_LINE)]}),
    SampleCase("same amount, other number", {"earlier_invoices": [earlier("2026-00411", 462.0, "03-01", **ON_LINE)]}),
    SampleCase("same number, other order line", {"earlier_invoices": [earlier("2026-00417", 462.0, "03-01", po_line_id="po-5601-1")]}),
    SampleCase("same number, supplier entered twice", {"earlier_invoices": [earlier("2026-00417", 462.0, "03-01", supplier_id="V108")]}),
    SampleCase("earlier one without a number", {"earlier_invoices": [earlier(None, 462.0, "03-01", **ON_LINE)]}),
    SampleCase("earlier one of last year", {"earlier_invoices": [earlier("2026-00417", 462.0, "2025-12-20", **ON_LINE)]}),
    SampleCase("other currency", {"currency": "USD"}),
    SampleCase("rate other than the table's", {"currency": "USD", "po_currency": "USD", "exchange_rate": 0.91, "exchange_rate_at": at("03-09")}),
    SampleCase("other unit that can be converted", {"invoice_unit": "CS", "quantity_invoiced": 6, "base_unit": "EA", "pack_size": 20, "invoice_unit_price": 84.0, "line_amount": 504.0}),
    SampleCase("unit that is not known", {"invoice_unit": "XQZ"}),
    SampleCase("above the amount limit", {"quantity_invoiced": 20000, "line_amount": 92400.0, "tax_amount": 17556.0}),
    SampleCase("limit in an unknown currency", {"currency": "XTS", "po_currency": "XTS", "line_amount": 92400.0}),
    SampleCase("tax is not the expected rate", {"tax_amount": 46.2}),
    SampleCase("freight beyond the allowed share", {"freight_amount": 60.0, "tax_amount": 99.18, "tax_jurisdiction": "DE"}),
    SampleCase("dated long before the delivery", {"document_at": at("03-02"), "promised_at": at("05-20")}),
    SampleCase("credit note for returned goods", {"document_type": "credit_note", "invoice_unit_price": 4.2, "quantity_invoiced": -10, "line_amount": -42.0, "tax_amount": -7.98, "receipts": [receipt(100, "03-01"), receipt(-10, "03-05", posting_kind="return")]}),
    SampleCase("credit note without a return", {"document_type": "credit_note", "invoice_unit_price": 4.2, "quantity_invoiced": -10, "line_amount": -42.0, "tax_amount": -7.98}),
    SampleCase("credit note over more than was ever invoiced", {"document_type": "credit_note", "invoice_unit_price": 4.2, "quantity_invoiced": -10, "line_amount": -42.0, "tax_amount": -7.98, "receipts": [receipt(100, "03-01"), receipt(-10, "03-05", posting_kind="return")], "earlier_invoices": [earlier("RE-1", 21.0, "03-01", quantity_invoiced=5, **ON_LINE)]}),
    SampleCase("prepayments above the order", {"document_type": "prepayment", "receipts": [], "earlier_invoices": [earlier("A-1", 300.0, "03-01", document_type="prepayment", **ON_LINE)]}),
    SampleCase("service beyond what is confirmed", {"line_type": "service", "receipts": [], "events": [event("service_entry", "03-05", event_quantity=80)]}),
    SampleCase("surcharge beyond the allowed share", {"charge_amount": 42.0, "line_amount": 504.0, "tax_amount": 95.76}),
    SampleCase("more of a unit that is converted", {"invoice_unit": "DZN", "quantity_invoiced": 9, "base_unit": "EA", "invoice_unit_price": 50.4, "line_amount": 453.6}),
    SampleCase("dated in the future", {"document_at": at("05-20")}),
    SampleCase("order line that is not known", {"po_id": None, "quantity_ordered": None, "po_unit_price": None, "line_value": None, "ordered_at": None, "promised_at": None, "receipts": []}),
    SampleCase("prepayment", {"document_type": "prepayment", "receipts": []}),
    SampleCase("subsequent debit", {"document_type": "subsequent_debit", "earlier_invoices": [earlier("RE-1", 420.0, "03-01", **ON_LINE)]}),
    SampleCase("order line cancelled", {"line_state": "cancelled", "state_known_at": at("03-01")}),
)  # fmt: skip

SAMPLE_CASES = {
    STOCK_RISK.name: tuple(
        SampleCase(one.title, NAMES | {"base_unit": "EA"} | one.changes) for one in STOCK_RISK_CASES
    ),
    INVOICE_MISMATCH.name: tuple(
        SampleCase(one.title, NAMES | SUPPLIER | one.changes) for one in INVOICE_MISMATCH_CASES
    ),
    SUPPLIER_DELAY.name: tuple(
        SampleCase(one.title, NAMES | SUPPLIER | one.changes) for one in SUPPLIER_DELAY_CASES
    ),
}
