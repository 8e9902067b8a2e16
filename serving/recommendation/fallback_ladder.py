"""Fallback ladder: champion, previous champion, rules only, no score; and the steps down it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from models.abstention import AbstentionReason


class Rung(StrEnum):
    """How an answer was made, the best first."""

    CHAMPION = "champion"
    PREVIOUS = "previous"
    RULES = "rules"
    NO_SCORE = "no_score"


class Trigger(StrEnum):
    """What makes the service step down a rung."""

    MODEL_MISSING = "MODEL_MISSING"
    MODEL_DAMAGED = "MODEL_DAMAGED"
    PROFILES_MISSING = "PROFILES_MISSING"
    PROFILES_STALE = "PROFILES_STALE"
    ABSTAINED = "ABSTAINED"
    OUT_OF_TIME = "OUT_OF_TIME"
    PAUSED = "PAUSED"
    NOTHING_FOUND = "NOTHING_FOUND"


class StepDown(BaseModel):
    """Why a rung was left for a lower one; what holds for both models is said once."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rung: Rung = Field(description="the rung that could not answer")
    code: Trigger
    sentence: str


NO_ALIAS = "none"
NOTHING_FOUND = StepDown(
    rung=Rung.RULES, code=Trigger.NOTHING_FOUND, sentence="No rule found anything."
)


def rules_rung(down: Sequence[StepDown], *, found: bool) -> tuple[Rung, tuple[StepDown, ...]]:
    """Return the rung of a case on which no model advises, and why better ones were left.

    found: whether a rule found anything.
    """
    return (Rung.RULES, tuple(down)) if found else (Rung.NO_SCORE, (*down, NOTHING_FOUND))


def abstention_step(rung: Rung, codes: Sequence[str], sentence: str) -> StepDown:
    """Record that the model of a rung scored the case and does not advise on it.

    codes: of the abstentions. sentence: of the first one.
    """
    stale = AbstentionReason.STALE_HISTORY.name in codes
    code = Trigger.PROFILES_STALE if stale else Trigger.ABSTAINED
    return StepDown(rung=rung, code=code, sentence=sentence)
