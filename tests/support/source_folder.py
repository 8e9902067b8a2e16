"""A source's folder written from tables of text, read through its mapping, and what became of it."""

import csv
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pandas as pd

from data.contracts.catalogue import TABLES
from data.contracts.table import Table
from data.source_batch import SourceBatch, merge_findings, rows_with_findings
from data.sources.extracts.mapping import load_mapping
from data.sources.extracts.reader import read_extract
from data.validation import check_contract


@dataclass(frozen=True)
class Loaded:
    """Canonical tables by name, in the order of their keys, and what was put aside of each.

    Attributes:
        refused: table -> line and complaint of each finding.
    """

    tables: dict[str, pd.DataFrame]
    refused: dict[str, list[tuple[int, str]]]

    def shown(self, table: str, *columns: str, by: str = "") -> list[str]:
        """Return rows as lines of cells.

        Numbers have no zeros behind, a moment at midnight UTC is a day, a missing cell is empty.
        """
        key = by or str(TABLES[table].key[-1])
        frame = self.tables[table].sort_values(key, kind="stable")[list(columns)]
        return [" | ".join(_text(cell) for cell in row) for row in frame.itertuples(index=False)]

    def aside(self, table: str) -> list[str]:
        """Return what is said of the table's rows that broke its contract."""
        return [complaint for _, complaint in self.refused.get(table, [])]


@dataclass
class SourceFolder:
    """A folder of a source's files and the site's own mapping of it.

    Attributes:
        typed: files are Parquet, with the types that a database would have.
    """

    place: Path
    site: str
    files: dict[str, str] = field(default_factory=dict)
    delimiter: str = ","
    encoding: str = "utf-8"
    typed: bool = False

    def load(self, *wanted: str) -> Loaded:
        """Write the files and read the tables that are wanted, or all."""
        folder = self.place / "SRC"
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in self.files.items():
            with (folder / name).open("w", encoding=self.encoding, newline="") as stream:
                csv.writer(stream, delimiter=self.delimiter).writerows(rows_of(table))
            if self.typed:
                _write_typed(folder / name)
        file = self.place / "site.toml"
        file.write_text(self.site, encoding="utf-8")
        mapping = load_mapping(file)
        tables = {n: table for n, table in mapping.tables.items() if not wanted or n in wanted}
        parts: dict[str, list[pd.DataFrame]] = {}
        refused: dict[str, list[tuple[int, str]]] = {}
        for batch in read_extract(self.place, [mapping.model_copy(update={"tables": tables})]):
            frame, findings = _checked(batch)
            accepted = frame.drop(index=rows_with_findings(findings))
            parts.setdefault(batch.table.name, []).append(accepted)
            refused.setdefault(batch.table.name, []).extend(_complaints(batch, findings))
        return Loaded({n: _joined(TABLES[n], frames) for n, frames in parts.items()}, refused)


def _write_typed(file: Path) -> None:
    with duckdb.connect() as connection:
        rows = connection.read_csv(str(file), header=True, sample_size=-1)
        rows.write_parquet(str(file.with_suffix(".parquet")))
    file.unlink()


def _checked(batch: SourceBatch) -> tuple[pd.DataFrame, pd.DataFrame]:
    frame, broken = check_contract(batch.table, batch.frame)
    return frame, merge_findings([batch.findings, broken])


def _complaints(batch: SourceBatch, findings: pd.DataFrame) -> list[tuple[int, str]]:
    return [
        (
            int(batch.lines[found.row]),
            " ".join(
                str(p) for p in (found.column, found.value, found.problem) if pd.notna(p) and p
            ),
        )
        for found in findings.itertuples(index=False)
    ]


def _joined(table: Table, frames: list[pd.DataFrame]) -> pd.DataFrame:
    joined = table.conform(pd.concat(frames, ignore_index=True))
    return joined.sort_values([*table.key], ignore_index=True)


def rows_of(table: str) -> list[list[str]]:
    """Return the cells of a table of text: its columns stand between bars, under a rule."""
    lines = [line.strip() for line in table.strip("\n").splitlines()]
    lines = [line for line in lines if line and set(line) - set("-+| ")]
    return [[cell.strip().replace("\\n", "\n") for cell in line.split("|")] for line in lines]


def _text(cell: object) -> str:
    if pd.isna(cell):
        return ""
    if isinstance(cell, float):
        return f"{cell:.6f}".rstrip("0").rstrip(".")
    if isinstance(cell, pd.Timestamp):
        return f"{cell:%Y-%m-%d}" if cell == cell.normalize() else f"{cell:%Y-%m-%d %H:%M:%S}"
    return str(cell)
