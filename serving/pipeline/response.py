"""Build answers from audit entries: byte-identical whether built now or read back later.

The answer to a request that was recorded just now is built from the values that were recorded,
without reading them back. Canonical JSON keeps all of them but the sign of a zero, see
`survives_canonical_json`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic_core import from_json

from models.task import TaskName
from serving.audit.log.canonical_json import canonicalize
from serving.audit.log.entry import Entry
from serving.audit.log.group_commit import CommitResult
from serving.recommendation.recommendation import Advice, Answer, Decided, Recommendation
from serving.tasks.served_task import ServedTask
from serving.telemetry.observer import RecommendationObservation

NEGATIVE_ZERO = re.compile(r"-0\.0[^0-9e]")
TaskCatalogue = Mapping[TaskName, ServedTask]


def advice_from_entry(entry: Entry, tasks: TaskCatalogue) -> Advice:
    """Read the recommendation of an entry; its maps are in the order of the task's definition.

    Raises:
        PayloadErasedError: it was erased.
    """
    return Advice.model_validate(_in_reading_order(entry.payload["recommendation"], tasks))


def recommendation_from_entry(entry: Entry, tasks: TaskCatalogue, address: str) -> Recommendation:
    """Read a recommendation with its position in the audit log. address: start of its links.

    Raises:
        PayloadErasedError: it was erased.
    """
    return _with_audit_position(advice_from_entry(entry, tasks), entry, address)


def build_answer(committed: CommitResult, advices: Sequence[Advice], address: str) -> Answer:
    """Build the answer of a request from the advices that were recorded as these entries."""
    pairs = zip(advices, committed.entries, strict=True)
    recommendations = [_with_audit_position(advice, entry, address) for advice, entry in pairs]
    return Answer.model_construct(recommendations=recommendations, checkpoint=committed.checkpoint)


def survives_canonical_json(text: str) -> bool:
    """Whether reading the entries back would give the same JSON as this of the answer.

    RFC 8785 writes a negative zero as 0; nothing else is lost.
    """
    return NEGATIVE_ZERO.search(text) is None


def answer_as_recorded(answer: Answer, tasks: TaskCatalogue) -> Answer:
    """Return the answer as reading its entries back would give it."""
    dumped = [one.model_dump(mode="json") for one in answer.recommendations]
    plain = [_in_reading_order(from_json(canonicalize(one)), tasks) for one in dumped]
    recommendations = [Recommendation.model_validate(one) for one in plain]
    return Answer.model_construct(recommendations=recommendations, checkpoint=answer.checkpoint)


def _in_reading_order(advice: dict[str, Any], tasks: TaskCatalogue) -> dict[str, Any]:
    """Order the maps of a recommendation, which canonical JSON sorts by name."""
    served = tasks[TaskName(advice["task"])]
    advice["case"] = _order_keys(advice["case"], list(map(str, served.reference)))
    advice["probabilities"] = _order_keys(advice["probabilities"], list(served.task.classes))
    advice["delay_days"] = _order_keys(
        advice["delay_days"], sorted(advice["delay_days"], key=float)
    )
    return advice


def _with_audit_position(advice: Advice, entry: Entry, address: str) -> Recommendation:
    return Recommendation.model_construct(
        **vars(advice),
        audit_sequence=entry.sequence,
        audit_hash=entry.hash,
        report=f"{address}/v1/recommendations/{advice.id}/report",
    )


def answer_from_entries(committed: CommitResult, tasks: TaskCatalogue, address: str) -> Answer:
    """Read the answer to a request back from its entries."""
    recommendations = [
        recommendation_from_entry(entry, tasks, address) for entry in committed.entries
    ]
    return Answer.model_construct(recommendations=recommendations, checkpoint=committed.checkpoint)


def decision_from_entry(committed: CommitResult) -> Decided:
    """Build the answer to a decision from its entry."""
    (entry,) = committed.entries
    return Decided(
        decision_id=entry.id,
        recommendation_id=entry.envelope.about,
        audit_sequence=entry.sequence,
        audit_hash=entry.hash,
        checkpoint=committed.checkpoint,
    )


def _order_keys(values: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Put those names first, in that order; other names stay behind them."""
    return {name: values[name] for name in names if name in values} | dict(values)


def observations_of(answer: Answer) -> Iterator[RecommendationObservation]:
    """Yield what observers learn of each recommendation, in order."""
    for one in answer.recommendations:
        yield RecommendationObservation(
            one.task, one.rung, one.explained_class or "", one.abstained
        )
