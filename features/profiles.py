"""Profile snapshot: history of every live entity as of one day, where serving looks it up.

Reference data of the same day lies beside it (`features.reference_tables`).

The same `history_measures` that training calls at the day of each ask, called at one day for every
entity there is.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from datetime import date
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from data.atomic_file import replace_durably
from data.lazy_imports import pd
from data.store import Store
from features import profile_storage
from features.history.shared_events import HistoryTables
from features.history.stream import Stream, history_measures
from features.history.windows import AS_OF
from features.profile_storage import EntityKey
from features.reference_data import ReferenceData
from features.reference_tables import write_reference_tables

Floats = NDArray[np.float64]

MOST_CACHED_ROWS = 32_768  # rows, of some hundred bytes to two kilobytes each


def build_profiles(
    store: Store,
    streams: Iterable[Stream],
    as_of: date,
    path: Path,
    open_cases: Iterable[tuple[str, str, str]] = (),
) -> None:
    """Write history and reference data known before `as_of` (midnight UTC) to `path`.

    open_cases: (task, id, JSON of the case) of each case that can be asked about by its id.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.draft")
    draft.unlink(missing_ok=True)
    digest = sha256(as_of.isoformat().encode())
    with closing(sqlite3.connect(draft)) as database:
        profile_storage.create_tables(database)
        tables = HistoryTables(store)
        for stream in _distinct_streams(streams):
            entities, block = _entity_history(store, tables, stream, as_of)
            profile_storage.write_stream(database, stream, entities, block)
            digest.update(json.dumps([profile_storage.stream_layout(stream), entities]).encode())
            digest.update(block.tobytes())
        digest.update(write_reference_tables(database, store, as_of))
        digest.update(profile_storage.write_open_cases(database, open_cases))
        facts = {"as_of": as_of.isoformat(), "snapshot_id": digest.hexdigest()}
        profile_storage.write_facts_and_commit(database, facts)
    replace_durably(draft, path)


class Profiles:
    """An open profile file. Safe to use from several threads; never changes once open.

    Attributes:
        as_of: the day up to which (midnight UTC, exclusive) events count.
        snapshot_id: SHA-256 of the content; equal content, equal id.
        reference: names, units, rates and recent invoices of the same day.
    """

    def __init__(self, path: Path, database: sqlite3.Connection, facts: Mapping[str, str]) -> None:
        self.path = path
        self.as_of = date.fromisoformat(facts["as_of"])
        self.snapshot_id = facts["snapshot_id"]
        # One connection for all threads: one opened later might find newer profiles.
        self._database = database
        self._lock = threading.Lock()
        self._find = _cached_row_lookup(database, self._lock)
        self.reference = ReferenceData(database, self._lock)
        self._queries: dict[str, str] = {}
        # Whoever looks up when newer profiles take over finishes first: then it is given back.
        weakref.finalize(self, database.close).atexit = False

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a file that `build_profiles` wrote.

        Raises:
            ProfilesError: when it is missing, damaged or of another version.
        """
        return cls(path, *profile_storage.open_verified(path))

    def close(self) -> None:
        """Close the file; lookups fail afterwards."""
        self._database.close()

    def open_case(self, task: str, case: str) -> str | None:
        """Return an open case of that day as JSON, by its id; None where there is none."""
        with self._lock:
            return profile_storage.read_open_case(self._database, task, case)

    def lookup(
        self, streams: Sequence[Stream], columns: Mapping[str, NDArray[Any]], n: int
    ) -> dict[str, Floats]:
        """Look up every measure of every stream for n cases; NaN where the entity is unseen.

        columns: the streams' key columns of the cases (str, or None for no key).

        Raises:
            ProfilesError: when the file lacks a stream or has other measures of it.
        """
        result: dict[str, Floats] = {}
        for stream in streams:
            keys = list(zip(*(columns[name].tolist() for name in stream.key), strict=True))
            result.update(zip(stream.names, self._rows(stream, keys, n), strict=True))
        return result

    def _rows(self, stream: Stream, keys: list[EntityKey], n: int) -> Floats:
        """Values of the keys: one row a measure, one column a case."""
        query, find = self._query(stream), self._find
        known = {key: find(query, key) for key in set(keys) if None not in key}
        unseen = np.full(len(stream.names), np.nan)
        rows = [unseen if (row := known.get(key)) is None else row for key in keys]
        return np.ascontiguousarray(np.array(rows).reshape(n, len(stream.names)).T)

    def _query(self, stream: Stream) -> str:
        if stream.name not in self._queries:
            with self._lock:
                found = profile_storage.lookup_query(self._database, stream, self.path)
            self._queries[stream.name] = found
        return self._queries[stream.name]


def _cached_row_lookup(
    database: sqlite3.Connection, lock: threading.Lock
) -> Callable[[str, EntityKey], Floats | None]:
    """Cache of rows by query and key, so that recent keys are not read from the file again.

    SQLite lets go of the interpreter's lock at every query, and each time others who answer
    take it: a site or a supplier is looked up by most cases, and never changes in one file.
    """

    @lru_cache(MOST_CACHED_ROWS)
    def find(query: str, key: EntityKey) -> Floats | None:
        with lock:
            row = database.execute(query, key).fetchone()
        return None if row is None else np.array(row, dtype=np.float64)

    return find


def _distinct_streams(streams: Iterable[Stream]) -> list[Stream]:
    """Return the streams by name, each once, since tasks share some."""
    named: dict[str, Stream] = {}
    for stream in streams:
        if named.setdefault(stream.name, stream) != stream:
            raise ValueError(f"two different streams are named {stream.name!r}")
    return list(named.values())


def _entity_history(
    store: Store, tables: HistoryTables, stream: Stream, as_of: date
) -> tuple[list[EntityKey], Floats]:
    """Return the keys of entities with history, in order, and one row of measures per key."""
    names = list(map(str, stream.key))
    events = stream.events(tables)
    entities = store.connection.to_pandas(events.select(*names).distinct().drop_null())
    asks = entities.sort_values(names, ignore_index=True).assign(**{AS_OF: pd.Timestamp(as_of)})
    measures = history_measures(store, [stream], asks, tables)
    block = np.column_stack([measures[name] for name in stream.names])
    seen = ~np.isnan(block[:, -1])  # days since the last event: missing where there is none
    return list(asks.loc[seen, names].itertuples(index=False, name=None)), block[seen]
