"""TRG004: the future changes no feature."""

from dataclasses import replace

import ibis
import numpy as np
import pandas as pd
import pytest

from data.store import Store
from models.tasks.supplier_delay import SUPPLIER_DELAY
from tests.support.synthetic_candidates import undated_candidate
from training.evaluation.gate_findings import Verdict
from training.gates.preparation import replay_inputs
from training.gates.trg004_future import GATE

pytestmark = pytest.mark.slow(5)

MAY = np.datetime64("2025-05-10T00:00:00", "us")


@pytest.fixture(scope="module")
def store(world) -> Store:
    return Store.from_frames(world)


def replayed(sound, store, how):
    """Return the sound candidate, measured in May, with `how` as its replay of inputs."""
    measured = sound.measured
    asked = MAY + np.arange(len(measured)) * np.timedelta64(1, "m")
    dated = replace(measured, asked_at=asked)
    return replace(sound, store=store, measured=dated, replay=how)


def test_the_features_of_a_task_do_not_notice_the_future(sound, store) -> None:
    found = GATE.finding(replayed(sound, store, replay_inputs(SUPPLIER_DELAY, 40)))
    assert found.verdict is Verdict.PASS, found.sentence
    assert found.figures["asks"] >= 10


def open_lines(store: Store, moment) -> pd.DataFrame:
    """Return the order lines placed before the moment, with the quantity ordered."""
    orders = store.table("purchase_orders")
    lines = orders.filter(orders["known_at"] < ibis.literal(moment)).to_pandas()
    return lines.set_index("po_line_id").sort_index()[["quantity_ordered"]]


def leaky(store: Store, moment) -> pd.DataFrame:
    """Return the open lines with their number of receipts, including later ones."""
    lines = open_lines(store, moment)
    many = store.table("receipts").group_by("po_line_id").agg(many=ibis._.count()).to_pandas()
    known = many.set_index("po_line_id")["many"].reindex(lines.index)
    return lines.assign(receipts=known.to_numpy(dtype=float))


def test_a_feature_that_reads_what_came_later_is_named(sound, store) -> None:
    honest, planted = (GATE.finding(replayed(sound, store, how)) for how in (open_lines, leaky))
    assert honest.verdict is Verdict.PASS, honest.sentence
    assert planted.verdict is Verdict.FAIL
    assert planted.figures["changed_features"] == 1
    assert planted.sentence.startswith("receipts of ")


def chosen_by_their_end(store: Store, moment) -> pd.DataFrame:
    """Return only the lines of which little is received in the end."""
    receipts = store.table("receipts").to_pandas()
    few = receipts.groupby("po_line_id")["quantity_received"].sum() < 100
    lines = open_lines(store, moment)
    return lines[few.reindex(lines.index).fillna(value=False).to_numpy(dtype=bool)]


def test_asks_that_are_chosen_by_their_end_are_noticed(sound, store) -> None:
    found = GATE.finding(replayed(sound, store, chosen_by_their_end))
    assert found.verdict is Verdict.FAIL
    assert found.sentence.startswith("the asks themselves of ")


def test_without_tables_dates_or_asks_nothing_is_tried(sound, store) -> None:
    assert GATE.finding(sound).verdict is Verdict.NOT_APPLICABLE
    dated = replayed(sound, store, open_lines)
    assert GATE.finding(undated_candidate(dated)).verdict is Verdict.NOT_APPLICABLE
    empty = replayed(sound, Store.from_frames({}), open_lines)
    assert GATE.finding(empty).verdict is Verdict.NOT_APPLICABLE
