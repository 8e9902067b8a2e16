"""Weekly part snapshots with the backorder label beside them: a prepared frame without dates.

The 1:8 case-control sample that lies beside it has an invented share of backorders, and is
never read.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from data.sources.public_sets.raw_tables import (
    SourceError,
    find_table_file,
    read_raw_table,
    table_names_in,
)

FILE = "snapshot_sample"
NEVER_READ = "case_control_sample"
LABEL = "went_on_backorder"
AMOUNTS = (
    "national_inv",
    "lead_time",
    "in_transit_qty",
    "forecast_3_month",
    "forecast_6_month",
    "forecast_9_month",
    "sales_1_month",
    "sales_3_month",
    "sales_6_month",
    "sales_9_month",
    "min_bank",
    "pieces_past_due",
    "perf_6_month_avg",
    "perf_12_month_avg",
    "local_bo_qty",
)
FLAGS = (
    "potential_issue",
    "deck_risk",
    "oe_constraint",
    "ppap_risk",
    "stop_auto_buy",
    "rev_stop",
)
NOT_RATED = -99
WORDS = {"yes": 1.0, "no": 0.0, "true": 1.0, "false": 0.0, "1": 1.0, "0": 0.0}


def read(path: Path) -> pd.DataFrame:
    """Snapshots in `path`: amounts and flags as float64 (NaN missing), label as int64.

    The file is `snapshot_sample`, or the only table there is. Its footer is skipped.

    Raises:
        SourceError: the file or a column is missing, or a flag is neither yes nor no.
    """
    raw = read_raw_table(path, _name(path), (*AMOUNTS, *FLAGS, LABEL))
    raw = raw.dropna(how="all").reset_index(drop=True)
    frame = pd.DataFrame(
        {name: pd.to_numeric(raw[name], errors="coerce").astype("float64") for name in AMOUNTS}
    )
    for rating in ("perf_6_month_avg", "perf_12_month_avg"):
        frame[rating] = frame[rating].where(frame[rating] > NOT_RATED)
    for flag in (*FLAGS, LABEL):
        frame[flag] = _flag(raw[flag], path)
    frame[LABEL] = frame[LABEL].astype("int64")
    return frame


def _name(path: Path) -> str:
    others = table_names_in(path) - {NEVER_READ}
    return others.pop() if find_table_file(path, FILE) is None and len(others) == 1 else FILE


def _flag(values: pd.Series, path: Path) -> pd.Series:
    words = values.astype("str").str.strip().str.lower().str.removesuffix(".0")
    flags = words.map(WORDS)
    if flags.isna().any():
        unknown = values[flags.isna()].iloc[0]
        raise SourceError(
            f"{path}: {values.name} {unknown!r} in row {flags.isna().argmax() + 1} is not one of "
            f"{', '.join(WORDS)}"
        )
    return flags
