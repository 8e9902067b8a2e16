"""Feature set of uninvoiced_receipt: case shape, history streams and features."""

from data.contracts.items import CURRENCY, ITEM_ID
from data.contracts.purchase_orders import LINE_VALUE, PO_LINE_ID, QUANTITY_ORDERED
from data.contracts.receipts import QUANTITY_RECEIVED, RECEIPT_ID
from data.contracts.sites import SITE_ID
from data.contracts.suppliers import SUPPLIER_ID
from data.contracts.table import Column, Kind
from features.builders.case_features import (
    calendar_feature,
    category_feature,
    number_feature,
    weekday,
)
from features.builders.history_features import HistoryFeatures
from features.cases import CaseShape
from features.feature import Feature, Theme, days_between, ratio
from features.history.deliveries import SUPPLIER_DELIVERIES

RECEIVED_AT = Column("received_at", Kind.MOMENT, "when the goods came", unit="UTC")

SHAPE = CaseShape(
    columns=(
        RECEIPT_ID,
        PO_LINE_ID,
        SITE_ID,
        SUPPLIER_ID,
        ITEM_ID,
        QUANTITY_RECEIVED,
        QUANTITY_ORDERED,
        LINE_VALUE,
        CURRENCY,
        RECEIVED_AT,
    )
)
STREAMS = (SUPPLIER_DELIVERIES,)

_DELIVERIES = HistoryFeatures(
    SUPPLIER_DELIVERIES.name, "supplier", Theme.SUPPLIER_RELIABILITY, "this supplier", "deliveries"
)

FEATURES = (
    category_feature(SUPPLIER_ID, Theme.SUPPLIER_RELIABILITY, "supplier"),
    category_feature(SITE_ID, Theme.SITE_HABIT, "site"),
    number_feature(LINE_VALUE, Theme.ORDER, "currency", "the order line is worth {value:,.2f}"),
    Feature(
        "received_share",
        Theme.QUANTITY,
        "share",
        "quantity ordered not stated",
        "{value:.0%} of the ordered quantity was received",
        lambda cases: ratio(cases.number(QUANTITY_RECEIVED), cases.number(QUANTITY_ORDERED)),
    ),
    Feature(
        "days_since_received",
        Theme.TIMING,
        "days",
        "day of receipt not stated",
        "the goods came {value:.1f} days ago",
        lambda cases: days_between(cases.moment(RECEIVED_AT), cases.asked_at),
    ),
    calendar_feature(
        "weekday", weekday, lambda cases: cases.asked_at, "asked on weekday {value:.0f}"
    ),
    _DELIVERIES.mean("posting_days", "promised", "364d", "days", "posted {value:.1f} days late"),
)
