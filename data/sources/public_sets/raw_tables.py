"""Raw tables of public data sets: one Parquet or CSV file of a known name in a folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

FILE_SUFFIXES = (".parquet", ".csv")


class SourceError(ValueError):
    """A folder that does not hold what the source promises: says what, got and the choices."""


def find_table_file(folder: Path, name: str) -> Path | None:
    """The file of that name in the folder, Parquet before CSV; None when there is none."""
    for ending in FILE_SUFFIXES:
        if (folder / f"{name}{ending}").is_file():
            return folder / f"{name}{ending}"
    return None


def table_names_in(folder: Path) -> set[str]:
    """Names of the tables in the folder; none when there is no folder."""
    files = folder.iterdir() if folder.is_dir() else ()
    return {file.stem for file in files if file.suffix in FILE_SUFFIXES}


def read_raw_table(folder: Path, name: str, columns: Sequence[str]) -> pd.DataFrame:
    """These columns of the table of that name; further columns are left behind.

    Raises:
        SourceError: the folder, the file or a column is not there.
    """
    path = find_table_file(folder, name)
    if path is None:
        raise SourceError(_missing_file(folder, name))
    frame = pd.read_parquet(path) if path.suffix == ".parquet" else _read_csv(path)
    missing = [column for column in columns if column not in frame]
    if missing:
        raise SourceError(
            f"{path}: column {', '.join(missing)} is missing; "
            f"the file has {', '.join(map(str, frame.columns))}"
        )
    return frame[list(columns)].reset_index(drop=True)


def read_two_folders(
    folder: Path, later: Path | None, name: str, columns: Sequence[str]
) -> pd.DataFrame:
    """The table of one folder, then the rows of a second that the first does not hold.

    A row that stands twice in one folder stays twice: only what both folders hold alike is
    taken once.
    """
    first = read_raw_table(folder, name, columns)
    if later is None:
        return first
    return append_new_rows(first, read_raw_table(later, name, columns), columns)


def append_new_rows(first: pd.DataFrame, second: pd.DataFrame, key: Sequence[str]) -> pd.DataFrame:
    """First, then the rows of second whose key it does not hold (as often as second does).

    Values are compared as they are written, so that CSV and Parquet of one row are alike.
    """
    both = pd.concat([first, second], ignore_index=True)
    words = pd.DataFrame(
        {
            name: both[name].astype(object).where(both[name].notna(), "").astype("str")
            for name in key
        }
    )
    words["folder"] = np.repeat([0, 1], [len(first), len(second)])
    words["nth"] = words.groupby([*key, "folder"]).cumcount()
    return both[~words.duplicated([*key, "nth"])].reset_index(drop=True)


def read_optional_table(
    folder: Path, later: Path | None, name: str, columns: Sequence[str]
) -> pd.DataFrame | None:
    """Like `read_two_folders`, for a file that may be absent from either folder."""
    folders = [where for where in (folder, later) if where and find_table_file(where, name)]
    if not folders:
        return None
    return read_two_folders(folders[0], folders[1] if len(folders) > 1 else None, name, columns)


def _read_csv(path: Path) -> pd.DataFrame:
    # Only the empty field is missing: "N/A" is a word of the sources.
    return pd.read_csv(path, keep_default_na=False, na_values=[""], low_memory=False)


def _missing_file(folder: Path, name: str) -> str:
    wanted = " or ".join(name + ending for ending in FILE_SUFFIXES)
    if not folder.is_dir():
        return f"no folder {folder}; expected one that holds {wanted}"
    there = ", ".join(sorted(path.name for path in folder.iterdir())) or "nothing"
    return f"{folder} has no {wanted}; it holds {there}"
