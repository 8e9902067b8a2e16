"""Everything that serving knows of one task, in one object that the task's folder builds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from features.history.stream import Stream
from models.task import Task
from serving.policy.finding import Finding
from serving.policy.policy import Policy
from serving.policy.sections import TaskPolicy
from serving.recommendation.advised_task import (
    ComputeAmount,
    DescribeExpectation,
    FindEvidence,
    FindSuspect,
    NameCase,
    Record,
    no_evidence,
    no_suspect,
)
from serving.tasks.lever import FindLevers
from serving.tasks.messages import TaskRequest

Rules = Callable[[Record, Policy, datetime], list[Finding]]


@dataclass(frozen=True)
class ChildSource:
    """Where the children of a case come from. title: of their table in the report."""

    table: str
    title: str


@dataclass(frozen=True)
class FactSources:
    """Where a report says that the facts of a case come from.

    tables: canonical tables of the case; a field comes from the first that has it.
    children: by the name of the list in the case.
    renamed: `table.column` of each field that has another name in its table.
    """

    tables: tuple[str, ...]
    children: Mapping[str, ChildSource]
    renamed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ServedTask:
    """A task as the service serves it; implements `recommendation.advised_task.AdvisedTask`.

    streams: history that the features are computed from.
    request: message of `/v1/NAME`, with the shape of a case.
    reference: columns that identify a case; the desk shows the latest recommendation of each.
    rules: findings of a case at the moment asked about.
    case_name, expectation: wording of recommendations.
    amount_at_risk: money at risk of a case that does not state it, given what the rules found.
    levers: changes of a case that a counterfactual tries.
    fact_sources: origin of the facts in the report.
    policy: sections of the policy for a policy file that leaves the task out.
    title: of the task on the desk.
    event: completes "probability of ..." in the report; empty where that is the class explained.
    suspect: exception class to look for.
    evidence: what the facts say of a case; they lead, the model's figure stands beside them.
    conclusive_codes: findings that establish what the model predicts. Where one is found, the
        model's own doubts are no reason to abstain.
    resolutions: what a decision may say that a case was resolved as, besides the classes.
    """

    task: Task
    streams: Sequence[Stream]
    request: TaskRequest
    reference: tuple[str, ...]
    rules: Rules
    case_name: NameCase
    expectation: DescribeExpectation
    amount_at_risk: ComputeAmount
    levers: FindLevers
    fact_sources: FactSources
    policy: TaskPolicy
    title: str
    event: str = ""
    suspect: FindSuspect = no_suspect
    evidence: FindEvidence = no_evidence
    conclusive_codes: frozenset[str] = frozenset()
    resolutions: tuple[str, ...] = ()

    @property
    def resolution_choices(self) -> tuple[str, ...]:
        """What a decision may say that a case was resolved as."""
        return tuple(dict.fromkeys([*self.task.classes, *map(str, self.resolutions)]))
