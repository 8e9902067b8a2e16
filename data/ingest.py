"""Ingest: validate source batches, add what is new to the lake, quarantine the rest, report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from data.canonical_tables import (
    MANIFEST,
    Manifest,
    Parts,
    exclusive_write_lock,
    read_manifest,
)
from data.contracts.catalogue import TABLES
from data.contracts.table import KNOWN_AT, Table
from data.ingest_report import IngestReport, TableCount
from data.lazy_imports import pd
from data.quarantine import Quarantine
from data.row_versions.commits import commit, judge_staged, with_added
from data.row_versions.staging import RowOrigin, StagedTables
from data.row_versions.stored_rows import FILE, LINE
from data.row_versions.verdicts import LoadTime, Merge, Verdict
from data.source_batch import SourceBatch, build_findings, merge_findings, rows_with_findings
from data.validation import check_contract, count_unknown_codes

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class LoadTerms:
    """Terms of a load.

    Attributes:
        full: the source states all its rows as they are now, so rows that it lacks are reported.
        loaded_at: since when corrections without a date are known; by default the newest
            `known_at` of the extract.
        now: the clock, which counts where a corrected row is known since a later moment.
        max_quarantined: share of rows above which nothing is loaded; None takes any.
    """

    full: bool = False
    loaded_at: datetime | None = None
    now: datetime = EPOCH
    max_quarantined: float | None = None


def ingest(
    batches: Iterable[SourceBatch],
    folder: Path,
    quarantine: Path,
    terms: LoadTerms = LoadTerms(),
) -> IngestReport:
    """Validate the batches and add what keeps the contracts; the rest goes to quarantine.

    Rows that the lake has already change nothing, and a row that says something else becomes a
    new version (see `data.row_versions.verdicts`). Rows of other sources stay as they are. All
    tables change together or, if the load is refused, fails or is killed, none.

    folder: of the canonical tables.
    quarantine: folder that gets one CSV a run, if there is anything to put in it.

    Raises:
        ValueError: where a batch has a column that its table has not.
    """
    run = _IngestRun()
    with Quarantine(quarantine) as aside, StagedTables(folder) as staged:
        for batch in batches:
            run.add(batch, aside, staged)
        with exclusive_write_lock(folder):
            before = read_manifest(folder)
            time = run.load_time(terms)
            merges, added = judge_staged(staged, folder, before, time)
            run.take(merges, aside)
            refused = run.refusal(terms, before)
            after = before if refused else before.following(with_added(before, added))
            if after is not before or not (folder / MANIFEST).exists():
                commit(folder, staged.folder, after, added)
    return run.report(aside, after, refused)


def replace_table(batch: SourceBatch, folder: Path, quarantine: Path) -> IngestReport:
    """Validate a batch and put its rows in the place of all versions of its table.

    For what comes from this lake's own record, where a row that was erased must go.

    Raises:
        FileNotFoundError: when nothing was ingested into the folder yet.
    """
    if not (folder / MANIFEST).exists():
        raise FileNotFoundError(
            f"no canonical tables in {folder}; run `triage ingest --source NAME` first"
        )
    run = _IngestRun()
    with Quarantine(quarantine) as aside, StagedTables(folder) as staged:
        run.add(batch, aside, staged)
        with exclusive_write_lock(folder):
            before = read_manifest(folder)
            name, time = batch.table.name, run.load_time(LoadTerms())
            without = Manifest(tables={k: v for k, v in before.tables.items() if k != name})
            merges, added = judge_staged(staged, folder, without, time)
            run.take(merges, aside)
            parts: dict[str, Parts] = {name: added.get(name, ())}
            after = before.following(parts)
            if after is not before:
                commit(folder, staged.folder, after, parts)
    return run.report(aside, after, "")


class _IngestRun:
    """Accumulate the counts of one run."""

    def __init__(self) -> None:
        self.counts = {name: TableCount(name) for name in TABLES}
        self._unknown = Counter[tuple[str, str, str]]()
        self._newest = EPOCH
        self._origins: dict[tuple[str, str], Mapping[str, str]] = {}
        self._dated: list[datetime] = []

    def add(self, batch: SourceBatch, aside: Quarantine, staged: StagedTables) -> None:
        """Stage the rows of a batch that keep the contract, and put the others aside."""
        name = batch.table.name
        frame, broken = check_contract(batch.table, batch.frame)
        broken = merge_findings([batch.findings, broken])
        accepted = frame.drop(index=rows_with_findings(broken))
        aside.add(batch, broken)
        self.counts[name].add(batch.table, frame, accepted)
        self._origins[name, batch.source] = batch.origins
        origin = RowOrigin(batch.owner, batch.source, batch.lines[accepted.index])
        staged.add(batch.table, accepted, origin)
        if len(accepted):
            self._newest = max(self._newest, accepted[KNOWN_AT].max().to_pydatetime())
        for (column, text), times in count_unknown_codes(batch.table, accepted).items():
            self._unknown[name, column, text] += times

    def _rejected(
        self, table: Table, rejected: pd.DataFrame
    ) -> Iterator[tuple[SourceBatch, pd.DataFrame]]:
        """Yield the rejected rows of each file, with what each of them met."""
        key, columns = [str(column) for column in table.key], [str(c) for c in table.columns]
        for source, rows in rejected.groupby(FILE, sort=False):
            plain = rows.reset_index(drop=True)
            frame = table.conform(plain[columns])
            problems = [_problem(row) for _, row in plain.iterrows()]
            values = [_key_text(cells) for cells in frame[key].itertuples(index=False, name=None)]
            lines = plain[LINE].to_numpy(dtype=np.int64)
            origins = self._origins[table.name, str(source)]
            batch = SourceBatch(table, frame, str(source), lines, frame, origins)
            yield batch, build_findings(np.arange(len(plain)), ", ".join(key), values, problems)

    def load_time(self, terms: LoadTerms) -> LoadTime:
        """Return since when corrections of this load are known that have no date."""
        return LoadTime(terms.loaded_at or self._newest, terms.now, terms.full)

    def take(self, merges: dict[str, Merge], aside: Quarantine) -> None:
        """Count what became of the staged rows, and put aside those that were rejected."""
        for name, merge in merges.items():
            count = self.counts[name]
            count.verdicts, count.missing = merge.counts, merge.missing
            self._dated += [merge.dated] if merge.dated else []
            if merge.rejected is not None:
                count.reject(TABLES[name], merge.rejected)
                for batch, findings in self._rejected(TABLES[name], merge.rejected):
                    aside.add(batch, findings)

    def refusal(self, terms: LoadTerms, before: Manifest) -> str:
        """Say why nothing may be loaded; empty where all is well."""
        read = sum(count.read for count in self.counts.values())
        aside = sum(count.quarantined for count in self.counts.values())
        if terms.max_quarantined is not None and read and aside / read > terms.max_quarantined:
            return (
                f"{aside:,} of {read:,} rows ({aside / read:.1%}) broke a contract, "
                f"more than {terms.max_quarantined:.1%} (--max-quarantined)"
            )
        emptied = [
            count.table
            for count in self.counts.values()
            if count.read and not count.accepted and before.parts(count.table)
        ]
        if emptied and terms.max_quarantined is not None:
            return f"no row of {', '.join(emptied)} could be accepted"
        return ""

    def report(self, aside: Quarantine, after: Manifest, refused: str) -> IngestReport:
        """Report the run."""
        return IngestReport(
            tables=tuple(self.counts.values()),
            quarantine=aside.path if aside.written else None,
            messages=tuple(aside.messages),
            problems=dict(aside.problems),
            unknown_codes=dict(self._unknown),
            version=after.version,
            refused=refused,
            dated=max(self._dated).isoformat() if self._dated else "",
            cut=aside.cut,
        )


def _problem(row: pd.Series[Any]) -> str:
    if row["verdict"] == Verdict.FOREIGN:
        return (
            f"is the key of a row of {row['row_owner']}, which says something else; give the keys "
            "of each source a prefix in its mapping"
        )
    return f"repeats the key of row {row['first_line']} of {row['first_file']}"


def _key_text(row: tuple[Any, ...]) -> str:
    return ", ".join(
        cell.isoformat()
        if isinstance(cell, pd.Timestamp)
        else str(cell)
        if pd.notna(cell)
        else "missing"
        for cell in row
    )
