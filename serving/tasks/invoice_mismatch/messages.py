"""Request message of `invoice_mismatch`: an invoice line with its order line and receipts."""

from data.contracts.invoices import INVOICE_LINE_ID, LINE_AMOUNT, QUANTITY_INVOICED
from data.contracts.sites import SITE_ID
from data.contracts.suppliers import SUPPLIER_ID
from features.tasks.invoice_mismatch.shape import INVOICE_MISMATCH_SHAPE
from serving.tasks.messages import TaskRequest, build_task_request

REQUIRED = (INVOICE_LINE_ID, SUPPLIER_ID, SITE_ID, QUANTITY_INVOICED, LINE_AMOUNT)

EXAMPLE = {
    "asked_at": "2026-03-10T08:00:00Z",
    "invoice_line_id": "inv-88123-1",
    "invoice_id": "inv-88123",
    "invoice_number": "2026-00417",
    "supplier_id": "supplier_17",
    "site_id": "site_03",
    "po_line_id": "po-5521-2",
    "quantity_invoiced": 100,
    "invoice_unit": "EA",
    "invoice_unit_price": 4.62,
    "line_amount": 462.0,
    "tax_amount": 87.78,
    "tax_rate_expected": 0.19,
    "currency": "EUR",
    "document_at": "2026-03-02T00:00:00Z",
    "po_id": "po-5521",
    "item_id": "item_0042",
    "quantity_ordered": 100,
    "order_unit": "EA",
    "po_unit_price": 4.2,
    "line_value": 420.0,
    "po_currency": "EUR",
    "ordered_at": "2026-02-10T09:00:00Z",
    "promised_at": "2026-03-01T00:00:00Z",
    "receipts": [
        {
            "quantity_received": 100,
            "quantity_damaged": 0,
            "happened_at": "2026-03-01T10:00:00Z",
            "known_at": "2026-03-01T15:30:00Z",
        }
    ],
}


def invoice_mismatch_request() -> TaskRequest:
    """Build the request: the order's fields may be missing, as a line may name no order."""
    return build_task_request("invoice_mismatch", INVOICE_MISMATCH_SHAPE, REQUIRED, EXAMPLE)
