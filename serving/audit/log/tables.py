"""SQLAlchemy tables of the audit log, for SQLite and PostgreSQL.

`entries` and `nodes` are the tree and are never changed; `payloads` can be erased, and only
with an entry that says so; `head` is the one row that every writer takes in turn.
"""

from __future__ import annotations

import sqlalchemy as sa

METADATA = sa.MetaData()
INTEGER_64 = sa.BigInteger().with_variant(sa.Integer, "sqlite")
"""Integer of 64 bits: in SQLite INTEGER, which as a primary key is the row number."""

ENTRIES = sa.Table(
    "entries",
    METADATA,
    sa.Column("sequence", INTEGER_64, primary_key=True, autoincrement=False),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("about", sa.Text, nullable=False),
    sa.Column("task", sa.Text, nullable=False),
    sa.Column("site", sa.Text, nullable=False),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("priority", sa.Float(53), nullable=False),
    sa.Column("picked", sa.Boolean, nullable=False),
    sa.Column("tenant", sa.Text, nullable=False),
    sa.Column("schema", sa.Integer, nullable=False),
    sa.Column("recorded_at", sa.Text, nullable=False),
    sa.Column("commitment", sa.Text, nullable=False),
    sa.Column("previous", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Index("entries_latest", "kind", "task", "reference", "sequence"),
)
ABOUT_ANOTHER = ENTRIES.c.about != ENTRIES.c.id
"""Condition of a search by `about`: answers are about themselves and are not in its index."""
sa.Index(
    "entries_about",
    ENTRIES.c.about,
    sqlite_where=ABOUT_ANOTHER,
    postgresql_where=ABOUT_ANOTHER,
)

# By month, so that a month can be dropped as a whole: see serving.audit.log.payload_partitions.
PAYLOADS = sa.Table(
    "payloads",
    METADATA,
    sa.Column("sequence", INTEGER_64, primary_key=True, autoincrement=False),
    sa.Column("month", sa.Text, primary_key=True),
    sa.Column("salt", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    postgresql_partition_by="LIST (month)",
)

# Hashes of complete subtrees at the heights 8, 16, ...: see
# serving.audit.transparency.merkle.TILE_LEVELS.
NODES = sa.Table(
    "nodes",
    METADATA,
    sa.Column("level", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("index", INTEGER_64, primary_key=True, autoincrement=False),
    sa.Column("hash", sa.Text, nullable=False),
)

# One row. frontier: hex, see serving.audit.transparency.merkle.Frontier. hash: of the last entry.
# checkpoint_size, checkpoint_at: the last one that was written to the second place.
HEAD = sa.Table(
    "head",
    METADATA,
    sa.Column("one", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("size", INTEGER_64, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Column("frontier", sa.Text, nullable=False),
    sa.Column("checkpoint_size", INTEGER_64, nullable=False),
    sa.Column("checkpoint_at", sa.Text, nullable=False),
    sa.CheckConstraint("one = 1", name="head_is_one_row"),
)

# What a request with an Idempotency-Key was answered with: `count` entries from `first` on.
REQUESTS = sa.Table(
    "requests",
    METADATA,
    sa.Column("caller", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("operation", sa.Text, nullable=False),
    sa.Column("body_digest", sa.Text, nullable=False),
    sa.Column("first", INTEGER_64, nullable=False),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("checkpoint", sa.Text, nullable=False),
    sa.Column("recorded_at", sa.Text, nullable=False, index=True),
)

# How far events were delivered: of each subscription the last entry that is done with, and of the
# next one how often it was tried, when it is tried again, and why it failed. stopped: why nothing
# is sent any more; "" while it is. Beside the record: changed as often as it takes.
DELIVERIES = sa.Table(
    "deliveries",
    METADATA,
    sa.Column("subscription", sa.Text, primary_key=True),
    sa.Column("sequence", INTEGER_64, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_at", sa.Text, nullable=False),
    sa.Column("last_error", sa.Text, nullable=False),
    sa.Column("stopped", sa.Text, nullable=False),
)

# Events that could not be delivered. resend: an operator wants it tried again.
DEAD_LETTERS = sa.Table(
    "dead_letters",
    METADATA,
    sa.Column("subscription", sa.Text, primary_key=True),
    sa.Column("sequence", INTEGER_64, primary_key=True, autoincrement=False),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("error", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("resend", sa.Boolean, nullable=False),
)
