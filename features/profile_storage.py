"""SQLite layout of a profile snapshot: one table a stream, and a table of facts about it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from features.history.stream import Stream

STORAGE_FORMAT = "1"
Floats = NDArray[np.float64]
EntityKey = tuple[str, ...]


class ProfilesError(Exception):
    """The profiles cannot be read, or were built for other features."""


def create_tables(database: sqlite3.Connection) -> None:
    """Create the tables of an empty profile file."""
    database.execute("CREATE TABLE snapshot (name TEXT PRIMARY KEY, value TEXT)")
    database.execute("CREATE TABLE streams (name TEXT PRIMARY KEY, layout TEXT)")


def write_stream(
    database: sqlite3.Connection, stream: Stream, entities: list[EntityKey], block: Floats
) -> None:
    """Write a stream's measures, one row an entity; missing values are NULL."""
    keys = ", ".join(f"{quote_identifier(name)} TEXT" for name in stream.key)
    values = ", ".join(f"{quote_identifier(name)} REAL" for name in stream.names)
    primary = ", ".join(map(quote_identifier, stream.key))
    table = quote_identifier(stream.name)
    database.execute(
        f"CREATE TABLE {table} ({keys}, {values}, PRIMARY KEY ({primary})) WITHOUT ROWID"
    )
    places = ", ".join("?" * (len(stream.key) + len(stream.names)))
    rows = ((*key, *row.tolist()) for key, row in zip(entities, block, strict=True))
    database.executemany(f"INSERT INTO {table} VALUES ({places})", rows)  # noqa: S608 our names
    database.execute("INSERT INTO streams VALUES (?, ?)", (stream.name, stream_layout(stream)))


def write_open_cases(database: sqlite3.Connection, cases: Iterable[tuple[str, str, str]]) -> bytes:
    """Write open cases as (task, id, JSON of a request's case); return the SHA-256 of them."""
    database.execute(
        "CREATE TABLE open_cases (task TEXT, id TEXT, body TEXT, PRIMARY KEY (task, id))"
        " WITHOUT ROWID"
    )
    digest = sha256()
    for row in cases:
        database.execute("INSERT OR REPLACE INTO open_cases VALUES (?, ?, ?)", row)
        digest.update(json.dumps(row).encode())
    return digest.digest()


def read_open_case(database: sqlite3.Connection, task: str, case: str) -> str | None:
    """Read an open case; None where there is none, or the file was built without open cases."""
    try:
        row = database.execute(
            "SELECT body FROM open_cases WHERE task = ? AND id = ?", (task, case)
        ).fetchone()
    except sqlite3.OperationalError:
        return None
    return None if row is None else str(row[0])


def write_facts_and_commit(database: sqlite3.Connection, facts: dict[str, str]) -> None:
    """Write the facts about the file and commit it."""
    database.executemany(
        "INSERT INTO snapshot VALUES (?, ?)", [("format", STORAGE_FORMAT), *facts.items()]
    )
    database.commit()


def open_verified(path: Path) -> tuple[sqlite3.Connection, dict[str, str]]:
    """Open a file, usable from one thread at a time, and read the facts about it.

    Raises:
        ProfilesError: when it is missing, damaged or of another version.
    """
    if not path.is_file():
        raise ProfilesError(f"no profiles at {path}: build them first")
    # Read only and unchanging: profiles are never written to, they are replaced.
    address = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
    database = sqlite3.connect(address, uri=True, check_same_thread=False)
    try:
        facts = _facts(database)
    except sqlite3.DatabaseError as error:
        database.close()
        raise ProfilesError(f"profiles {path} are damaged ({error}): build them again") from error
    if facts.get("format") != STORAGE_FORMAT:
        database.close()
        raise ProfilesError(
            f"profiles {path} have format {facts.get('format')!r}, "
            f"this version reads {STORAGE_FORMAT!r}: build them again"
        )
    return database, facts


def _facts(database: sqlite3.Connection) -> dict[str, str]:
    state = database.execute("PRAGMA quick_check(1)").fetchone()[0]
    if state != "ok":
        raise sqlite3.DatabaseError(state)
    return dict(database.execute("SELECT name, value FROM snapshot"))


def lookup_query(database: sqlite3.Connection, stream: Stream, path: Path) -> str:
    """The SQL that finds an entity's measures by its key, in the order of `stream.names`.

    Raises:
        ProfilesError: when the file lacks the stream or has other measures of it.
    """
    row = database.execute("SELECT layout FROM streams WHERE name = ?", (stream.name,)).fetchone()
    if row is None or row[0] != stream_layout(stream):
        state = "lack" if row is None else "were built with other measures of"
        raise ProfilesError(f"profiles {path} {state} {stream.name!r}: build them again")
    where = " AND ".join(f"{quote_identifier(name)} = ?" for name in stream.key)
    wanted = ", ".join(map(quote_identifier, stream.names))
    return f"SELECT {wanted} FROM {quote_identifier(stream.name)} WHERE {where}"  # noqa: S608 our names


def stream_layout(stream: Stream) -> str:
    """Describe the stream's key and measures as text."""
    return json.dumps([*map(str, stream.key), *stream.names])


def quote_identifier(name: str) -> str:
    """Quote a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
