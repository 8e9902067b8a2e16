"""Revision 0001: one SQLite table chained by digests."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

APPEND_ONLY = (
    """CREATE TRIGGER no_update BEFORE UPDATE ON entries
       BEGIN SELECT RAISE(ABORT, 'the audit is append-only: no entry may be changed'); END""",
    """CREATE TRIGGER no_delete BEFORE DELETE ON entries
       BEGIN SELECT RAISE(ABORT, 'the audit is append-only: no entry may be removed'); END""",
    """CREATE TRIGGER no_gap BEFORE INSERT ON entries
       WHEN NEW.sequence <> (SELECT COALESCE(MAX(sequence), 0) + 1 FROM entries)
       BEGIN SELECT RAISE(ABORT, 'the audit is append-only: a sequence without gaps'); END""",
)


def upgrade() -> None:
    """The table, its indices and its triggers."""
    if op.get_bind().dialect.name != "sqlite":
        return
    op.create_table(
        "entries",
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("about", sa.Text, nullable=False),
        sa.Column("task", sa.Text, nullable=False),
        sa.Column("site", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("priority", sa.Float, nullable=False),
        sa.Column("recorded_at", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("previous", sa.Text, nullable=False, unique=True),
        sa.Column("hash", sa.Text, nullable=False, unique=True),
    )
    op.create_index("ix_entries_about", "entries", ["about"])
    op.create_index("latest", "entries", ["kind", "task", "reference", "sequence"])
    for trigger in APPEND_ONLY:
        op.execute(trigger)
