"""Score of one case, and the waterfall of contributions that explains it, as both are recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, Self

Value = float | str | None


class WaterfallStep(Protocol):
    """A step of the waterfall: what one fact (or all others together) did to the probability."""

    @property
    def feature(self) -> str:
        """Its name."""

    @property
    def theme(self) -> str | None:
        """Its subject."""

    @property
    def value(self) -> Value:
        """As the model read it; None where it was missing."""

    @property
    def sentence(self) -> str:
        """What a reviewer reads."""

    @property
    def contribution(self) -> float:
        """Change of the probability."""


class Waterfall(tuple[WaterfallStep, ...]):
    """Steps in the order in which they were added up, the strongest first."""

    __slots__ = ()

    def told(self) -> list[dict[str, Value]]:
        """With words and values, as entries of earlier versions hold them and reports read them."""
        return [
            {
                "feature": step.feature,
                "theme": str(step.theme or ""),
                "value": step.value,
                "sentence": step.sentence,
                "contribution": step.contribution,
            }
            for step in self
        ]


@dataclass(frozen=True)
class Score:
    """What the model says of one case, as it is recorded; see `models.model.Predictions`.

    base + the steps' contributions == probability, exactly; both are of class `explained`, and
    None where nobody wanted them. quantiles: of the delay in days by level ("0.5"), where the
    task predicts one.
    """

    probabilities: dict[str, float]
    explained: str
    probability: float
    low: float
    high: float
    similar: int
    similar_hits: int
    class_set: list[str]
    quantiles: dict[str, float]
    unseen: list[str]
    outside: list[str]
    base: float | None = None
    steps: Waterfall | None = None

    def recorded(self) -> dict[str, Any]:
        """As the record holds it."""
        return dict(vars(self))

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> Self:
        """What was recorded, but for its steps.

        Raises:
            TypeError: it is no score.
        """
        return cls(**{**fields, "base": None, "steps": None})
