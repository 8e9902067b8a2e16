"""Outcome of a call to the service, and the process variables made from it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, assert_never
from uuid import UUID


@dataclass(frozen=True)
class ProcessStep:
    """One step of one process instance.

    An engine that was killed runs a step again under the same ids, so its key is the same: the
    service gives the same answer and records nothing twice.
    """

    instance: UUID
    task: UUID

    @property
    def key(self) -> str:
        """`Idempotency-Key` of the step."""
        return f"{self.instance}.{self.task}"

    @property
    def traceparent(self) -> str:
        """W3C Trace Context of the step; all calls of one instance are one trace."""
        return f"00-{self.instance.hex}-{self.task.hex[:16]}-01"


@dataclass(frozen=True)
class Answered:
    """The service answered. body: parsed JSON of the response."""

    body: dict[str, Any]


@dataclass(frozen=True)
class Unavailable:
    """No answer in time, for whatever reason; the same request may succeed later."""

    why: str


@dataclass(frozen=True)
class Refused:
    """The service refused the request; sending it again changes nothing, a person has to look."""

    why: str


CallOutcome = Answered | Unavailable | Refused

NO_ANSWER_RUNG = "none"


@dataclass(frozen=True)
class ProcessAdvice:
    """An answer as flat process variables.

    Attributes:
        recommendation: id of the recommendation.
        rung: champion, previous, rules or no_score; only the first two come with a score. "none"
            without an answer.
        abstained: whether the service advises not to act on the score.
        level: act, watch or none.
        expected: the class that is explained.
        sentence: the recommendation in words.
        report: address of the report.
        why: reasons for a lower rung, or why there is no answer.
    """

    recommendation: str = ""
    rung: str = NO_ANSWER_RUNG
    abstained: bool = False
    level: str = ""
    expected: str = ""
    sentence: str = ""
    report: str = ""
    why: str = ""

    def variables(self) -> dict[str, Any]:
        """Return the process variables by name."""
        return asdict(self)


def advice_from_outcome(outcome: CallOutcome) -> ProcessAdvice:
    """Return the process variables for the outcome of a call."""
    match outcome:
        case Answered(body):
            return _advice_from_answer(body)
        case Unavailable(why):
            return ProcessAdvice(why=f"away: {why}")
        case Refused(why):
            return ProcessAdvice(why=f"refused: {why}")
        case _:
            assert_never(outcome)


def _advice_from_answer(body: dict[str, Any]) -> ProcessAdvice:
    """Return the variables of an answer; a field that is null becomes an empty text."""
    return ProcessAdvice(
        recommendation=body["id"],
        rung=body.get("rung") or "champion",
        abstained=bool(body.get("abstained")),
        level=body.get("level") or "",
        expected=body.get("explained_class") or "",
        sentence=body.get("sentence") or "",
        report=body.get("report") or "",
        why="; ".join(_reason_sentence(reason) for reason in body.get("rung_reasons") or ()),
    )


def _reason_sentence(reason: Any) -> str:
    """Return in words why a better rung could not answer."""
    match reason:
        case {"sentence": str(sentence)}:
            return sentence
        case _:
            return str(reason)
