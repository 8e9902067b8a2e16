"""Where a fact of a case comes from: table and field, in the words of the contracts."""

from __future__ import annotations

from data.contracts.catalogue import TABLES
from data.contracts.table import Column
from features.cases import CaseShape
from features.request.shapes import INVOICE_MISMATCH, STOCK_RISK, SUPPLIER_DELAY
from models.task import TaskName

SHAPES: dict[TaskName, CaseShape] = {
    TaskName.STOCK_RISK: STOCK_RISK,
    TaskName.INVOICE_MISMATCH: INVOICE_MISMATCH,
    TaskName.SUPPLIER_DELAY: SUPPLIER_DELAY,
}

# Tables a task's case is made of; the first that has the field is where it comes from.
TABLES_OF: dict[TaskName, tuple[str, ...]] = {
    TaskName.STOCK_RISK: ("stock_levels", "items", "sites"),
    TaskName.INVOICE_MISMATCH: ("invoices", "purchase_orders", "items", "suppliers"),
    TaskName.SUPPLIER_DELAY: ("purchase_orders", "items", "suppliers"),
}

# Fields that bear another name in the case than in their table.
RENAMED = {
    "ordered_at": "purchase_orders.happened_at",
    "document_at": "invoices.happened_at",
    "po_currency": "purchase_orders.currency",
    "quantity_open": "purchase_orders less receipts",
}

CHILD_TABLE = {
    "receipts": "receipts",
    "events": "supplier_events",
    "earlier_invoices": "invoices",
    "scheduled_receipts": "purchase_orders",
}

CHILD_TITLE = {
    "receipts": "Goods receipts",
    "events": "Messages from the supplier",
    "earlier_invoices": "Invoices booked before",
    "scheduled_receipts": "Scheduled receipts",
}


def origin(task: TaskName, column: Column) -> str:
    """`table.field` of a column of the task's case."""
    if column in RENAMED:
        return RENAMED[column]
    for name in TABLES_OF[task]:
        if column in TABLES[name].columns:
            return f"{name}.{column}"
    return str(column)


def words(name: str) -> str:
    """A field's name as words: `po_unit_price` is "PO unit price"."""
    text = name.replace("_", " ").replace("po ", "PO ")
    return text[:1].upper() + text[1:]
