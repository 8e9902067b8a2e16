"""A source's folder written from tables of text, ingested, and what became of it."""

import csv
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from data.contracts.catalogue import TABLES
from data.ingest import ingest
from data.sources.extracts.mapping import load_mapping
from data.sources.extracts.reader import read_extract


@dataclass(frozen=True)
class Loaded:
    """Canonical tables by name, and the rows put aside."""

    tables: dict[str, pd.DataFrame]
    quarantine: pd.DataFrame

    def shown(self, table: str, *columns: str, by: str = "") -> list[str]:
        """Return rows as lines of cells in order: numbers without zeros behind, days where all
        there is of a moment is a day, nothing for missing."""
        key = by or str(TABLES[table].key[-1])
        frame = self.tables[table].sort_values(key, kind="stable")
        return [
            " | ".join(_text(cell) for cell in row)
            for row in frame[list(columns)].itertuples(index=False)
        ]

    def aside(self, table: str) -> list[str]:
        """Return what is said of the table's rows in quarantine, without where they are."""
        if self.quarantine.empty:
            return []
        mine = self.quarantine.loc[self.quarantine["table"] == table, "message"]
        return [text.partition(": ")[2].partition(" (source")[0] for text in mine]


@dataclass
class SourceFolder:
    """A folder of a source's files and the site's own mapping of it."""

    place: Path
    site: str
    files: dict[str, str] = field(default_factory=dict)
    delimiter: str = ","
    encoding: str = "utf-8"

    def load(self) -> Loaded:
        """Write the files, ingest them, and read back what was kept."""
        folder = self.place / "extracts" / "SRC"
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in self.files.items():
            with (folder / name).open("w", encoding=self.encoding, newline="") as stream:
                csv.writer(stream, delimiter=self.delimiter).writerows(rows_of(table))
        file = self.place / "site.toml"
        file.write_text(self.site, encoding="utf-8")
        batches = read_extract(self.place / "extracts", [load_mapping(file)])
        report = ingest(batches, self.place / "canonical", self.place / "quarantine")
        assert report.balanced
        tables = {
            name: table.conform(pd.read_parquet(self.place / "canonical" / f"{name}.parquet"))
            for name, table in TABLES.items()
            if (self.place / "canonical" / f"{name}.parquet").exists()
        }
        aside = pd.read_csv(report.quarantine, dtype=str) if report.quarantine else pd.DataFrame()
        return Loaded(tables, aside)


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
