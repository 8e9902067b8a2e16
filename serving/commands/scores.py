"""Scores of open cases for people: counts and a ranked table on a terminal, and a ranked file."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
from rich.table import Table

from data.atomic_file import write_bytes_atomically
from data.command_line import console, show_progress
from models.task import TaskName
from serving.audit.export.writers import escape_formula
from serving.pipeline.bulk_scoring import BulkResult, BulkScorer
from serving.recommendation.recommendation import Recommendation
from serving.recommendation.wording import percent

PARQUET, CSV = ".parquet", ".csv"
MOST_RANKED_ROWS = 20
MOST_SHOWN_ERRORS = 10
REFUSED = "refused"

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


class ScoreFile:
    """Results that are written as one file, the most pressing first."""

    def __init__(self, path: Path) -> None:
        """Check before the work that the results can be written there.

        Raises:
            ValueError: the name ends neither in .parquet nor in .csv, or its folder is missing.
        """
        if path.suffix not in {PARQUET, CSV}:
            raise ValueError(
                f"--out takes a file that ends in {PARQUET} or {CSV}, got {path.name!r}"
            )
        if not path.parent.is_dir():
            raise ValueError(f"--out {path}: there is no folder {path.parent}")
        self.path = path
        self._rows = list[dict[str, Any]]()

    def add(self, task: str, result: BulkResult) -> None:
        """Keep the columns of a result."""
        self._rows.append(_row(task, result))

    def write(self) -> int:
        """Write what was added and return the number of rows."""
        self._rows.sort(key=_order)
        for rank, row in enumerate(self._rows, 1):
            row["rank"] = rank
        frame = pd.DataFrame(self._rows, columns=list(COLUMNS)).astype(COLUMNS)
        buffer = io.BytesIO()
        if self.path.suffix == PARQUET:
            frame.to_parquet(buffer, index=False)
        else:
            texts = [name for name, kind in COLUMNS.items() if kind == "str"]
            frame[texts] = frame[texts].map(escape_formula, na_action="ignore")
            frame.to_csv(buffer, index=False, date_format="%Y-%m-%dT%H:%M:%SZ")
        write_bytes_atomically(self.path, buffer.getvalue())
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


def score_with_progress(
    scorer: BulkScorer,
    task: TaskName,
    bodies: Sequence[Mapping[str, Any]],
    out: ScoreFile | None = None,
) -> int:
    """Score the cases of a task, say how they came out, and return how many were refused.

    out: keeps every result.
    """
    counts = Counter[str]()
    with show_progress(f"Scoring {len(bodies):,} open cases of {task}") as progress:
        for done, result in enumerate(scorer.score(task, bodies), 1):
            counts[_outcome(result)] += 1
            if result.error and counts[REFUSED] <= MOST_SHOWN_ERRORS:
                console.print(f"  {result.case}: {result.error}", markup=False)
            if out is not None:
                out.add(task, result)
            progress("done", done / len(bodies))
    parts = ", ".join(f"{n:,} {what}" for what, n in sorted(counts.items()))
    console.print(f"  {task}: {parts or 'no open case'}", highlight=False)
    return counts[REFUSED]


def _outcome(result: BulkResult) -> str:
    if result.recommendation is None:
        return REFUSED
    if result.repeated:
        return "answered earlier today"
    return "without advice" if result.recommendation.abstained else "advised"


def ranking_table(answers: list[dict[str, Any]], at: datetime) -> Table:
    """Return recommendations as a table by probability x money at risk, the most pressing first."""
    table = Table(title=f"Open exceptions on {at:%Y-%m-%d}, by probability x money at risk")
    for heading in ("task", "case", "may end as"):
        table.add_column(heading, overflow="fold")
    for heading in ("exception", "money at risk"):
        table.add_column(heading, justify="right")
    for heading in ("to", "id"):
        table.add_column(heading, overflow="fold")
    for answer in sorted(answers, key=lambda a: -a["priority"])[:MOST_RANKED_ROWS]:
        table.add_row(
            answer["task"],
            " ".join(answer["case"].values()),
            "no advice" if answer["abstained"] else answer["explained_class"],
            percent(answer["exception_probability"]),
            f"{answer['money_at_risk'] or 0.0:,.0f} {answer['currency']}",
            answer["route"],
            answer["id"][:8],
        )
    return table
