"""Commits: staged rows become files of the tables, and the manifest makes them visible at once.

Who commits holds the folder's lock, so of two loads one waits. A file is named after its content
and lies at its place before the manifest names it: a load that is killed leaves the old state, and
files that nobody names, which the next clean-up removes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from hashlib import file_digest
from pathlib import Path

import numpy as np

from data.atomic_file import fsync, replace_durably
from data.canonical_tables import (
    Manifest,
    Part,
    Parts,
    ReceivedWatermark,
    exclusive_write_lock,
    read_manifest,
    write_manifest,
)
from data.contracts.catalogue import TABLES
from data.contracts.table import Table
from data.lazy_imports import duckdb, pd, pq
from data.row_versions.staging import RowOrigin, StagedTables, file_spans
from data.row_versions.stored_rows import RECEIVED, open_engine
from data.row_versions.verdicts import LoadTime, Merge, judge, write_judged
from data.validation import check_contract


def judge_staged(
    staged: StagedTables, folder: Path, manifest: Manifest, time: LoadTime
) -> tuple[dict[str, Merge], dict[str, Parts]]:
    """Judge all staged rows; return the verdicts, and the files that would be added, by table.

    The caller holds the folder's lock. The files stay staged until `commit`.
    """
    merges, added = dict[str, Merge](), dict[str, Parts]()
    with open_engine(staged.folder) as engine:
        for name, path in staged.finish().items():
            table = TABLES[name]
            kept = [folder / part.file for part in manifest.parts(name)]
            merge = merges[name] = judge(engine, table, path, kept, time)
            if merge.written:
                added[name] = (_part(engine, table, path, merge),)
    return merges, added


def _part(engine: duckdb.DuckDBPyConnection, table: Table, staged: Path, merge: Merge) -> Part:
    """Describe the file of the rows that become versions, which lies in the staging folder."""
    path = staged
    if merge.contested:
        path = staged.with_suffix(".judged.parquet")
        write_judged(engine, table, path)
    return describe_part(path, table, merge.revisions)


def describe_part(path: Path, table: Table, revisions: int) -> Part:
    """Rename a finished file after its content and return its entry in a manifest."""
    with path.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    name = path.with_name(f"{table.name}.{digest[:16]}.parquet")
    path.rename(name)
    return Part(
        file=f"{table.name}/{digest[:16]}.parquet",
        rows=pq.read_metadata(name).num_rows,
        revisions=revisions,
        bytes=name.stat().st_size,
        sha256=digest,
        **file_spans(name),
    )


def staged_path(staging: Path, part: Part) -> Path:
    """Return where a described file lies before it is committed."""
    return staging / part.file.replace("/", ".")


def commit(folder: Path, staging: Path, manifest: Manifest, added: Mapping[str, Parts]) -> None:
    """Move staged files to their tables and make the manifest the current one."""
    for parts in added.values():
        for part in parts:
            target = folder / part.file
            target.parent.mkdir(exist_ok=True)
            if target.exists():  # the same content, left by a load that was killed or undone
                continue
            draft = target.with_name(f".{target.name}")
            staged_path(staging, part).rename(draft)
            replace_durably(draft, target)
    fsync(folder)
    write_manifest(folder, manifest)


def with_added(manifest: Manifest, added: Mapping[str, Parts]) -> dict[str, Parts]:
    """Return the files of the tables that get some more."""
    return {name: (*manifest.parts(name), *parts) for name, parts in added.items()}


def append_received_rows(
    rows: Mapping[str, pd.DataFrame], folder: Path, received_now: ReceivedWatermark
) -> dict[str, int]:
    """Add rows that arrived one by one to their tables; return the number of new ones by table.

    A row whose key is there already is the same row, and left out. Each table gets one more file.

    Raises:
        ValueError: a row breaks the contract of its table; none was added.
    """
    with exclusive_write_lock(folder), StagedTables(folder) as staged:
        manifest, counts = read_manifest(folder), dict[str, int]()
        parts = dict[str, Parts]()
        for name, frame in rows.items():
            fresh = _rows_with_new_keys(TABLES[name], frame, folder, manifest)
            counts[name] = len(fresh)
            origin = RowOrigin(RECEIVED, RECEIVED, np.arange(1, len(fresh) + 1))
            staged.add(TABLES[name], fresh, origin)
        for name, path in staged.finish().items():
            described = describe_part(path, TABLES[name], 0)
            parts[name] = (replace(described, happened_at=None, known_at=None),)
        after = manifest.following(with_added(manifest, parts), received_now)
        if after is not manifest:
            commit(folder, staged.folder, after, parts)
    return counts


def _rows_with_new_keys(
    table: Table, frame: pd.DataFrame, folder: Path, manifest: Manifest
) -> pd.DataFrame:
    accepted, broken = check_contract(table, frame)
    if len(broken):
        raise ValueError(f"received rows break the contract of {table.name}; none was added")
    keys = list(map(str, table.key))
    fresh = accepted.drop_duplicates(keys)
    files = [folder / part.file for part in manifest.parts(table.name)]
    if fresh.empty or not files:
        return fresh.reset_index(drop=True)
    filters = [(keys[0], "in", fresh[keys[0]].unique().tolist())]
    known = [pq.read_table(file, columns=keys, filters=filters).to_pandas() for file in files]
    there = table.conform(pd.concat(known, ignore_index=True))[keys].drop_duplicates()
    marked = fresh.merge(there.assign(there=True), on=keys, how="left")
    return fresh.reset_index(drop=True)[marked["there"].isna().to_numpy()].reset_index(drop=True)
