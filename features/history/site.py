"""The past of one site over all its items."""

from data.contracts.sites import SITE_ID
from features.history.stock import MONTHS, issues, orders, receipts, reports

SITE_ISSUES = issues("site_issues", (SITE_ID,), (28, 84, 364))
SITE_ORDERS = orders("site_orders", (SITE_ID,), (28, 364))
SITE_RECEIPTS = receipts("site_receipts", (SITE_ID,), (28, 84, 364))
SITE_REPORTS = reports("site_reports", (SITE_ID,), MONTHS)
