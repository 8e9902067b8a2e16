"""Profiles: one file, replaced in one step, that says what it is and what is wrong with it."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import pytest

from data.contracts.items import ITEM_ID
from data.store import Store
from features.history.integer_measures import scaled_integer
from features.history.stream import Stream, Tables
from features.profile_storage import ProfilesError
from features.profiles import Profiles, build_profiles

DAY = date(2026, 3, 1)


def moved(tables: Tables) -> ibis.Table:
    rows = tables["stock_movements"]
    return rows.select(ITEM_ID, "known_at", value=scaled_integer(rows.quantity_moved, 1_000))


MOVED = Stream("moved", (ITEM_ID,), moved, {"value": 1_000}, (28,), ("value",))


@pytest.fixture(scope="module")
def store() -> Store:
    frame = pd.DataFrame(
        {
            "item_id": ["bolt", "bolt", "nut", "o'ring", "late"],
            "quantity_moved": [1.5, 2.0, 7.0, 3.0, 1.0],
            "known_at": pd.to_datetime(
                ["2026-01-01", "2026-02-20", "2026-02-28", "2026-02-28", "2026-03-01"], utc=True
            ),
        }
    )
    return Store.from_frames({"stock_movements": frame}, threads=1)


@pytest.fixture(scope="module")
def built(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("profiles") / "new" / "profiles.db"
    build_profiles(store, [MOVED], DAY, path)
    return path


def values(path: Path, *items: str | None, stream: Stream = MOVED) -> list[float]:
    columns = {"item_id": np.array(items, dtype=object)}
    found = Profiles.open(path).lookup([stream], columns, len(items))
    return found["moved_value_ever"].tolist()


def test_entities_without_a_past_and_cases_without_a_key_are_missing(built: Path) -> None:
    got = values(built, "bolt", "late", None, "o'ring", "cog", "bolt")
    np.testing.assert_array_equal(got, [3.5, np.nan, np.nan, 3.0, np.nan, 3.5])


def test_looking_up_profiles_for_no_cases_returns_nothing(built: Path) -> None:
    assert values(built) == []


def test_equal_content_has_an_equal_id_and_other_days_have_another(
    store: Store, built: Path, tmp_path: Path
) -> None:
    first = Profiles.open(built)
    build_profiles(store, [MOVED], DAY, tmp_path / "again.db")
    build_profiles(store, [MOVED], date(2026, 3, 2), tmp_path / "next.db")
    assert first.as_of == DAY
    assert Profiles.open(tmp_path / "again.db").snapshot_id == first.snapshot_id
    assert Profiles.open(tmp_path / "next.db").snapshot_id != first.snapshot_id


def test_a_reader_keeps_the_profiles_it_opened_when_new_ones_take_their_place(
    store: Store, tmp_path: Path
) -> None:
    path = tmp_path / "profiles.db"
    build_profiles(store, [MOVED], DAY, path)
    reader = Profiles.open(path)
    ask = {"item_id": np.array(["bolt"], dtype=object)}
    before = reader.lookup([MOVED], ask, 1)
    build_profiles(store, [MOVED], date(2026, 6, 1), path)
    with ThreadPoolExecutor(1) as other_thread:
        assert other_thread.submit(reader.lookup, [MOVED], ask, 1).result() == before
    assert Profiles.open(path).lookup([MOVED], ask, 1)["moved_value_28d"][0] == 0.0
    assert [entry.name for entry in tmp_path.iterdir()] == ["profiles.db"]


def test_many_threads_look_up_in_one_file(built: Path) -> None:
    profiles = Profiles.open(built)

    def look(item: str) -> float:
        columns = {"item_id": np.array([item], dtype=object)}
        return float(profiles.lookup([MOVED], columns, 1)["moved_value_ever"][0])

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(look, ["bolt", "nut"] * 20)) == [3.5, 7.0] * 20


def test_missing_profiles_say_so(tmp_path: Path) -> None:
    with pytest.raises(ProfilesError, match=r"no profiles at .*none.db: build them first"):
        Profiles.open(tmp_path / "none.db")


@pytest.mark.parametrize(
    "damage",
    [lambda raw: b"", lambda raw: b"x" * 100 + raw[100:], lambda raw: raw[: len(raw) // 2]],
)
def test_damaged_profiles_are_refused(built: Path, tmp_path: Path, damage: object) -> None:
    path = tmp_path / "profiles.db"
    path.write_bytes(damage(built.read_bytes()))
    with pytest.raises(
        ProfilesError, match=r"profiles .*profiles.db are damaged .*build them again"
    ):
        Profiles.open(path)


def test_profiles_of_another_version_are_refused(built: Path, tmp_path: Path) -> None:
    path = tmp_path / "profiles.db"
    path.write_bytes(built.read_bytes())
    with sqlite3.connect(path) as database:
        database.execute("UPDATE snapshot SET value = '0' WHERE name = 'format'")
    with pytest.raises(ProfilesError, match="have format '0', this version reads '1'"):
        Profiles.open(path)


def test_profiles_built_for_other_features_are_refused(built: Path) -> None:
    with pytest.raises(ProfilesError, match="lack 'shaken': build them again"):
        values(built, "bolt", stream=replace(MOVED, name="shaken"))
    with pytest.raises(ProfilesError, match="were built with other measures of 'moved'"):
        values(built, "bolt", stream=replace(MOVED, windows=(7,)))


def test_duplicate_stream_names_are_refused(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="two different streams are named 'moved'"):
        build_profiles(store, [MOVED, MOVED, replace(MOVED, windows=(7,))], DAY, tmp_path / "p.db")
