"""All sources by name, read as batches for ingest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa

from data.contracts.catalogue import TABLES
from data.source_batch import SourceBatch, batches_from_frames
from data.sources.extracts.checks.documents import OrderLines, no_earlier_orders
from data.sources.extracts.checks.site_check import SiteCheck
from data.sources.extracts.mapping import load_mapping, shipped_mappings
from data.sources.extracts.read_on import ReadOn
from data.sources.extracts.reader import read_checked_extract
from data.sources.public_sets import bpic19, scms_delivery, stockouts_cdi

CanonicalFrames = Mapping[str, pd.DataFrame]
EXTRACT = "extract"


def read_canonical(path: Path) -> dict[str, pd.DataFrame]:
    """Parquet files that are already in canonical columns, as the simulator writes them.

    Raises:
        FileNotFoundError: naming the folder and the files that it could hold.
    """
    files = {name: path / f"{name}.parquet" for name in TABLES}
    frames = {name: _read_parquet(file) for name, file in files.items() if file.exists()}
    if not frames:
        names = ", ".join(file.name for file in files.values())
        raise FileNotFoundError(f"no canonical table in {path}; it may hold {names}")
    return frames


def _read_parquet(file: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(file)
    except pa.ArrowInvalid as error:
        raise ValueError(f"{file} is not readable Parquet: {error}") from error


READERS: dict[str, Callable[[Path], CanonicalFrames]] = {
    "simulator": read_canonical,
    "scms_delivery": scms_delivery.read,
    "stockouts_cdi": stockouts_cdi.read,
    "bpic19": bpic19.read,
}


def extract_checks(
    source: str,
    mappings: Sequence[Path],
    now: datetime,
    read_on: ReadOn | None = None,
    earlier_orders: OrderLines = no_earlier_orders,
) -> list[SiteCheck]:
    """Return a check for each mapping of an `extract`, and none for other sources.

    Args:
        source: name of the source.
        mappings: TOML files; those shipped here by default.
        now: the moment of the check.
        read_on: where earlier loads have come to in databases; without it everything is read.
        earlier_orders: order lines of earlier loads, which a delta refers to.
    """
    if source != EXTRACT:
        return []
    chosen = [load_mapping(file) for file in mappings] or shipped_mappings()
    return [SiteCheck(mapping, now, read_on, earlier_orders) for mapping in chosen]


def read_source(source: str, path: Path, checks: Sequence[SiteCheck] = ()) -> Iterator[SourceBatch]:
    """The rows of a source, file by file or table by table.

    checks: of the mappings of an `extract`, see `extract_checks`.

    Raises:
        ValueError: for an unknown source, with those there are.
        ImplausibleExtractError: after the last row, where a check refuses the extract.
    """
    if source == EXTRACT:
        return read_checked_extract(path, checks)
    if source not in READERS:
        names = ", ".join((EXTRACT, *READERS))
        raise ValueError(f"no source {source!r}; there are {names}")
    return batches_from_frames(READERS[source](path), source)
