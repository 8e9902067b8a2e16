"""Outcome of a call to the service, and the process variables made from it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, assert_never
from uuid import UUID


@dataclass(frozen=True)
class ProcessStep:
    """One step of one process instance.

    An engine that was killed runs a step again under the same ids; so does the key made from
    them, and the service gives the same answer and records nothing twice.
    """

    instance: UUID
    task: UUID

    @property
    def key(self) -> str:
        """The step's `Idempotency-Key`."""
        return f"{self.instance}.{self.task}"

    @property
    def traceparent(self) -> str:
        """W3C Trace Context: all calls of one instance are one trace."""
        return f"00-{self.instance.hex}-{self.task.hex[:16]}-01"


@dataclass(frozen=True)
class Answered:
    """The service answered. body: the JSON it answered with."""

    body: dict[str, Any]


@dataclass(frozen=True)
class Unavailable:
    """No answer in time, for whatever reason; the same request may succeed later."""

    why: str


@dataclass(frozen=True)
class Refused:
    """The request itself is refused; somebody has to look, sending it again changes nothing."""

    why: str


CallOutcome = Answered | Unavailable | Refused

NO_ANSWER_RUNG = "none"


@dataclass(frozen=True)
class ProcessAdvice:
    """An answer, flat. Without one, `rung` is "none" and `why` says what happened.

    rung: champion, previous, rules, no_score; only the first two come with a score.
    abstained: there is a score, and the service says not to act on it.
    level: act, watch or none. expected: the class that is explained.
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
        """As process variables, by the names above."""
        return asdict(self)


def advice_from_outcome(outcome: CallOutcome) -> ProcessAdvice:
    """What the outcome of a call says to the process."""
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
    """A field that is null, as scores are where nothing was scored, is an empty text."""
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
    """Why a better rung could not answer, in words."""
    match reason:
        case {"sentence": str(sentence)}:
            return sentence
        case _:
            return str(reason)
