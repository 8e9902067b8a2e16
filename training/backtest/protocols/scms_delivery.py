"""scms_delivery: will a line be delivered after its scheduled day, asked 30 days before it?

Asked of lines that are not recorded as delivered by then. `rdc` are lines from the regional
warehouses, `direct_drop` those that a vendor sends to the country: supplier delay proper.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from data.contracts.purchase_orders import CHANNEL, PO_LINE_ID, PROMISED_AT, Channel
from data.contracts.suppliers import SUPPLIER_ID
from data.contracts.table import HAPPENED_AT, KNOWN_AT, Kind
from data.sources.public_sets import scms_delivery
from data.store import Store
from models.task import Task
from models.tasks.supplier_delay import SUPPLIER_DELAY
from training.backtest.protocols.canonical_sets import (
    CanonicalSet,
    Flags,
    Floats,
    running_exception_share,
)
from training.backtest.protocols.protocol import BacktestProtocol
from training.dataset.asks import Asks, column_values
from training.parameters.parameter_files import load_parameters
from training.tasks.supplier_delay import asks as supplier_delay_asks
from training.tasks.supplier_delay import labels as supplier_delay_labels

SOURCE = "scms_delivery"
DAYS_BEFORE = 30


def query_asks(store: Store, task: Task) -> Asks:
    """Ask about each line once, `DAYS_BEFORE` days before its scheduled day."""
    asks = supplier_delay_asks.query_asks(store, task)
    promised = column_values(asks.frame[PROMISED_AT], Kind.MOMENT).astype("datetime64[D]")
    return asks.take(asks.as_of == promised - np.timedelta64(DAYS_BEFORE, "D"))


def segment_masks(asks: Asks) -> Mapping[str, Flags]:
    """The two ways in which the goods come."""
    channel = asks.text(CHANNEL)
    return {
        "direct_drop": np.asarray(channel == Channel.DIRECT.value),
        "rdc": np.asarray(channel == Channel.WAREHOUSE.value),
    }


def rule_scores(store: Store, asks: Asks) -> Mapping[str, Floats]:
    """Segment asks by whether a warehouse delivers and by the supplier's late share so far."""
    from_warehouse = segment_masks(asks)["rdc"].astype(np.float64)
    keyed = pd.DataFrame({"key": asks.text(SUPPLIER_ID), "as_of": asks.as_of})
    return {
        "rdc_or_not": from_warehouse,
        "supplier_late_share": running_exception_share(keyed, _ended_cases(store)),
    }


def _ended_cases(store: Store) -> pd.DataFrame:
    orders = store.frame("purchase_orders")[[PO_LINE_ID, SUPPLIER_ID, PROMISED_AT]]
    ends = store.frame("receipts")[[PO_LINE_ID, HAPPENED_AT, KNOWN_AT]].merge(orders, on=PO_LINE_ID)
    late = ends[HAPPENED_AT] > ends[PROMISED_AT]
    return pd.DataFrame(
        {
            "key": ends[SUPPLIER_ID],
            "known_at": ends[KNOWN_AT].dt.tz_localize(None),
            "exception": late.astype("float64"),
        }
    )


TASK = replace(
    SUPPLIER_DELAY,
    ask_before_days=(DAYS_BEFORE,),
    settle_days=0,  # only lines that were delivered are in the set
)


def build_protocol() -> BacktestProtocol:
    """The protocol, with the parameters of the set's file."""
    chosen = load_parameters(SOURCE)
    return BacktestProtocol(
        source=SOURCE,
        task=chosen.task(TASK),
        gather=CanonicalSet(
            SOURCE,
            scms_delivery.read,
            query_asks,
            supplier_delay_labels.label_asks,
            segment_masks,
            rule_scores,
        ).gather,
        options=chosen.options,
    )
