"""A gate: a code, what it asks, and the function that looks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from training.gates.candidate import Candidate
from training.gates.finding import Finding, Verdict


@dataclass(frozen=True)
class Judgement:
    """A verdict with its sentence and the numbers behind it."""

    verdict: Verdict
    sentence: str
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Gate:
    """code: stable, `TRG001` and on. title: what is asked, in a few words."""

    code: str
    title: str
    look: Callable[[Candidate], Judgement]

    def finding(self, candidate: Candidate) -> Finding:
        """What the gate finds on this candidate; one that cannot be tried refuses it."""
        try:
            found = self.look(candidate)
        except Exception as error:  # noqa: BLE001 (whatever broke, the model was not tried)
            found = Judgement(
                Verdict.FAIL, f"Could not be tried: {type(error).__name__}: {error}".rstrip(". ")
            )
        return Finding(
            self.code, self.title, found.verdict, found.sentence.rstrip(".") + ".", found.figures
        )


def judged(*, refused: bool, sentence: str, figures: Mapping[str, float]) -> Judgement:
    """Fail where it is refused, else pass."""
    return Judgement(Verdict.FAIL if refused else Verdict.PASS, sentence, figures)


def not_applicable(why: str) -> Judgement:
    """Nothing was tried; `why` says what was missing."""
    return Judgement(Verdict.NOT_APPLICABLE, why)
