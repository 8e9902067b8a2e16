"""Verdicts: what becomes of each staged row, by what the table has of its key.

A row says something new, or what is known already. Something new of a row that is there is a
correction. It is known since the `known_at` that its source states, or, where the source states
the date of the version that it corrects, since the load. A version that is older than the current
one, and has a date of its own, takes its place in the history of the row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from data.contracts.table import KNOWN_AT, Table
from data.lazy_imports import duckdb, pd
from data.row_versions.stored_rows import (
    FILE,
    LINE,
    OWNED_BY_NOBODY,
    OWNER,
    REVISES,
    STATED,
    content_hash,
    kept_sql,
    quoted,
    same_key,
    scan_sql,
    sql_text,
    stored_schema,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Verdict(StrEnum):
    """Verdict on a staged row."""

    NEW = "new"
    CORRECTED = "corrected"
    UNDATED = "undated"
    """A correction whose source does not say when it was made."""
    LATE = "late"
    """A version that is older than the current one."""
    UNCHANGED = "unchanged"
    REPEATED = "repeated"
    """Another row of the load has its key and date, and is of its file or says something else."""
    FOREIGN = "foreign"
    """Another source owns the row, and says something else of it."""


WRITTEN = (Verdict.NEW, Verdict.CORRECTED, Verdict.UNDATED, Verdict.LATE)
REVISIONS = WRITTEN[1:]
REJECTED = (Verdict.REPEATED, Verdict.FOREIGN)


@dataclass(frozen=True)
class LoadTime:
    """When a load happened, for corrections that have no date.

    Attributes:
        loaded_at: stated time of the load, or the newest `known_at` of the extract.
        now: the clock, which counts where the row is known since a later time than `loaded_at`.
        full: the load states all rows of its source as they are now.
    """

    loaded_at: datetime
    now: datetime
    full: bool = False


@dataclass(frozen=True)
class Merge:
    """Verdicts on the staged rows of a table.

    Attributes:
        counts: rows by verdict.
        contested: whether any staged row met another one of its key.
        rejected: rows to put aside, with the row that each of them met.
        missing: rows that a full extract no longer has, by source.
        dated: the latest moment that corrections without a date got.
    """

    counts: Counter[Verdict]
    contested: bool
    rejected: pd.DataFrame | None = None
    missing: dict[str, int] = field(default_factory=dict)
    dated: datetime | None = None

    @property
    def written(self) -> int:
        """Rows that become versions."""
        return sum(self.counts[verdict] for verdict in WRITTEN)

    @property
    def revisions(self) -> int:
        """Rows that become versions of rows that there were."""
        return sum(self.counts[verdict] for verdict in REVISIONS)


def judge(
    engine: duckdb.DuckDBPyConnection,
    table: Table,
    staged: Path,
    kept: Sequence[Path],
    time: LoadTime,
) -> Merge:
    """Judge the staged rows of a table; the engine keeps the verdicts for `write_judged`."""
    engine.execute(
        f"CREATE OR REPLACE TEMP VIEW staged AS FROM {scan_sql([staged], numbered=True)}"
    )
    engine.execute(f"CREATE OR REPLACE TEMP VIEW kept AS FROM {kept_sql(engine, table, kept)}")
    rows = _count(engine, "staged")
    _find_contested_keys(engine, table)
    missing = _missing_rows(engine, table) if time.full and kept else {}
    if not _count(engine, "contested"):
        return Merge(Counter({Verdict.NEW: rows}), contested=False, missing=missing)
    _create_verdicts(engine, table, time)
    found = engine.execute("SELECT verdict, count(*) FROM verdicts GROUP BY 1").fetchall()
    counts = Counter({Verdict(name): int(times) for name, times in found})
    counts[Verdict.NEW] += rows - sum(counts.values())
    aside = any(counts[verdict] for verdict in REJECTED)
    rejected = _rejected_rows(engine, table) if aside else None
    return Merge(counts, True, rejected, missing, _latest_date(engine))


def write_judged(engine: duckdb.DuckDBPyConnection, table: Table, path: Path) -> None:
    """Write the staged rows that become versions, in the order in which they came."""
    corrected = f"s.* REPLACE (coalesce(v.dated, s.{KNOWN_AT}) AS {KNOWN_AT}, "
    corrected += f"CASE WHEN v.dated IS NOT NULL THEN s.{KNOWN_AT} END AS {STATED}, "
    corrected += f"coalesce(v.verdict IN {_texts(REVISIONS)}, false) AS {REVISES})"
    columns = quoted(stored_schema(table).names)
    engine.execute(
        f"""COPY (
            SELECT {columns} FROM (
                SELECT {corrected}, v.verdict
                FROM staged s LEFT JOIN verdicts v ON s.file_row_number = v.place)
            WHERE verdict IS NULL OR verdict IN {_texts(WRITTEN)}
            ORDER BY file_row_number
        ) TO {sql_text(str(path))} (FORMAT parquet, COMPRESSION zstd)"""  # noqa: S608 our names
    )


def _find_contested_keys(engine: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Find the keys that several staged rows have, or that the table has already, by digest."""
    key = f"hash({quoted(table.key)})"
    engine.execute(
        f"""CREATE OR REPLACE TEMP TABLE contested AS
        WITH came AS (SELECT {key} AS digest, count(*) AS times FROM staged GROUP BY 1)
        SELECT digest FROM came WHERE times > 1
            OR digest IN (SELECT {key} FROM kept)"""  # noqa: S608 our names
    )


def _create_verdicts(engine: duckdb.DuckDBPyConnection, table: Table, time: LoadTime) -> None:
    """Judge the rows of contested keys: `verdicts` by their place in the staged file."""
    key, content = quoted(table.key), content_hash(table)
    contested = f"hash({key}) IN (FROM contested)"
    same = f"PARTITION BY {key}"
    match = same_key(table, "u", "k")
    owner = f"CASE WHEN {OWNER} NOT IN {_texts(OWNED_BY_NOBODY)} THEN {OWNER} END"
    loaded_at, now = (
        f"TIMESTAMPTZ '{moment.isoformat()}'" for moment in (time.loaded_at, time.now)
    )
    engine.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE versions AS
        SELECT {key}, {KNOWN_AT} AS known, coalesce({STATED}, {KNOWN_AT}) AS stated,
            {content} AS content, {owner} AS owner
        FROM kept WHERE {contested};

        CREATE OR REPLACE TEMP TABLE latest AS
        SELECT {key}, max(known) AS known, arg_max(content, known) AS content,
            max(owner) AS owner, list(content) AS contents
        FROM versions GROUP BY {key};

        CREATE OR REPLACE TEMP TABLE dated AS
        SELECT {key}, stated, arg_max(content, known) AS content, list(content) AS contents
        FROM versions GROUP BY {key}, stated;

        CREATE OR REPLACE TEMP TABLE came AS
        SELECT *, row_number() OVER again AS copy, first_value(content) OVER again AS first_content,
            first_value(place) OVER again AS first_place,
            first_value(file) OVER again AS first_file,
            first_value(owner IGNORE NULLS) OVER ({same} ORDER BY place
                ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS first_owner,
            first_value(content) OVER ({same} ORDER BY place) AS owner_content
        FROM (
            SELECT {key}, {KNOWN_AT} AS stated, {content} AS content, {owner} AS owner,
                {FILE} AS file, file_row_number AS place
            FROM staged WHERE {contested})
        WINDOW again AS (PARTITION BY {key}, stated ORDER BY place);

        CREATE OR REPLACE TEMP TABLE owned AS
        SELECT u.*, k.known AS kept_known, k.content AS kept_content, k.owner AS kept_owner,
            coalesce(k.owner, u.first_owner) AS row_owner,
            CASE
                WHEN u.owner <> coalesce(k.owner, u.first_owner)
                    THEN CASE WHEN list_contains(k.contents, u.content)
                        OR (k.known IS NULL AND u.content = u.owner_content)
                        THEN 'unchanged' ELSE 'foreign' END
                WHEN u.copy > 1
                    THEN CASE WHEN u.content = u.first_content AND u.file <> u.first_file
                        THEN 'unchanged' ELSE 'repeated' END
            END AS early
        FROM came u LEFT JOIN latest k ON {match};

        CREATE OR REPLACE TEMP TABLE verdicts AS
        SELECT place, first_place, row_owner, verdict,
            CASE WHEN verdict = 'undated' THEN CASE WHEN {loaded_at} > kept_known
                THEN {loaded_at}
                ELSE greatest({now}, kept_known + INTERVAL 1 MICROSECOND) END END AS dated
        FROM (
            SELECT place, first_place, row_owner, kept_known, coalesce(early, CASE
                WHEN kept_known IS NULL THEN CASE
                    WHEN before IS NULL THEN 'new'
                    WHEN content = before_content THEN 'unchanged' ELSE 'corrected' END
                WHEN content = same_content THEN CASE
                    WHEN {time.full} AND last AND content <> kept_content
                        AND {loaded_at} > kept_known
                    THEN 'undated' ELSE 'unchanged' END
                WHEN same_content IS NOT NULL THEN CASE
                    WHEN NOT last OR content = kept_content
                        OR (list_contains(same_contents, content) AND {loaded_at} <= kept_known)
                    THEN 'unchanged' ELSE 'undated' END
                WHEN stated > kept_known THEN CASE
                    WHEN content = CASE WHEN before > kept_known
                        THEN before_content ELSE kept_content END
                    THEN 'unchanged' ELSE 'corrected' END
                WHEN last AND ({time.full} OR (kept_owner IS NULL AND owner IS NOT NULL)) THEN CASE
                    WHEN content = kept_content THEN 'unchanged' ELSE 'undated' END
                ELSE 'late' END) AS verdict
            FROM (
                SELECT u.*, k.content AS same_content, k.contents AS same_contents,
                    lag(u.stated) OVER chain AS before, lag(u.content) OVER chain AS before_content,
                    lead(u.stated) OVER chain IS NULL AS last
                FROM owned u LEFT JOIN dated k ON {match} AND u.stated = k.stated
                WINDOW chain AS (PARTITION BY {quoted(table.key, "u.")}, u.early ORDER BY u.stated)
            ));
        """  # noqa: S608 our names
    )


def _rejected_rows(engine: duckdb.DuckDBPyConnection, table: Table) -> pd.DataFrame:
    """Return the rows to put aside, with the file and line of the row each of them met."""
    columns = quoted([str(c) for c in table.columns], "s.")
    return engine.execute(
        f"""SELECT {columns}, s.{FILE}, s.{LINE}, v.verdict, v.row_owner,
            f.{FILE} AS first_file, f.{LINE} AS first_line
        FROM verdicts v JOIN staged s ON s.file_row_number = v.place
            LEFT JOIN staged f ON f.file_row_number = v.first_place
        WHERE v.verdict IN {_texts(REJECTED)} ORDER BY v.place"""  # noqa: S608 our names
    ).df()


def _latest_date(engine: duckdb.DuckDBPyConnection) -> datetime | None:
    """Return the latest moment that corrections without a date got."""
    found = engine.execute("SELECT epoch_us(max(dated)) FROM verdicts").fetchone()
    if found is None or found[0] is None:
        return None
    return EPOCH + timedelta(microseconds=int(found[0]))


def _missing_rows(engine: duckdb.DuckDBPyConnection, table: Table) -> dict[str, int]:
    """Count the rows that a source had and no longer has, by source."""
    key = f"hash({quoted(table.key)})"
    found = engine.execute(
        f"""SELECT {OWNER}, count(DISTINCT {key}) FROM kept
        WHERE {OWNER} IN (SELECT DISTINCT {OWNER} FROM staged)
            AND {key} NOT IN (SELECT {key} FROM staged)
        GROUP BY 1 ORDER BY 1"""  # noqa: S608 our names
    ).fetchall()
    return {str(owner): int(rows) for owner, rows in found}


def _count(engine: duckdb.DuckDBPyConnection, name: str) -> int:
    found = engine.execute(f"SELECT count(*) FROM {name}").fetchone()  # noqa: S608 our names
    return int(found[0]) if found else 0


def _texts(verdicts: Sequence[str]) -> str:
    return "(" + ", ".join(f"'{verdict}'" for verdict in verdicts) + ")"
