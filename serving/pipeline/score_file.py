"""File of bulk results: one row a case, ranked, as Parquet or CSV."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from data.atomic_file import write_bytes_atomically
from serving.audit.export.writers import escape_formula
from serving.pipeline.bulk_scoring import BulkResult
from serving.recommendation.recommendation import Recommendation

PARQUET, CSV = ".parquet", ".csv"

COLUMNS: dict[str, str] = {
    "rank": "Int64",
    "task": "str",
    "site_id": "str",
    "case": "str",
    "level": "str",
    "flagged": "boolean",
    "abstained": "boolean",
    "sentence": "str",
    "suggested_action": "str",
    "route": "str",
    "explained_class": "str",
    "probability": "Float64",
    "exception_probability": "Float64",
    "money_at_risk": "Float64",
    "currency": "str",
    "priority": "Float64",
    "findings": "str",
    "asked_at": "datetime64[us, UTC]",
    "expires_at": "datetime64[us, UTC]",
    "model_version": "str",
    "policy_version": "str",
    "recommendation_id": "str",
    "audit_sequence": "Int64",
    "error": "str",
}
"""Columns of the file and their types; `error` says why a case was refused."""


def check_score_path(path: Path) -> None:
    """Check before the work that the results can be written there.

    Raises:
        ValueError: the name ends neither in .parquet nor in .csv, or its folder is missing.
    """
    if path.suffix not in {PARQUET, CSV}:
        raise ValueError(f"--out takes a file that ends in {PARQUET} or {CSV}, got {path.name!r}")
    if not path.parent.is_dir():
        raise ValueError(f"--out {path}: there is no folder {path.parent}")


def write_scores(path: Path, results: Iterable[tuple[str, BulkResult]]) -> int:
    """Write results with the name of their task, the most pressing first; return the rows."""
    rows = [_row(task, result) for task, result in results]
    rows.sort(key=_order)
    for rank, row in enumerate(rows, 1):
        row["rank"] = rank
    frame = pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)
    buffer = io.BytesIO()
    if path.suffix == PARQUET:
        frame.to_parquet(buffer, index=False)
    else:
        texts = [name for name, kind in COLUMNS.items() if kind == "str"]
        frame[texts] = frame[texts].map(escape_formula, na_action="ignore")
        frame.to_csv(buffer, index=False, date_format="%Y-%m-%dT%H:%M:%SZ")
    write_bytes_atomically(path, buffer.getvalue())
    return len(frame)


def _order(row: dict[str, Any]) -> tuple[float, str, str]:
    """Order by priority; refused cases last, ties by task and case."""
    priority = row.get("priority")
    return (float("inf") if priority is None else -priority, row["task"], row["case"])


def _row(task: str, result: BulkResult) -> dict[str, Any]:
    own = {"task": task, "case": result.case, "error": result.error or None}
    if result.recommendation is None:
        return own
    return own | _recommendation_columns(result.recommendation)


def _recommendation_columns(given: Recommendation) -> dict[str, Any]:
    named = set(COLUMNS) & set(Recommendation.model_fields) - {"case", "task", "findings"}
    return {name: getattr(given, name) for name in named} | {
        "level": str(given.level),
        "findings": " ".join(finding.code for finding in given.findings),
        "model_version": given.model and given.model.version,
        "policy_version": given.policy.version,
        "recommendation_id": given.id,
    }
