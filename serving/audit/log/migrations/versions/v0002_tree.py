"""Revision 0002: Merkle tree, erasable payloads and the head row.

What revision 0001 recorded is verified, and carried over in order.
"""

import uuid
from typing import Any

import sqlalchemy as sa
from alembic import op

from serving.audit.log.migrations.append_only import POSTGRESQL, SQLITE
from serving.audit.log.migrations.chain import Carried, carried, verify

revision = "0002"
down_revision = "0001"

WHOLE = sa.BigInteger().with_variant(sa.Integer, "sqlite")
BEFORE = "entries_of_0001"


def upgrade() -> None:
    """The tables, what was recorded before, and the triggers."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    if sqlite:
        verify(op.get_bind(), "entries")
        for trigger in ("no_update", "no_delete", "no_gap"):
            op.execute(f"DROP TRIGGER {trigger}")
        op.drop_index("ix_entries_about")
        op.drop_index("latest")
        op.rename_table("entries", BEFORE)
    _tables()
    if sqlite:
        config = op.get_context().config
        assert config is not None  # the revisions run by it, see `serving.audit.log.schema`
        _carry(op.get_bind(), config.attributes["tenant"])
        op.drop_table(BEFORE)
    else:
        op.bulk_insert(HEAD, [_head(Carried())])
    for statement in SQLITE if sqlite else POSTGRESQL:
        op.execute(statement)


def _carry(connection: sa.Connection, tenant: str) -> None:
    end = Carried()
    for so_far, rows in carried(connection, BEFORE, tenant):
        end = so_far
        for name, some in rows.items():
            if some:
                columns: list[sa.ColumnClause[Any]] = [sa.column(column) for column in some[0]]
                connection.execute(sa.insert(sa.table(name, *columns)), some)
    connection.execute(sa.insert(HEAD), _head(end))


def _head(so_far: Carried) -> dict[str, object]:
    """The head after what was carried over, with a name that no other log has."""
    return {
        "one": 1,
        "origin": f"exception-triage/audit/{uuid.uuid4().hex[:16]}",
        "size": so_far.frontier.size,
        "hash": so_far.previous,
        "frontier": so_far.frontier.text(),
        "checkpoint_size": 0,
        "checkpoint_at": "",
    }


HEAD = sa.table(
    "head",
    *map(
        sa.column,
        ("one", "origin", "size", "hash", "frontier", "checkpoint_size", "checkpoint_at"),
    ),
)


def _whole(name: str, *, key: bool = False) -> sa.Column[int]:
    return sa.Column(name, WHOLE, primary_key=key, autoincrement=False, nullable=False)


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _tables() -> None:
    op.create_table(
        "entries",
        _whole("sequence", key=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        *_text("kind", "about", "task", "site", "reference"),
        sa.Column("priority", sa.Float(53), nullable=False),
        sa.Column("picked", sa.Boolean, nullable=False),
        *_text("tenant"),
        sa.Column("schema", sa.Integer, nullable=False),
        *_text("recorded_at", "commitment", "previous", "hash"),
    )
    op.create_index(
        "entries_about",
        "entries",
        ["about"],
        sqlite_where=sa.text("about != id"),
        postgresql_where=sa.text("about != id"),
    )
    op.create_index("entries_latest", "entries", ["kind", "task", "reference", "sequence"])
    op.create_table(
        "payloads",
        _whole("sequence", key=True),
        sa.Column("month", sa.Text, primary_key=True),
        *_text("salt", "body"),
        postgresql_partition_by="LIST (month)",
    )
    op.create_table(
        "nodes",
        sa.Column("level", sa.Integer, primary_key=True, autoincrement=False),
        _whole("index", key=True),
        *_text("hash"),
    )
    op.create_table(
        "head",
        sa.Column("one", sa.Integer, primary_key=True, autoincrement=False),
        *_text("origin"),
        _whole("size"),
        *_text("hash", "frontier"),
        _whole("checkpoint_size"),
        *_text("checkpoint_at"),
        sa.CheckConstraint("one = 1", name="head_is_one_row"),
    )
    op.create_table(
        "requests",
        sa.Column("caller", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        *_text("operation", "body_digest"),
        _whole("first"),
        sa.Column("count", sa.Integer, nullable=False),
        *_text("checkpoint", "recorded_at"),
    )
    op.create_index("ix_requests_recorded_at", "requests", ["recorded_at"])
    op.create_table(
        "chain", _whole("sequence", key=True), *_text("body_digest", "previous", "hash")
    )
