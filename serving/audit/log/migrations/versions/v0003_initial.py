"""Initial revision: every table of the audit log, and the triggers that keep it append-only.

The revision is named 0003 because databases written before the first release carry that stamp and
have these tables: they are at head without being stamped anew. The next revision is 0004.
"""

import uuid

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = None

INTEGER_64 = sa.BigInteger().with_variant(sa.Integer, "sqlite")

# Whoever owns the tables can drop the triggers; the Merkle tree and its signed checkpoints are
# what shows a change that was made all the same.
APPEND_ONLY_TABLES = ("entries", "nodes")
UPDATE_REFUSED = "the audit is append-only: no row of %s may be changed"
DELETE_REFUSED = "the audit is append-only: no row of %s may be removed"
GAP_REFUSED = "the audit is append-only: a sequence without gaps"
HEAD_STEP_BACK_REFUSED = "the audit is append-only: the head of the record does not go back"


def upgrade() -> None:
    """Create the tables, the head row of an empty log, and the triggers."""
    _create_log_tables()
    _create_request_table()
    _create_delivery_tables()
    _insert_head()
    sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in SQLITE_TRIGGERS if sqlite else POSTGRESQL_TRIGGERS:
        op.execute(statement)


def _create_log_tables() -> None:
    op.create_table(
        "entries",
        _integer_64("sequence", primary_key=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        *_texts("kind", "about", "task", "site", "reference"),
        sa.Column("priority", sa.Float(53), nullable=False),
        sa.Column("picked", sa.Boolean, nullable=False),
        *_texts("tenant"),
        sa.Column("schema", sa.Integer, nullable=False),
        *_texts("recorded_at", "commitment", "previous", "hash"),
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
        _integer_64("sequence", primary_key=True),
        sa.Column("month", sa.Text, primary_key=True),
        *_texts("salt", "body"),
        postgresql_partition_by="LIST (month)",
    )
    op.create_table(
        "nodes",
        sa.Column("level", sa.Integer, primary_key=True, autoincrement=False),
        _integer_64("index", primary_key=True),
        *_texts("hash"),
    )
    op.create_table(
        "head",
        sa.Column("one", sa.Integer, primary_key=True, autoincrement=False),
        *_texts("origin"),
        _integer_64("size"),
        *_texts("hash", "frontier"),
        _integer_64("checkpoint_size"),
        *_texts("checkpoint_at"),
        sa.CheckConstraint("one = 1", name="head_is_one_row"),
    )


def _create_request_table() -> None:
    op.create_table(
        "requests",
        sa.Column("caller", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        *_texts("operation", "body_digest"),
        _integer_64("first"),
        sa.Column("count", sa.Integer, nullable=False),
        *_texts("checkpoint", "recorded_at"),
    )
    op.create_index("ix_requests_recorded_at", "requests", ["recorded_at"])


def _create_delivery_tables() -> None:
    op.create_table(
        "deliveries",
        sa.Column("subscription", sa.Text, primary_key=True),
        _integer_64("sequence"),
        sa.Column("attempts", sa.Integer, nullable=False),
        *_texts("next_at", "last_error", "stopped"),
    )
    op.create_table(
        "dead_letters",
        sa.Column("subscription", sa.Text, primary_key=True),
        _integer_64("sequence", primary_key=True),
        *_texts("id", "type"),
        sa.Column("attempts", sa.Integer, nullable=False),
        *_texts("error", "at"),
        sa.Column("resend", sa.Boolean, nullable=False),
    )


def _insert_head() -> None:
    """Insert the head of an empty log, under an origin that no other log has."""
    row = {
        "one": 1,
        "origin": f"exception-triage/audit/{uuid.uuid4().hex[:16]}",
        "size": 0,
        "hash": "0" * 64,
        "frontier": "",
        "checkpoint_size": 0,
        "checkpoint_at": "",
    }
    op.bulk_insert(sa.table("head", *map(sa.column, row)), [row])


def _integer_64(name: str, *, primary_key: bool = False) -> sa.Column[int]:
    return sa.Column(name, INTEGER_64, primary_key=primary_key, autoincrement=False, nullable=False)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _sqlite_trigger(table: str, operation: str, message: str, when: str = "") -> str:
    return (
        f"CREATE TRIGGER {table}_no_{operation.lower()} BEFORE {operation} ON {table} {when}"
        f" BEGIN SELECT RAISE(ABORT, '{message}'); END"
    )


SQLITE_TRIGGERS = (
    *(
        _sqlite_trigger(table, "UPDATE", UPDATE_REFUSED % table)
        for table in (*APPEND_ONLY_TABLES, "payloads")
    ),
    *(
        _sqlite_trigger(table, "DELETE", DELETE_REFUSED % table)
        for table in (*APPEND_ONLY_TABLES, "head")
    ),
    _sqlite_trigger(
        "head",
        "UPDATE",
        HEAD_STEP_BACK_REFUSED,
        "WHEN NEW.size < OLD.size OR NEW.origin <> OLD.origin",
    ),
    _sqlite_trigger(
        "entries",
        "INSERT",
        GAP_REFUSED,
        "WHEN NEW.sequence <> (SELECT COALESCE(MAX(sequence), 0) + 1 FROM entries)",
    ),
)


def _postgresql_trigger(table: str, operation: str, message: str, when: str = "") -> str:
    scope = "STATEMENT" if operation == "TRUNCATE" else "ROW"
    return (
        f"CREATE TRIGGER {table}_no_{operation.lower()} BEFORE {operation} ON {table}"
        f" FOR EACH {scope} {when} EXECUTE FUNCTION audit_refuse('{message}')"
    )


POSTGRESQL_TRIGGERS = (
    """CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN
         RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation';
       END $$""",
    # Runs once a statement, not once a row: a group commit inserts its rows in a few statements.
    """CREATE FUNCTION audit_no_gap() RETURNS trigger LANGUAGE plpgsql AS $$
       DECLARE low bigint; high bigint; many bigint; before bigint;
       BEGIN
         SELECT min(sequence), max(sequence), count(*) INTO low, high, many FROM added;
         SELECT COALESCE(max(sequence), 0) INTO before FROM entries WHERE sequence < low;
         IF many > 0 AND (low <> before + 1 OR high - low + 1 <> many) THEN
           RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation';
         END IF;
         RETURN NULL;
       END $$""",
    (
        "CREATE TRIGGER entries_no_gap AFTER INSERT ON entries REFERENCING NEW TABLE AS added"
        f" FOR EACH STATEMENT EXECUTE FUNCTION audit_no_gap('{GAP_REFUSED}')"
    ),
    *(
        _postgresql_trigger(table, "UPDATE", UPDATE_REFUSED % table)
        for table in (*APPEND_ONLY_TABLES, "payloads")
    ),
    *(
        _postgresql_trigger(table, "DELETE", DELETE_REFUSED % table)
        for table in (*APPEND_ONLY_TABLES, "head")
    ),
    *(
        _postgresql_trigger(table, "TRUNCATE", DELETE_REFUSED % table)
        for table in (*APPEND_ONLY_TABLES, "payloads", "head")
    ),
    _postgresql_trigger(
        "head",
        "UPDATE",
        HEAD_STEP_BACK_REFUSED,
        "WHEN (NEW.size < OLD.size OR NEW.origin <> OLD.origin)",
    ),
)
