"""What must hold of every stream of every task, on tables made up from their contracts."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.contracts.catalogue import TABLES
from data.contracts.table import Table
from data.store import Store
from features.history.stream import Stream, history_measures
from features.profiles import Profiles, build_profiles
from features.tasks.invoice_mismatch import feature_set as invoice_mismatch_feature_set
from features.tasks.stock_risk import feature_set as stock_risk_feature_set
from features.tasks.supplier_delay import feature_set as supplier_delay_feature_set
from tests.generative.features import synthetic_cases

pytestmark = pytest.mark.slow(10)

TASKS = (stock_risk_feature_set, invoice_mismatch_feature_set, supplier_delay_feature_set)
STREAMS: tuple[Stream, ...] = tuple({s.name: s for t in TASKS for s in t.STREAMS}.values())
AS_OF = "2025-02-01"


@dataclass(frozen=True)
class Known:
    """Tables, asks about one day, and what training says of their past."""

    frames: dict[str, pd.DataFrame]
    asks: pd.DataFrame
    past: dict[str, np.ndarray]


@pytest.fixture(scope="module")
def known() -> Known:
    random = np.random.default_rng(12)  # by this seed every stream has events
    frames = synthetic_cases.tables(random, 200)
    asks = synthetic_cases.asks(random, 60, [AS_OF])
    with Store.from_frames(frames, threads=1) as store:
        return Known(frames, asks, history_measures(store, STREAMS, asks))


@pytest.fixture(scope="module")
def other_future(known: Known) -> Iterator[Store]:
    """The same past in another order, and a future that is whatever it likes."""
    random = np.random.default_rng(6)
    others = synthetic_cases.tables(random, 300)
    frames = {
        name: corrupted(random, TABLES[name], frame, others[name])
        for name, frame in known.frames.items()
    }
    with Store.from_frames(frames, threads=2) as store:
        yield store


def corrupted(
    random: np.random.Generator, table: Table, frame: pd.DataFrame, other: pd.DataFrame
) -> pd.DataFrame:
    moment = pd.Timestamp(AS_OF, tz="UTC")
    future = other[other["known_at"] >= moment]
    rows = pd.concat([frame[frame["known_at"] < moment], future])
    rows = rows.drop_duplicates([str(c) for c in table.key])
    return rows.sample(frac=1, random_state=random).reset_index(drop=True)


def digest(columns: dict[str, np.ndarray]) -> dict[str, bytes]:
    return {name: column.tobytes() for name, column in columns.items()}


def test_the_future_and_the_order_of_rows_change_nothing(known: Known, other_future: Store) -> None:
    before, after = digest(known.past), digest(history_measures(other_future, STREAMS, known.asks))
    assert [name for name in before if before[name] != after[name]] == []


def test_most_of_the_made_up_past_is_there_to_be_changed(known: Known) -> None:
    said = {name: np.isfinite(column).sum() for name, column in known.past.items()}
    assert sum(said.values()) > len(known.asks) * 100
    silent = [s.name for s in STREAMS if not any(said[name] for name in s.names)]
    assert silent == []


def test_a_look_up_in_profiles_is_what_training_says(
    known: Known, other_future: Store, tmp_path: Path
) -> None:
    streams = STREAMS[::3]
    build_profiles(other_future, streams, date.fromisoformat(AS_OF), tmp_path / "profiles.db")
    columns = {name: known.asks[name].to_numpy(dtype=object) for name in known.asks}
    found = Profiles.open(tmp_path / "profiles.db").lookup(streams, columns, len(known.asks))
    said = digest(known.past)
    assert digest(found) == {name: said[name] for stream in streams for name in stream.names}


def test_asks_about_several_days_are_answered_as_if_asked_alone(known: Known) -> None:
    streams = (stock_risk_feature_set.STREAMS[0], stock_risk_feature_set.STREAMS[4])
    asks = synthetic_cases.asks(np.random.default_rng(7), 30, ["2024-03-01", "2024-11-05", AS_OF])
    with Store.from_frames(known.frames, threads=1) as store:
        together = history_measures(store, streams, asks)
        for at in (0, 7, 21):
            alone = history_measures(store, streams, asks.iloc[[at]])
            assert digest(alone) == {n: c[at : at + 1].tobytes() for n, c in together.items()}
