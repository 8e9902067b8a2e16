"""Outbox in SQLite: decision reports kept on disk until the service has accepted them.

A process writes a report and goes on, whether or not the service runs at that moment.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, assert_never
from uuid import UUID

from serving.examples.client import TriageClient
from serving.examples.outcome import Answered, ProcessStep, Refused, Unavailable

CREATE_TABLE = """
    CREATE TABLE IF NOT EXISTS reports (
        instance TEXT NOT NULL,
        task TEXT NOT NULL,
        recommendation TEXT NOT NULL,
        decision TEXT NOT NULL,
        state TEXT NOT NULL,
        why TEXT NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (instance, task)
    )
"""


COLUMNS = "instance, task, recommendation, decision, state, why"

# Consecutive reports that find the service unavailable before the rest is left for later.
MAX_UNAVAILABLE = 3


class DeliveryState(StrEnum):
    """State of a report. A refused one needs a person, who finds the reason in `why`."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    REFUSED = "refused"


@dataclass(frozen=True)
class DecisionReport:
    """A decision to be reported. why: reason of the last failure; "" if there is none."""

    step: ProcessStep
    recommendation: str
    decision: Mapping[str, Any]
    state: DeliveryState = DeliveryState.WAITING
    why: str = ""


@dataclass(frozen=True)
class Outbox:
    """Reports in a SQLite file. It names persons: protect it as the process data are protected."""

    path: Path

    @classmethod
    def at(cls, path: Path) -> Outbox:
        """Open the outbox in a file; create it, readable by its owner only, if it is missing."""
        path.touch(mode=0o600)
        outbox = cls(path)
        with outbox._open() as database:
            database.execute(CREATE_TABLE)
        return outbox

    def put(self, report: DecisionReport) -> None:
        """Keep a report until it is delivered; the same step again changes nothing."""
        with self._open() as database:
            database.execute(
                f"INSERT OR IGNORE INTO reports ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)",  # noqa: S608 - our own names
                (
                    str(report.step.instance),
                    str(report.step.task),
                    report.recommendation,
                    json.dumps(report.decision, allow_nan=False),
                    report.state,
                    report.why,
                ),
            )

    def reports(self, state: DeliveryState) -> list[DecisionReport]:
        """Return the reports in a state, those tried least often first, then the oldest."""
        with self._open() as database:
            rows = database.execute(
                f"SELECT {COLUMNS} FROM reports WHERE state = ? ORDER BY attempts, rowid",  # noqa: S608 - our own names
                (state,),
            ).fetchall()
        return [_report_of_row(row) for row in rows]

    def deliver(self, triage: TriageClient) -> None:
        """Deliver waiting reports until none is left or the service is unavailable."""
        unavailable = 0
        for report in self.reports(DeliveryState.WAITING):
            match triage.decide(report.recommendation, report.decision, report.step):
                case Answered():
                    unavailable = 0
                    self._mark(report, DeliveryState.DELIVERED, "")
                case Refused(why):
                    unavailable = 0
                    self._mark(report, DeliveryState.REFUSED, why)
                case Unavailable(why):
                    unavailable += 1
                    self._mark(report, DeliveryState.WAITING, why)
                case other:
                    assert_never(other)
            if unavailable == MAX_UNAVAILABLE:
                return

    def _mark(self, report: DecisionReport, state: DeliveryState, why: str) -> None:
        """Store the outcome of an attempt; a delivered report keeps its step and no decision."""
        decision = {} if state is DeliveryState.DELIVERED else report.decision
        with self._open() as database:
            database.execute(
                "UPDATE reports SET state = ?, why = ?, decision = ?, attempts = attempts + 1 "
                "WHERE instance = ? AND task = ?",
                (
                    state,
                    why,
                    json.dumps(decision),
                    str(report.step.instance),
                    str(report.step.task),
                ),
            )

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        database = sqlite3.connect(self.path)
        try:
            with database:
                yield database
        finally:
            database.close()


def _report_of_row(row: tuple[str, str, str, str, str, str]) -> DecisionReport:
    instance, task, recommendation, decision, state, why = row
    step = ProcessStep(UUID(instance), UUID(task))
    return DecisionReport(step, recommendation, json.loads(decision), DeliveryState(state), why)
