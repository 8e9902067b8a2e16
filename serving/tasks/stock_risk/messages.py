"""Request message of `stock_risk`: one item at one site, with scheduled receipts."""

from data.contracts.items import ITEM_ID
from data.contracts.sites import SITE_ID
from data.contracts.stock_levels import ON_HAND
from features.tasks.stock_risk.shape import STOCK_RISK_SHAPE
from serving.tasks.messages import TaskRequest, build_task_request

EXAMPLE = {
    "asked_at": "2026-03-10T08:00:00Z",
    "site_id": "site_03",
    "item_id": "item_0042",
    "category": "fasteners",
    "unit_cost": 4.2,
    "currency": "EUR",
    "on_hand": 120,
    "backordered": 0,
    "safety_stock": 80,
    "reorder_point": 150,
    "average_demand": 14.5,
    "scheduled_receipts": [
        {
            "quantity_open": 200,
            "promised_at": "2026-03-20T00:00:00Z",
            "known_at": "2026-03-01T08:00:00Z",
        }
    ],
}


def stock_risk_request() -> TaskRequest:
    """Build the request: a case states site, item and stock on hand; the rest may be missing."""
    return build_task_request("stock_risk", STOCK_RISK_SHAPE, (SITE_ID, ITEM_ID, ON_HAND), EXAMPLE)
