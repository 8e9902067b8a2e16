"""The audit's tables made where they are not there yet, and what lets nobody change a row."""

from __future__ import annotations

import uuid

import sqlalchemy as sa

from serving.audit.engines import turn
from serving.audit.entry import GENESIS
from serving.audit.tables import HEAD, METADATA

APPEND_ONLY = (
    """CREATE TRIGGER IF NOT EXISTS no_update BEFORE UPDATE ON entries
       BEGIN SELECT RAISE(ABORT, 'the audit is append-only: no entry may be changed'); END""",
    """CREATE TRIGGER IF NOT EXISTS no_delete BEFORE DELETE ON entries
       BEGIN SELECT RAISE(ABORT, 'the audit is append-only: no entry may be removed'); END""",
    """CREATE TRIGGER IF NOT EXISTS no_gap BEFORE INSERT ON entries
       WHEN NEW.sequence <> (SELECT COALESCE(MAX(sequence), 0) + 1 FROM entries)
       BEGIN SELECT RAISE(ABORT, 'the audit is append-only: a sequence without gaps'); END""",
)


def create(engine: sa.Engine) -> None:
    """The tables, their triggers and the head row, if they are not there yet."""
    with turn(engine), engine.begin() as connection:
        METADATA.create_all(connection)
        if engine.dialect.name == "sqlite":
            for trigger in APPEND_ONLY:
                connection.exec_driver_sql(trigger)
        if connection.execute(sa.select(HEAD)).one_or_none() is None:
            connection.execute(sa.insert(HEAD).values(first_head()))


def first_head() -> dict[str, object]:
    """The head of an empty log, with a name that no other log has."""
    return {
        "one": 1,
        "origin": f"exception-triage/audit/{uuid.uuid4().hex[:16]}",
        "size": 0,
        "hash": GENESIS,
        "frontier": "",
        "checkpoint_size": 0,
        "checkpoint_at": "",
    }
