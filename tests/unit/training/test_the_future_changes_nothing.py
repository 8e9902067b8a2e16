"""Facts known after a moment must not change features of the time before it."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from data.contracts.catalogue import TABLES
from data.contracts.table import KNOWN_AT, Kind
from data.store import Store
from models.catalogue import TASKS
from models.task import TaskName
from models.tasks.stock_risk import STOCK_RISK
from training.dataset.asks import Asks
from training.dataset.builder import AsOfStore, build_training_set, model_inputs
from training.dataset.labels import Labels
from training.dataset.manifest import training_set_digest
from training.tasks.catalogue import TRAINING_TASKS

pytestmark = pytest.mark.slow(15)

CUT = datetime(2025, 5, 10, 12, 30, tzinfo=UTC)


def poisoned(world: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return the world shuffled, with every value after the cut corrupted."""
    rng = np.random.default_rng(5)
    return {name: _poisoned(name, frame, rng) for name, frame in world.items()}


def _poisoned(name: str, frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    table = TABLES[name]
    frame = table.conform(frame)
    past, future = frame[frame[KNOWN_AT] < CUT], frame[frame[KNOWN_AT] >= CUT]
    # Rows about entities of the past, told again later: what a careless join would pick up.
    again = past.sample(frac=0.3, random_state=1)
    for column in table.columns:
        match column.kind:
            case Kind.NUMBER:
                future = future.assign(**{column: future[column].abs() * 7 + 13})
                again = again.assign(**{column: again[column].abs() * 3 + 1})
            case Kind.FLAG:
                again = again.assign(**{column: ~again[column]})
            case Kind.TEXT | Kind.MOMENT:
                pass
    again = again.assign(**{KNOWN_AT: pd.Timestamp(CUT) + pd.Timedelta(hours=1)})
    for column in table.key:
        if column.kind is Kind.TEXT and len(table.key) == 1 and not _is_master(name):
            again = again.assign(**{column: "again-" + again[column].astype(str)})
    if _is_master(name):
        again = again.iloc[:0]  # a second row of a key would break the contract
    everything = pd.concat([past, future, again])
    return everything.iloc[rng.permutation(len(everything))].reset_index(drop=True)


def _is_master(name: str) -> bool:
    return name in ("sites", "items", "suppliers", "stock_levels", "invoice_outcomes")


@pytest.fixture(scope="module")
def stores(world) -> tuple[Store, Store]:
    return Store.from_frames(world), Store.from_frames(poisoned(world))


@pytest.mark.parametrize("name", list(TASKS))
def test_asks_before_a_moment_get_the_same_features_whatever_comes_after(name, stores) -> None:
    task, parts = TASKS[name], TRAINING_TASKS[name]
    as_it_was, corrupted = (parts.query_asks(store, task, until=CUT) for store in stores)
    assert len(as_it_was) > 50
    pd.testing.assert_frame_equal(as_it_was.frame, corrupted.frame, check_exact=True)
    for child, frame in as_it_was.children.items():
        pd.testing.assert_frame_equal(frame, corrupted.children[child], check_exact=True)
    pd.testing.assert_frame_equal(
        model_inputs(parts, stores[0], as_it_was),
        model_inputs(parts, stores[1], corrupted),
        check_exact=True,
    )


@pytest.mark.parametrize("name", list(TASKS))
def test_labels_as_known_at_a_moment_are_the_same_whatever_comes_after(name, stores) -> None:
    (asks, as_it_was), (_, corrupted) = (_labelled(store, name) for store in stores)
    assert as_it_was.known.sum() > 50
    assert (as_it_was.label == corrupted.label).all()
    assert np.array_equal(as_it_was.target, corrupted.target, equal_nan=True)
    assert np.array_equal(as_it_was.matured_at, corrupted.matured_at, equal_nan=True)
    matured = as_it_was.matured_at[as_it_was.known]
    assert (matured <= np.datetime64(CUT.replace(tzinfo=None))).all()
    assert (matured >= asks.asked_at[as_it_was.known]).all()


def _labelled(store: Store, name: TaskName) -> tuple[Asks, Labels]:
    known, parts = AsOfStore(store, CUT), TRAINING_TASKS[name]
    asks = parts.query_asks(known, TASKS[name])
    return asks, parts.label_asks(known, asks, TASKS[name])


def test_the_training_set_of_a_moment_is_the_same_whatever_comes_after(stores) -> None:
    as_it_was, corrupted = (
        build_training_set(TRAINING_TASKS[STOCK_RISK.name], store, known_before=CUT)
        for store in stores
    )
    assert len(as_it_was) > 50
    assert training_set_digest(as_it_was) == training_set_digest(corrupted)


@pytest.mark.parametrize("name", list(TASKS))
def test_fewer_asks_are_some_of_the_same_asks_spread_over_the_whole_time(name, stores) -> None:
    every = TRAINING_TASKS[name].query_asks(stores[0], TASKS[name])
    some = TRAINING_TASKS[name].query_asks(stores[0], TASKS[name], max_rows=100)
    assert len(some) == 100
    assert set(some.text("ask_id")) < set(every.text("ask_id"))
    assert some.asked_at.max() - some.asked_at.min() > np.timedelta64(100, "D")
