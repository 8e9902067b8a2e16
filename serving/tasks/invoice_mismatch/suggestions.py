"""Suggestions for an invoice line, where its facts ask for another than that of the class."""

from __future__ import annotations

from data.contracts.invoice_outcomes import ExceptionClass as Ends
from data.contracts.invoices import DocumentType
from data.contracts.purchase_orders import LineState
from serving.policy.finding import Finding
from serving.policy.policy import Policy
from serving.tasks.invoice_mismatch.charge_rules import DAYS_AFTER_BOOKING
from serving.tasks.invoice_mismatch.documents import Case, document_type, is_credit
from serving.tasks.invoice_mismatch.line_arithmetic import LINE_ARITHMETIC
from serving.tasks.invoice_mismatch.quantities import (
    is_service,
    received_quantity,
    returned_quantity,
)

ADD_UP = "Ask the supplier for an invoice that adds up; pay neither amount before."
CANCELLED = "Ask the buyer whether the goods are wanted; otherwise send the invoice back."
CANCELLED_RECEIVED = "Ask the buyer: return the goods against a credit note, or reopen the order."
CREDIT = "Ask receiving whether the return is posted; else ask the supplier what is credited."
RETURNED = "Ask the supplier for a credit note over the goods that were sent back."
NOT_CONFIRMED = "Ask who ordered the service whether it was rendered, and have it confirmed."
PREPAID_OVER = "Hold the prepayment until the buyer confirms which share was agreed."
DEBITED = "Ask the buyer whether the later charge was agreed; otherwise ask for a credit note."
CREDIT_PRICE = "Compare the credit note with the invoice that it corrects and the order's price."
CHARGED_LESS = "Check the order's price with the supplier and amend it; nothing is paid too much."
CHARGE = "Check whether the charge was agreed; otherwise ask for a credit note."
FUTURE = "Ask the supplier for the right date; count the payment term from the receipt meanwhile."


def suggestion_for(case: Case, finding: Finding, policy: Policy) -> str:
    """Return what a person might do about the finding that leads."""
    if finding.code == LINE_ARITHMETIC:
        return ADD_UP
    return _by_facts(case, finding) or policy.classes[Ends(finding.code)].suggestion


def _by_facts(case: Case, finding: Finding) -> str | None:
    credit, cancelled = is_credit(case), case.get("line_state") == LineState.CANCELLED
    received, less = received_quantity(case) > 0, (finding.measured or 0.0) < 0
    kind = document_type(case)
    only_charges = bool(case.get("charge_amount")) and not case["freight_amount"]
    choices = (
        (Ends.PO_REFERENCE, cancelled and received, CANCELLED_RECEIVED),
        (Ends.PO_REFERENCE, cancelled, CANCELLED),
        (Ends.QTY_OVER_RECEIVED, credit, CREDIT),
        (Ends.QTY_OVER_ORDERED, credit, CREDIT),
        (Ends.QTY_OVER_RECEIVED, is_service(case), NOT_CONFIRMED),
        (Ends.QTY_OVER_RECEIVED, returned_quantity(case) > 0, RETURNED),
        (Ends.PRICE_VARIANCE, kind is DocumentType.PREPAYMENT, PREPAID_OVER),
        (Ends.PRICE_VARIANCE, kind is DocumentType.SUBSEQUENT_DEBIT, DEBITED),
        (Ends.PRICE_VARIANCE, credit, CREDIT_PRICE),
        (Ends.PRICE_VARIANCE, less, CHARGED_LESS),
        (Ends.FREIGHT_CHARGES, only_charges, CHARGE),
        (Ends.DATE_VARIANCE, finding.unit == DAYS_AFTER_BOOKING, FUTURE),
    )
    return next((text for code, holds, text in choices if code == finding.code and holds), None)
