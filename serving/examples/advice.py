"""What a process needs to know of an answer, as variables that its gateways and tables read."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, assert_never

from serving.examples.outcome import Answered, Away, Outcome, Refused

NOT_ANSWERED = "none"


@dataclass(frozen=True)
class Advice:
    """An answer, flat. Without one, `rung` is "none" and `why` says what happened.

    rung: champion, previous, rules, no_score; only the first two come with a score.
    abstained: there is a score, and the service says not to act on it.
    level: act, watch or none. expected: the class that is explained.
    """

    recommendation: str = ""
    rung: str = NOT_ANSWERED
    abstained: bool = False
    level: str = ""
    expected: str = ""
    sentence: str = ""
    report: str = ""
    why: str = ""

    def variables(self) -> dict[str, Any]:
        """As process variables, by the names above."""
        return asdict(self)


def advice(outcome: Outcome) -> Advice:
    """What the outcome of a call says to the process."""
    match outcome:
        case Answered(body):
            return _advice(body)
        case Away(why):
            return Advice(why=f"away: {why}")
        case Refused(why):
            return Advice(why=f"refused: {why}")
        case _:
            assert_never(outcome)


def _advice(body: dict[str, Any]) -> Advice:
    """A field that is null, as scores are where nothing was scored, is an empty text."""
    return Advice(
        recommendation=body["id"],
        rung=body.get("rung") or "champion",
        abstained=bool(body.get("abstained")),
        level=body.get("level") or "",
        expected=body.get("explained_class") or "",
        sentence=body.get("sentence") or "",
        report=body.get("report") or "",
        why="; ".join(_sentence(reason) for reason in body.get("rung_reasons") or ()),
    )


def _sentence(reason: Any) -> str:
    """Why a better rung could not answer, in words."""
    match reason:
        case {"sentence": str(sentence)}:
            return sentence
        case _:
            return str(reason)
