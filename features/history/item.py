"""The past of one item over all sites, and over the sites of one region."""

from data.contracts.items import ITEM_ID
from data.contracts.sites import REGION
from features.history.stock import MONTHS, issues, orders, receipts, reports

ITEM_ISSUES = issues("item_issues", (ITEM_ID,), MONTHS)
ITEM_ORDERS = orders("item_orders", (ITEM_ID,), (28, 364))
ITEM_RECEIPTS = receipts("item_receipts", (ITEM_ID,), (28, 84, 364))
ITEM_REPORTS = reports("item_reports", (ITEM_ID,), MONTHS)
REGION_ITEM_REPORTS = reports("region_item_reports", (REGION, ITEM_ID), (28, 84, 364))
