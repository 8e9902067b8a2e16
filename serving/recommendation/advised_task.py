"""What recommendations need to know of a task, as an interface that `serving.tasks` fulfils."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from data.contracts.invoice_outcomes import ExceptionClass
from models.task import Task
from serving.policy.finding import Finding
from serving.policy.policy import Policy
from serving.policy.sections import Level
from serving.recommendation.evidence import Evidence
from serving.recommendation.score import Score

Record = Mapping[str, Any]


NameCase = Callable[[Record], str]
"""Names a case in the middle of a sentence: "item 7 at site S01"."""

DescribeExpectation = Callable[[Record, Score, Sequence[Finding], Policy], str]
"""Writes the sentence about what is expected of a scored case, and how surely."""

ComputeAmount = Callable[[Record, Sequence[Finding]], tuple[float | None, str]]
"""Returns what is at stake, in the case's currency, and how it is computed, in words.

It reads the case and the findings of the rules. The amount is None where the case lacks a value
that it needs.
"""

FindEvidence = Callable[[Record, Sequence[Finding], datetime, Policy], Evidence | None]
"""Returns what the facts say of a case at the moment asked about; None leaves it to the model."""

FindSuspect = Callable[[Score | None, Sequence[Finding], Level], ExceptionClass | None]
"""Returns the exception class to look for, whose owner and suggestion the policy states.

The score is None where no model answered; the class is None where none is suspected.
"""


class AdvisedTask(Protocol):
    """A task on whose cases the service advises; `serving.tasks.served_task` implements it."""

    @property
    def task(self) -> Task:
        """Question, classes and features."""

    @property
    def event(self) -> str:
        """Completes "probability of ..."; empty where that is the class explained."""

    @property
    def reference(self) -> tuple[str, ...]:
        """Columns that identify a case."""

    @property
    def case_name(self) -> NameCase:
        """Name of a case in a sentence."""

    @property
    def expectation(self) -> DescribeExpectation:
        """Sentence of a scored case."""

    @property
    def amount_at_risk(self) -> ComputeAmount:
        """Money at risk of a case that does not state it."""

    @property
    def suspect(self) -> FindSuspect:
        """Exception class to look for."""

    @property
    def evidence(self) -> FindEvidence:
        """Evidence that the facts of a case give."""

    @property
    def conclusive_codes(self) -> frozenset[str]:
        """Codes of findings that establish what the model predicts."""


def no_suspect(
    score: Score | None, findings: Sequence[Finding], level: Level
) -> ExceptionClass | None:
    """Suspect no exception class: owner and suggestion are those of the task."""
    del score, findings, level
    return None


def no_evidence(
    case: Record, findings: Sequence[Finding], asked_at: datetime, policy: Policy
) -> Evidence | None:
    """Leave every case to the model and the rules."""
    del case, findings, asked_at, policy
    return None
