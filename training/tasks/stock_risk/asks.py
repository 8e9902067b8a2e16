"""Asks of stock_risk: every report of a site's stock of an item that the site carries."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import ibis
import ibis.expr.types as ir

from data.contracts.items import ITEM_ID, ITEMS, UNIT_COST
from data.contracts.purchase_orders import (
    LINE_STATE,
    PO_LINE_ID,
    PROMISED_AT,
    PURCHASE_ORDERS,
    QUANTITY_ORDERED,
    STATE_KNOWN_AT,
)
from data.contracts.receipts import RECEIPTS
from data.contracts.sites import SITE_ID, SITES
from data.contracts.stock_levels import ACTIVE, STOCK_LEVELS
from data.contracts.table import HAPPENED_AT, KNOWN_AT
from data.row_versions.stored_rows import SUPERSEDED_AT
from data.store import Store
from features.history.row_versions import current_at
from features.tasks.stock_risk.quantities import quantity_at_stake
from features.tasks.stock_risk.shape import QUANTITY_OPEN, STOCK_RISK_SHAPE
from models.task import Task
from training.dataset.ask_queries import (
    SPAN,
    UTC,
    collect_asks,
    day_text,
    filter_asked_between,
    join_master_as_known,
    midnight_after,
)
from training.dataset.asks import ASKED_AT, MONEY_AT_RISK, ROW, Asks
from training.dataset.purchase_order_lines import (
    in_thousandths,
    open_when_asked,
    signed_quantity,
    with_state_when_asked,
)


def query_asks(
    store: Store,
    task: Task,
    since: datetime | None = None,
    until: datetime | None = None,
    max_rows: int | None = None,
) -> Asks:
    """Query each report at the midnight after it was known, so that its day counts in full.

    Of several reports of a site-item known on one day the last one that happened is asked
    about. `since` is inclusive, `until` exclusive, on the moment of asking.
    """
    reports = _stock_reports(store)
    asked = reports.mutate(**{ASKED_AT: midnight_after(reports[KNOWN_AT], 1)})
    latest = _latest_reports(
        filter_asked_between(_known(asked), since, until), [SITE_ID, ITEM_ID, ASKED_AT]
    )
    return _collect(store, task, latest, max_rows)


def query_open_asks(store: Store, task: Task, at: datetime) -> Asks:
    """Query the latest known report of every site-item that was carried then."""
    reports = _stock_reports(store).mutate(**{ASKED_AT: ibis.literal(at, type=UTC)})
    return _collect(store, task, _latest_reports(_known(reports), [SITE_ID, ITEM_ID]), None)


def _stock_reports(store: Store) -> ir.Table:
    return store.versions(STOCK_LEVELS.name)


def _known(reports: ir.Table) -> ir.Table:
    """Keep the reports as they were known when asked."""
    known = current_at(reports[ASKED_AT], reports[KNOWN_AT], reports[SUPERSEDED_AT])
    return reports.filter(known).drop(*SPAN)


def _latest_reports(reports: ir.Table, by: list[str]) -> ir.Table:
    newest = ibis.window(
        group_by=by, order_by=[ibis.desc(reports[HAPPENED_AT]), ibis.desc(reports[KNOWN_AT])]
    )
    ranked = reports.mutate(place=ibis.row_number().over(newest))
    return ranked.filter(ranked["place"] == 0, ranked[ACTIVE].fill_null(True)).drop("place")


def _collect(store: Store, task: Task, asked: ir.Table, max_rows: int | None) -> Asks:
    asked = join_master_as_known(asked, store.versions(ITEMS.name), ITEM_ID)
    asked = join_master_as_known(asked, store.versions(SITES.name), SITE_ID)
    place = asked[SITE_ID] + "/" + asked[ITEM_ID]
    unknown = ibis.null("float64")  # until the scheduled receipts have been collected
    base = asked.mutate(
        ask_id=place + "@" + day_text(asked[ASKED_AT]), group=place, money_at_risk=unknown
    )
    children = {"scheduled_receipts": lambda numbered: _scheduled_receipts(store, numbered)}
    return _with_money_at_risk(collect_asks(base, STOCK_RISK_SHAPE, children, max_rows), task)


def _with_money_at_risk(asks: Asks, task: Task) -> Asks:
    """Add the cost of what is short within the horizon, at worst, as the service gives it."""
    cases = asks.cases({})
    money = quantity_at_stake(cases, task.horizon_days) * cases.number(UNIT_COST)
    return replace(asks, frame=asks.frame.assign(**{MONEY_AT_RISK: money}))


def _scheduled_receipts(store: Store, numbered: ir.Table) -> ir.Table:
    """Open order lines as far as was known, with what had not come of them."""
    lines = store.versions(PURCHASE_ORDERS.name)
    lines = lines.select(
        PO_LINE_ID,
        SITE_ID,
        ITEM_ID,
        QUANTITY_ORDERED,
        PROMISED_AT,
        LINE_STATE,
        STATE_KNOWN_AT,
        KNOWN_AT,
        SUPERSEDED_AT,
    )
    pairs = numbered.select(ROW, ASKED_AT, SITE_ID, ITEM_ID).inner_join(lines, [SITE_ID, ITEM_ID])
    known = current_at(pairs[ASKED_AT], pairs[KNOWN_AT], pairs[SUPERSEDED_AT])
    pairs = with_state_when_asked(open_when_asked(pairs.filter(known), store))
    came = _quantity_received_when_asked(store, pairs)
    joined = pairs.left_join(came, [ROW, PO_LINE_ID])
    missing = (in_thousandths(joined[QUANTITY_ORDERED]) - joined["came"].fill_null(0)) / 1000
    still = joined.mutate(**{QUANTITY_OPEN: missing, "tie": joined[PO_LINE_ID]})
    return still.filter(still[QUANTITY_OPEN] > 0)


def _quantity_received_when_asked(store: Store, pairs: ir.Table) -> ir.Table:
    rows = store.versions(RECEIPTS.name)
    receipts = rows.select(
        PO_LINE_ID,
        posted_at=rows[KNOWN_AT],
        taken_back_at=rows[SUPERSEDED_AT],
        quantity=signed_quantity(rows),
    )
    postings = pairs.select(ROW, PO_LINE_ID, ASKED_AT).inner_join(receipts, [PO_LINE_ID])
    known = postings.filter(
        current_at(postings[ASKED_AT], postings["posted_at"], postings["taken_back_at"])
    )
    return known.group_by([ROW, PO_LINE_ID]).agg(came=known["quantity"].sum())
