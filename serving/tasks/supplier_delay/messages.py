"""Request message of `supplier_delay`: an open purchase order line with its supplier events."""

from data.contracts.items import ITEM_ID
from data.contracts.purchase_orders import PO_LINE_ID, PROMISED_AT, QUANTITY_ORDERED
from data.contracts.sites import SITE_ID
from data.contracts.suppliers import SUPPLIER_ID
from features.builders.order_documents import ORDERED_AT
from features.tasks.supplier_delay.shape import SUPPLIER_DELAY_SHAPE
from serving.tasks.messages import TaskRequest, build_task_request

REQUIRED = (PO_LINE_ID, SITE_ID, SUPPLIER_ID, ITEM_ID, QUANTITY_ORDERED, ORDERED_AT, PROMISED_AT)

EXAMPLE = {
    "asked_at": "2026-03-10T08:00:00Z",
    "po_line_id": "po-5521-2",
    "po_id": "po-5521",
    "site_id": "site_03",
    "supplier_id": "supplier_17",
    "item_id": "item_0042",
    "quantity_ordered": 100,
    "po_unit_price": 4.2,
    "line_value": 420.0,
    "currency": "EUR",
    "ordered_at": "2026-02-10T09:00:00Z",
    "requested_at": "2026-03-01T00:00:00Z",
    "promised_at": "2026-03-05T00:00:00Z",
    "events": [
        {
            "event_kind": "acknowledgement",
            "ack_status": "IA",
            "happened_at": "2026-02-11T08:00:00Z",
            "known_at": "2026-02-11T08:05:00Z",
        }
    ],
}


def supplier_delay_request() -> TaskRequest:
    """Build the request: a case states when it was ordered and promised."""
    return build_task_request("supplier_delay", SUPPLIER_DELAY_SHAPE, REQUIRED, EXAMPLE)
