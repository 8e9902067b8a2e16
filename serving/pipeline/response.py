"""Build responses from audit entries: byte-identical whether built now or read back later.

An answer that was recorded just now is made of what was recorded, so nothing is read back; what
canonical JSON does not keep of it is the sign of a zero, see `survives_canonical_json`.
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
    """The recommendation that an entry holds, its parts in the order in which people read them.

    Raises:
        ErasedError: it was erased.
    """
    return Advice.model_validate(_in_reading_order(entry.payload["recommendation"], tasks))


def recommendation_from_entry(entry: Entry, tasks: TaskCatalogue, address: str) -> Recommendation:
    """The recommendation with its place in the audit. address: start of the report's address.

    Raises:
        ErasedError: it was erased.
    """
    return _with_audit_position(advice_from_entry(entry, tasks), entry, address)


def build_answer(committed: CommitResult, advices: Sequence[Advice], address: str) -> Answer:
    """The answer to the request that led to these entries just now, of what was recorded."""
    pairs = zip(advices, committed.entries, strict=True)
    made = [_with_audit_position(advice, entry, address) for advice, entry in pairs]
    return Answer.model_construct(recommendations=made, checkpoint=committed.checkpoint)


def survives_canonical_json(text: str) -> bool:
    """Whether an answer's JSON is what reading its entries back would give.

    RFC 8785 writes a negative zero as 0; nothing else is lost.
    """
    return NEGATIVE_ZERO.search(text) is None


def answer_as_recorded(answer: Answer, tasks: TaskCatalogue) -> Answer:
    """The answer as its entries would give it."""
    told = [one.model_dump(mode="json") for one in answer.recommendations]
    plain = [_in_reading_order(from_json(canonicalize(one)), tasks) for one in told]
    made = [Recommendation.model_validate(one) for one in plain]
    return Answer.model_construct(recommendations=made, checkpoint=answer.checkpoint)


def _in_reading_order(advice: dict[str, Any], tasks: TaskCatalogue) -> dict[str, Any]:
    """What was read from canonical JSON, its parts in the order in which people read them."""
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
    """The answer to the request that led to these entries."""
    given = [recommendation_from_entry(entry, tasks, address) for entry in committed.entries]
    return Answer.model_construct(recommendations=given, checkpoint=committed.checkpoint)


def decision_from_entry(committed: CommitResult) -> Decided:
    """The answer to the decision that was recorded so."""
    (entry,) = committed.entries
    return Decided(
        decision_id=entry.id,
        recommendation_id=entry.envelope.about,
        audit_sequence=entry.sequence,
        audit_hash=entry.hash,
        checkpoint=committed.checkpoint,
    )


def _order_keys(values: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Those names first, in that order; what else there is behind them."""
    return {name: values[name] for name in names if name in values} | dict(values)


def observations_of(answer: Answer) -> Iterator[RecommendationObservation]:
    """One for each recommendation of an answer, in its order."""
    for one in answer.recommendations:
        yield RecommendationObservation(
            one.task, one.rung, one.explained_class or "", one.abstained
        )
