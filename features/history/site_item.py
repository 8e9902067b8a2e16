"""The past of one item at one site."""

from data.contracts.items import ITEM_ID
from data.contracts.sites import SITE_ID
from features.history.stock import (
    MONTHS,
    YEAR_AGO,
    corrections,
    issues,
    orders,
    receipts,
    reports,
    reports_at_zero,
    reports_in_stock,
)

KEY = (SITE_ID, ITEM_ID)

SITE_ITEM_ISSUES = issues("site_item_issues", KEY, (7, 14, *MONTHS[:-1], YEAR_AGO, MONTHS[-1]))
SITE_ITEM_ORDERS = orders("site_item_orders", KEY, MONTHS)
SITE_ITEM_RECEIPTS = receipts("site_item_receipts", KEY, MONTHS)
SITE_ITEM_CORRECTIONS = corrections("site_item_corrections", KEY, (84, 364))
SITE_ITEM_REPORTS = reports("site_item_reports", KEY, (*MONTHS[:-1], YEAR_AGO, MONTHS[-1]))
SITE_ITEM_AT_ZERO = reports_at_zero("site_item_at_zero", KEY)
SITE_ITEM_IN_STOCK = reports_in_stock("site_item_in_stock", KEY)
