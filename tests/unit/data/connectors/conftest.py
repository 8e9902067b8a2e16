"""Small extracts of connector packs: tables as a person reads them, loaded through the pack."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias
from zoneinfo import ZoneInfo

import duckdb
import pandas as pd
import pytest

from data.contracts.catalogue import TABLES
from data.contracts.table import Column, Kind
from data.sources.extracts.mapping import load_mapping
from data.sources.extracts.reader import read_extract
from tests.support.source_folder import rows_of

Frames: TypeAlias = dict[str, pd.DataFrame]
Load: TypeAlias = Callable[..., Frames]

DAY = "%Y-%m-%d"
MIDNIGHT = "00:00:00"


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load tables through a site's mapping (TOML): the frames of the canonical tables named.

    typed: columns are of the types that a database has, not texts.
    """

    def run(site: str, tables: Mapping[str, str], *wanted: str, typed: bool = False) -> Frames:
        (tmp_path / "site.toml").write_text(site, encoding="utf-8")
        mapping = load_mapping(tmp_path / "site.toml")
        made = {name: mapping.tables[name] for name in wanted}
        mapping = mapping.model_copy(update={"tables": made})
        folder = tmp_path / mapping.place
        folder.mkdir()
        for name, table in tables.items():
            lines = [mapping.delimiter.join(row) for row in rows_of(table)]
            text = "\n".join(lines) + "\n"
            file = folder / f"{name}.csv"
            file.write_bytes(text.encode(mapping.encoding))
            if typed:
                _write_typed(file)
        parts: dict[str, list[pd.DataFrame]] = {}
        for batch in read_extract(tmp_path, [mapping]):
            frame = batch.table.conform(batch.frame)
            parts.setdefault(batch.table.name, []).append(frame)
        return {name: pd.concat(frames, ignore_index=True) for name, frames in parts.items()}

    return run


def _write_typed(file: Path) -> None:
    """Put a Parquet file with the types that a database would have in place of a CSV file."""
    with duckdb.connect() as connection:
        rows = connection.read_csv(str(file), header=True, sample_size=-1)
        rows.write_parquet(str(file.with_suffix(".parquet")))
    file.unlink()


def shown(frame: pd.DataFrame, table: str, columns: list[str], zone: str) -> list[list[str]]:
    """Rows as an ASCII table states them, in the order of their keys."""
    typed = [TABLES[table].column(name) for name in columns]
    rows = [
        [_text(row[column], column, zone) for column in typed] for row in frame.to_dict("records")
    ]
    return sorted(rows)


def _text(value: object, column: Column, zone: str) -> str:
    if pd.isna(value):
        return ""
    match column.kind:
        case Kind.NUMBER:
            return f"{value:g}" if abs(value) < 1e5 else f"{value:.2f}"
        case Kind.FLAG:
            return "yes" if value else "no"
        case Kind.MOMENT if column.calendar_day:
            return value.strftime(DAY)
        case Kind.MOMENT:
            local = value.tz_convert(ZoneInfo(zone))
            time = local.strftime("%H:%M:%S")
            return local.strftime(DAY) + ("" if time == MIDNIGHT else f" {time}")
    return str(value)


@pytest.fixture
def holds() -> Callable[..., None]:
    """Require that a canonical table holds these rows, and no others."""

    def check(frames: Frames, table: str, expected: str, zone: str = "Europe/Berlin") -> None:
        header, *rows = rows_of(expected)
        assert shown(frames[table], table, header, zone) == sorted(rows)

    return check
