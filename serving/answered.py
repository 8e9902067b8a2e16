"""Answers as their entries tell them: the same bytes for the same entries, now or in a year.

An answer that was recorded just now is made of what was recorded, so nothing is read back; what
canonical JSON does not keep of it is the sign of a zero, see `as_recorded`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import from_json

from models.task import TaskName
from serving.audit.canonical import canonical
from serving.audit.entry import Entry
from serving.audit.group import Committed
from serving.catalogue import Served
from serving.recommendation import Advice, Answer, Decided, Recommendation

NEGATIVE_ZERO = re.compile(r"-0\.0[^0-9e]")
Tasks = Mapping[TaskName, Served]


def advice_of(entry: Entry, tasks: Tasks) -> Advice:
    """The recommendation that an entry holds, its parts in the order in which people read them.

    Raises:
        ErasedError: it was erased.
    """
    return Advice.model_validate(_in_order(entry.payload["recommendation"], tasks))


def recommendation_of(entry: Entry, tasks: Tasks, address: str) -> Recommendation:
    """The recommendation with its place in the audit. address: start of the report's address.

    Raises:
        ErasedError: it was erased.
    """
    return _placed(advice_of(entry, tasks), entry, address)


def given(committed: Committed, advices: Sequence[Advice], address: str) -> Answer:
    """The answer to the request that led to these entries just now, of what was recorded."""
    pairs = zip(advices, committed.entries, strict=True)
    made = [_placed(advice, entry, address) for advice, entry in pairs]
    return Answer.model_construct(recommendations=made, checkpoint=committed.checkpoint)


def as_recorded(text: str) -> bool:
    """Whether an answer's JSON is what reading its entries back would give.

    RFC 8785 writes a negative zero as 0; nothing else is lost.
    """
    return NEGATIVE_ZERO.search(text) is None


def read_back(answer: Answer, tasks: Tasks) -> Answer:
    """The answer as its entries would give it."""
    told = [one.model_dump(mode="json") for one in answer.recommendations]
    plain = [_in_order(from_json(canonical(one)), tasks) for one in told]
    made = [Recommendation.model_validate(one) for one in plain]
    return Answer.model_construct(recommendations=made, checkpoint=answer.checkpoint)


def _in_order(advice: dict[str, Any], tasks: Tasks) -> dict[str, Any]:
    """What was read from canonical JSON, its parts in the order in which people read them."""
    served = tasks[TaskName(advice["task"])]
    advice["case"] = _ordered(advice["case"], list(map(str, served.reference)))
    advice["probabilities"] = _ordered(advice["probabilities"], list(served.task.classes))
    advice["delay_days"] = _ordered(advice["delay_days"], sorted(advice["delay_days"], key=float))
    return advice


def _placed(advice: Advice, entry: Entry, address: str) -> Recommendation:
    return Recommendation.model_construct(
        **vars(advice),
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
