"""Asks as arrays, and a part of them."""

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from data.contracts.purchase_orders import LINE_VALUE, PO_LINE_ID, PROMISED_AT
from data.store import Store
from features.builders.order_documents import RECEIPT_COLUMNS
from features.cases import CaseShape
from training.dataset.asks import Asks
from training.dataset.builder import AsOfStore

SHAPE = CaseShape((PO_LINE_ID, LINE_VALUE, PROMISED_AT), {"receipts": RECEIPT_COLUMNS})


def moments(*texts):
    return pd.to_datetime(pd.Series(texts), utc=True).astype("datetime64[us, UTC]")


@pytest.fixture
def asks() -> Asks:
    frame = pd.DataFrame(
        {
            "ask_id": ["a", "b", "c"],
            "asked_at": moments("2026-01-01", "2026-01-02", "2026-01-03"),
            "as_of": pd.to_datetime(["2026-01-01", "2026-01-02", "2026-01-03"]),
            "po_line_id": pd.Series(["x", None, "z"], dtype="str"),
            "line_value": [1.0, np.nan, 3.0],
            "promised_at": moments("2026-02-01", None, "2026-02-03"),
        }
    )
    receipts = pd.DataFrame(
        {
            "row": [0, 2, 2],
            "quantity_received": [1.0, 2.0, 3.0],
            "quantity_damaged": [np.nan] * 3,
            "posting_kind": pd.Series([None] * 3, dtype="str"),
            "final": pd.array([None] * 3, dtype="boolean"),
            "happened_at": moments(*["2026-01-01"] * 3),
            "known_at": moments(*["2026-01-01"] * 3),
        }
    )
    return Asks(SHAPE, frame, {"receipts": receipts})


def test_missing_text_is_none_missing_numbers_nan_and_missing_moments_nat(asks) -> None:
    cases = asks.cases({})
    assert cases.text("po_line_id").tolist() == ["x", None, "z"]
    assert np.isnan(cases.number("line_value")).tolist() == [False, True, False]
    assert np.isnat(cases.moment("promised_at")).tolist() == [False, True, False]
    assert cases.as_of.dtype == np.dtype("datetime64[D]")


def test_a_part_of_the_asks_keeps_the_children_of_each(asks) -> None:
    part = asks.take(np.array([False, True, True]))
    assert part.text("ask_id").tolist() == ["b", "c"]
    assert part.cases({}).children["receipts"].total("quantity_received").tolist() == [0.0, 5.0]


def test_a_store_as_known_at_a_moment_needs_a_zone() -> None:
    with Store.from_frames({}) as store, pytest.raises(ValueError, match="needs a zone, got 2026"):
        AsOfStore(store, datetime(2026, 1, 1))  # noqa: DTZ001
