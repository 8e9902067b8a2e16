"""Answers as their entries tell them: the same bytes for the same entries, now or in a year.

An answer that was recorded just now is read from its entries too. What canonical JSON does
not keep (the order of names, the sign of zero) then differs nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from models.task import TaskName
from serving.audit.entry import Entry
from serving.audit.group import Committed
from serving.catalogue import Served
from serving.recommendation import Advice, Answer, Decided, Recommendation

Tasks = Mapping[TaskName, Served]


def advice_of(entry: Entry, tasks: Tasks) -> Advice:
    """The recommendation that an entry holds, its parts in the order in which people read them.

    Raises:
        ErasedError: it was erased.
    """
    advice = entry.payload["recommendation"]
    served = tasks[TaskName(advice["task"])]
    advice["case"] = _ordered(advice["case"], list(map(str, served.reference)))
    advice["probabilities"] = _ordered(advice["probabilities"], list(served.task.classes))
    advice["delay_days"] = _ordered(advice["delay_days"], sorted(advice["delay_days"], key=float))
    return Advice.model_validate(advice)


def recommendation_of(entry: Entry, tasks: Tasks, address: str) -> Recommendation:
    """The recommendation with its place in the audit. address: start of the report's address.

    Raises:
        ErasedError: it was erased.
    """
    advice = advice_of(entry, tasks)
    return Recommendation.model_construct(
        **dict(advice),
        audit_sequence=entry.sequence,
        audit_hash=entry.hash,
        report=f"{address}/v1/recommendations/{advice.id}/report",
    )


def answer_of(committed: Committed, tasks: Tasks, address: str) -> Answer:
    """The answer to the request that led to these entries."""
    given = [recommendation_of(entry, tasks, address) for entry in committed.entries]
    return Answer.model_construct(recommendations=given, checkpoint=committed.checkpoint)


def decided_of(committed: Committed) -> Decided:
    """The answer to the decision that was recorded so."""
    (entry,) = committed.entries
    return Decided(
        decision_id=entry.id,
        recommendation_id=entry.envelope.about,
        audit_sequence=entry.sequence,
        audit_hash=entry.hash,
        checkpoint=committed.checkpoint,
    )


def _ordered(values: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Those names first, in that order; what else there is behind them."""
    return {name: values[name] for name in names if name in values} | dict(values)
