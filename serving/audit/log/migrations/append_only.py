"""Database triggers that refuse changes to append-only rows, as of revision 0002.

Whoever owns the tables can take these away; that is what the tree and its checkpoints are for.
"""

from __future__ import annotations

KEPT = ("entries", "nodes", "chain")
CHANGED = "the audit is append-only: no row of %s may be changed"
REMOVED = "the audit is append-only: no row of %s may be removed"
GAP = "the audit is append-only: a sequence without gaps"
BACK = "the audit is append-only: the head of the record does not go back"


def _refuse(table: str, what: str, message: str, when: str = "") -> str:
    name = f"{table}_no_{what.split(maxsplit=1)[0].lower()}"
    return (
        f"CREATE TRIGGER {name} BEFORE {what} ON {table} {when}"
        f" BEGIN SELECT RAISE(ABORT, '{message}'); END"
    )


SQLITE = (
    *(_refuse(table, "UPDATE", CHANGED % table) for table in (*KEPT, "payloads")),
    *(_refuse(table, "DELETE", REMOVED % table) for table in (*KEPT, "head")),
    _refuse("head", "UPDATE", BACK, "WHEN NEW.size < OLD.size OR NEW.origin <> OLD.origin"),
    _refuse(
        "entries",
        "INSERT",
        GAP,
        "WHEN NEW.sequence <> (SELECT COALESCE(MAX(sequence), 0) + 1 FROM entries)",
    ),
)


def _refused(table: str, what: str, message: str, when: str = "") -> str:
    name = f"{table}_no_{what.lower()}"
    each = "STATEMENT" if what == "TRUNCATE" else "ROW"
    return (
        f"CREATE TRIGGER {name} BEFORE {what} ON {table} FOR EACH {each} {when}"
        f" EXECUTE FUNCTION audit_refuse('{message}')"
    )


POSTGRESQL = (
    """CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN
         RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation';
       END $$""",
    # Once a statement: a group is a few statements, and its rows are one run of numbers.
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
        """CREATE TRIGGER entries_no_gap AFTER INSERT ON entries REFERENCING NEW TABLE AS added
       FOR EACH STATEMENT EXECUTE FUNCTION"""
        f" audit_no_gap('{GAP}')"
    ),
    *(_refused(table, "UPDATE", CHANGED % table) for table in (*KEPT, "payloads")),
    *(_refused(table, "DELETE", REMOVED % table) for table in (*KEPT, "head")),
    *(_refused(table, "TRUNCATE", REMOVED % table) for table in (*KEPT, "payloads", "head")),
    _refused("head", "UPDATE", BACK, "WHEN (NEW.size < OLD.size OR NEW.origin <> OLD.origin)"),
)
