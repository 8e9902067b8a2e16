"""Revision 0003: event delivery cursors and dead letters."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

WHOLE = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Two tables that may be changed: what is on record is told from, and not in them."""
    op.create_table(
        "deliveries",
        sa.Column("subscription", sa.Text, primary_key=True),
        sa.Column("sequence", WHOLE, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        *_text("next_at", "last_error", "stopped"),
    )
    op.create_table(
        "dead_letters",
        sa.Column("subscription", sa.Text, primary_key=True),
        sa.Column("sequence", WHOLE, primary_key=True, autoincrement=False),
        *_text("id", "type"),
        sa.Column("attempts", sa.Integer, nullable=False),
        *_text("error", "at"),
        sa.Column("resend", sa.Boolean, nullable=False),
    )


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]
