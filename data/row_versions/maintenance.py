"""Maintenance of the lake: merge the files of each table, and remove versions nobody needs.

Merging changes no row, so features stay what they are. Files are removed only when no version that
is kept names them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from data.canonical_tables import (
    Manifest,
    Part,
    exclusive_write_lock,
    kept_versions,
    read_manifest,
    version_path,
)
from data.contracts.catalogue import TABLES
from data.contracts.table import Table
from data.lazy_imports import duckdb, pq
from data.row_versions.commits import commit, describe_part
from data.row_versions.staging import StagedTables
from data.row_versions.stored_rows import (
    OWNED_BY_NOBODY,
    OWNER,
    kept_sql,
    open_engine,
    quoted,
    sql_text,
    stored_schema,
)


@dataclass(frozen=True)
class Compaction:
    """Result of a compaction.

    Attributes:
        version: version of the lake after it.
        merged: files that became part of another one.
        removed_versions, removed_files, freed_bytes: what no longer can be read, and its size.
    """

    version: int
    merged: int
    removed_versions: int
    removed_files: int
    freed_bytes: int


def row_sources(folder: Path) -> set[str]:
    """Return the sources (names of sites or systems) that own rows of the newest version.

    Rows of a simulation or a public set, and rows that were received one by one, have none.
    """
    files = (part.file for parts in read_manifest(folder).tables.values() for part in parts)
    owners = {
        owner
        for file in files
        for owner in pq.read_table(folder / file, columns=[OWNER])[OWNER].unique().to_pylist()
    }
    return owners - set(OWNED_BY_NOBODY)


def compact(folder: Path, keep: int) -> Compaction:
    """Merge the files of every table into one, and keep the newest `keep` versions.

    Raises:
        ValueError: `keep` is not at least 1.
    """
    if keep < 1:
        raise ValueError(f"the newest version has to stay: keep at least 1, got {keep}")
    with exclusive_write_lock(folder), StagedTables(folder) as staged:
        before, merged = read_manifest(folder), dict[str, tuple[Part, ...]]()
        with open_engine(staged.folder) as engine:
            for name, parts in before.tables.items():
                if len(parts) > 1:
                    merged[name] = (_merge(engine, TABLES[name], folder, parts, staged.folder),)
        after = before.following(merged)
        if after is not before:
            commit(folder, staged.folder, after, merged)
        versions, files, freed = _remove_old(folder, after, keep)
    count = sum(len(before.parts(name)) for name in merged)
    return Compaction(after.version, count, versions, files, freed)


def _merge(
    engine: duckdb.DuckDBPyConnection,
    table: Table,
    folder: Path,
    parts: tuple[Part, ...],
    staging: Path,
) -> Part:
    source = kept_sql(engine, table, [folder / part.file for part in parts])
    order = quoted([*map(str, table.key), "known_at"])
    path = staging / f"{table.name}.merged.parquet"
    columns = quoted(stored_schema(table).names)
    engine.execute(
        f"""COPY (SELECT {columns} FROM {source} ORDER BY {order})
        TO {sql_text(str(path))} (FORMAT parquet, COMPRESSION zstd)"""  # noqa: S608 our names
    )
    described = describe_part(path, table, sum(part.revisions for part in parts))
    spans = {}
    for clock in ("happened_at", "known_at"):
        # Rows that were received one by one do not count for how far the data reach.
        known = [span for part in parts if (span := getattr(part, clock))]
        spans[clock] = (min(s[0] for s in known), max(s[1] for s in known)) if known else None
    return Part(
        described.file,
        described.rows,
        described.revisions,
        described.bytes,
        described.sha256,
        spans["happened_at"],
        spans["known_at"],
    )


def _remove_old(folder: Path, current: Manifest, keep: int) -> tuple[int, int, int]:
    """Remove versions but the newest, and the files that no kept version names."""
    versions = kept_versions(folder)
    old = versions[:-keep]
    named = {part.file for parts in current.tables.values() for part in parts}
    for version in versions[len(old) :]:
        kept = read_manifest(folder, version)
        named |= {part.file for parts in kept.tables.values() for part in parts}
    for version in old:
        version_path(folder, version).unlink()
    files, freed = 0, 0
    for path in folder.glob("*/*.parquet"):
        if path.parent.name in TABLES and str(path.relative_to(folder)) not in named:
            files, freed = files + 1, freed + path.stat().st_size
            path.unlink()
    return len(old), files, freed
