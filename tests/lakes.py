"""Lakes of tests: frames as a load writes them, and tables as the store reads them."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from data.ingest import ingest
from data.source_batch import batches_from_frames
from data.store import Store


def write_lake(folder: Path, frames: Mapping[str, pd.DataFrame]) -> None:
    """Load canonical frames into a folder of tables; all their rows keep the contracts."""
    report = ingest(batches_from_frames(frames, "test"), folder, folder.parent / "aside")
    assert report.quarantined == 0, report.messages


def read_table(folder: Path, name: str) -> pd.DataFrame:
    """Read the current rows of a table."""
    with Store.from_folder(folder) as store:
        return store.frame(name)
