"""Score of one case, and the waterfall of contributions that explains it, as both are recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, Self

Value = float | str | None


class WaterfallStep(Protocol):
    """Contribution of one feature, or of all others together, to the probability."""

    @property
    def feature(self) -> str:
        """Name of the feature."""

    @property
    def theme(self) -> str | None:
        """Subject of the feature."""

    @property
    def value(self) -> Value:
        """Value that the model read; None where it was missing."""

    @property
    def sentence(self) -> str:
        """The fact in words."""

    @property
    def contribution(self) -> float:
        """Change of the probability."""


class Waterfall(tuple[WaterfallStep, ...]):
    """Steps in the order they are added up in, the strongest first."""

    __slots__ = ()

    def as_dicts(self) -> list[dict[str, Value]]:
        """Return the steps with words and values, as reports read them."""
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
    """Prediction for one case, as it is recorded; see `models.model.Predictions`.

    probability: of class `explained`.
    low, high: exact 90 % interval of the share of similar past cases that ended so.
    similar, similar_hits: past cases with a similar probability, and those of class `explained`.
    quantiles: of the delay in days by level ("0.5"), where the task predicts one.
    base, steps: base + contributions of the steps == probability, exactly; None where the
        reasons were not computed.
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
        """Return the fields as they are recorded."""
        return dict(vars(self))

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> Self:
        """Build the score from recorded fields, without its steps.

        Raises:
            TypeError: a field is missing or unknown.
        """
        return cls(**{**fields, "base": None, "steps": None})
