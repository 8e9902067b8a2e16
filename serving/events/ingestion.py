"""Ingest received events into the canonical tables and rebuild the profile snapshot.

Two clocks: `happened_at` is when the sender says it happened; `known_at` is when this service
recorded it, because nobody here could know it earlier. Profiles are as of midnight UTC, so an
event of today counts from tomorrow's snapshot on, which is built as soon as tomorrow begins.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from data.canonical_tables import (
    MANIFEST,
    ReceivedWatermark,
    read_manifest,
    read_received_watermark,
)
from data.contracts.catalogue import TABLES
from data.contracts.purchase_orders import PO_LINE_ID, PURCHASE_ORDERS
from data.contracts.sites import SITE_ID
from data.contracts.table import HAPPENED_AT, KNOWN_AT, Kind
from data.file_lock import try_file_lock
from data.lake import Lake
from data.lazy_imports import pa, pd, pq
from data.row_versions.commits import append_received_rows
from data.store import Store
from features.history.stream import Stream
from features.profiles import build_profiles
from serving.audit.factory import open_audit
from serving.audit.log import queries
from serving.audit.log.entry import Entry
from serving.audit.log.entry_kind import EntryKind
from serving.audit.log.store import AuditStore
from serving.audit.log.tables import ENTRIES
from serving.tasks.catalogue import SERVED_TASKS

INGEST_BATCH_SIZE = 5000
"""Events appended to the tables in one step."""


def is_refresh_due(lake: Lake, store: AuditStore, today: date) -> bool:
    """Return whether `refresh_profiles` has anything to do; reads a few rows.

    Raises:
        AuditUnavailableError: the log cannot be read.
    """
    if not (lake.canonical / MANIFEST).exists():
        return False
    done = read_received_watermark(lake.canonical)
    mine = sa.and_(ENTRIES.c.sequence > done.through, ENTRIES.c.kind == EntryKind.EVENT_RECEIVED)
    with store.reading() as connection:
        new = connection.scalar(sa.select(sa.exists().where(mine)))
    return bool(new) or _profiles_are_stale(lake, done, today)


def refresh_profiles(lake: Lake, store: AuditStore, today: date, streams: Sequence[Stream]) -> bool:
    """Ingest received events and rebuild the profiles, unless another process is doing so.

    Args:
        lake: with the canonical tables and the profiles.
        store: with the received events.
        today: UTC; the day the profiles are as of.
        streams: event histories that the profiles are built from.

    Returns:
        Whether this call did the work.

    Raises:
        AuditUnavailableError: the log cannot be read; nothing was changed.
    """
    with try_file_lock(lake.home / "received.lock") as mine:
        if not mine or not is_refresh_due(lake, store, today):
            return False
        while ingest_events(lake, store):
            pass
        if _profiles_are_stale(lake, read_received_watermark(lake.canonical), today):
            with Store.from_folder(lake.canonical) as tables:
                build_profiles(tables, streams, today, lake.profiles)
        return True


def ingest_events(lake: Lake, store: AuditStore) -> int:
    """Append received events that are not yet in the tables, in order; return their number.

    Erased events are left out, and events about an order line of a site that the sender may not
    name. An event that is appended again after a crash is stored once.
    """
    done = read_received_watermark(lake.canonical)
    later = queries.entries_of_kinds([EntryKind.EVENT_RECEIVED]).where(
        ENTRIES.c.sequence > done.through
    )
    entries = store.select(later.limit(INGEST_BATCH_SIZE))
    if not entries:
        return 0
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for entry in _permitted_entries(lake, entries):
        rows[entry.payload["table"]].append(_row(entry))
    frames = {name: pd.DataFrame(table_rows) for name, table_rows in rows.items()}
    until = max(done.until, *(entry.recorded_at for entry in entries))
    append_received_rows(frames, lake.canonical, ReceivedWatermark(entries[-1].sequence, until))
    return len(entries)


def _row(entry: Entry) -> dict[str, Any]:
    """Return the event as a row of its table, known since it was recorded.

    Where the sender's clock was ahead it is known since it happened, which is minutes later.
    """
    payload = entry.payload
    row = dict(payload["row"])
    for column in TABLES[payload["table"]].columns:
        if column.kind is Kind.MOMENT and row.get(column) is not None:
            row[str(column)] = datetime.fromisoformat(row[column])
    recorded_at = datetime.fromisoformat(entry.recorded_at)
    return row | {str(KNOWN_AT): max(recorded_at, row[HAPPENED_AT])}


def _permitted_entries(lake: Lake, entries: Sequence[Entry]) -> Iterator[Entry]:
    """Yield the entries whose sender may name the site of their order line."""
    readable = [entry for entry in entries if entry.body is not None]
    bound = {entry.id for entry in readable if entry.payload["sites"] is not None}
    lines = {e.payload["row"].get(PO_LINE_ID) for e in readable if e.id in bound} - {None}
    site_of = _site_of_order_lines(lake, sorted(lines))
    for entry in readable:
        payload = entry.payload
        line = payload["row"].get(PO_LINE_ID)
        if entry.id not in bound or line is None or site_of.get(line) in payload["sites"]:
            yield entry


def _site_of_order_lines(lake: Lake, lines: Sequence[str]) -> dict[str, str]:
    parts = read_manifest(lake.canonical).parts(PURCHASE_ORDERS.name)
    if not lines or not parts:
        return {}
    columns, wanted = [str(PO_LINE_ID), str(SITE_ID)], [(str(PO_LINE_ID), "in", list(lines))]
    files = [lake.canonical / part.file for part in parts]
    found = [pq.read_table(file, columns=columns, filters=wanted) for file in files]
    orders = pa.concat_tables(found)
    return dict(zip(*(orders.column(name).to_pylist() for name in columns), strict=True))


def _profiles_are_stale(lake: Lake, done: ReceivedWatermark, today: date) -> bool:
    """Return whether events of a day that is over are not in the profiles yet."""
    if not done.until:
        return False
    day = datetime.fromisoformat(done.until).astimezone(UTC).date()
    return day < today and _profiles_as_of(lake.profiles) <= day


def _profiles_as_of(path: Path) -> date:
    """Return the day of the profiles; `date.min` if they cannot be read."""
    if not path.exists():
        return date.min
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as file:
            (day,) = file.execute("SELECT value FROM snapshot WHERE name = 'as_of'").fetchone()
        return date.fromisoformat(day)
    except (sqlite3.Error, TypeError, ValueError):
        return date.min


def main() -> None:
    """Refresh the profiles in a process of its own, so that no request waits for it."""
    lake = Lake.from_environment()
    streams = {s.name: s for entry in SERVED_TASKS.values() for s in entry.streams}
    with closing(open_audit(lake)) as store:
        refresh_profiles(lake, store, datetime.now(UTC).date(), list(streams.values()))


if __name__ == "__main__":
    main()
