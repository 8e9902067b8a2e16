"""All canonical tables, one line each."""

from data.contracts.decisions import DECISIONS
from data.contracts.exchange_rates import EXCHANGE_RATES
from data.contracts.invoice_outcomes import INVOICE_OUTCOMES
from data.contracts.invoices import INVOICES
from data.contracts.item_units import ITEM_UNITS
from data.contracts.items import ITEMS
from data.contracts.order_lines import ORDER_LINES
from data.contracts.purchase_orders import PURCHASE_ORDERS
from data.contracts.receipts import RECEIPTS
from data.contracts.sites import SITES
from data.contracts.stock_levels import STOCK_LEVELS
from data.contracts.stock_movements import STOCK_MOVEMENTS
from data.contracts.supplier_events import SUPPLIER_EVENTS
from data.contracts.suppliers import SUPPLIERS
from data.contracts.table import Table

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        SITES,
        ITEMS,
        ITEM_UNITS,
        SUPPLIERS,
        ORDER_LINES,
        STOCK_LEVELS,
        STOCK_MOVEMENTS,
        PURCHASE_ORDERS,
        RECEIPTS,
        INVOICES,
        SUPPLIER_EVENTS,
        INVOICE_OUTCOMES,
        DECISIONS,
        EXCHANGE_RATES,
    )
}
