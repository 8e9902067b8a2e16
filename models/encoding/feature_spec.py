"""Feature as a fitted model keeps it: meaning, categories and range seen in training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from features.feature import Feature, FeatureKind, Theme
from features.value_wording import word_sentence

LEAST_GAIN = 0.01
"""Share of all gain from which a feature counts as in use."""


@dataclass(frozen=True)
class FeatureSpec:
    """One input of a fitted model.

    Attributes:
        categories: those with enough training rows, in code order.
        rare: categories seen in training, but too seldom to learn from; they share the code
            after the last category.
        low, high: least and greatest number in the training rows, None where there was none
            (and for categories).
        in_use: whether the fitted trees look at it; what lies outside the range of one that they
            do not look at says nothing about a score.
        missing, sentence, unit, theme: as in `features.feature.Feature`.
    """

    name: str
    kind: FeatureKind
    theme: Theme
    unit: str
    missing: str
    sentence: str
    categories: tuple[str, ...] = ()
    rare: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    in_use: bool = True

    @property
    def other_code(self) -> int:
        """The code that rare categories share."""
        return len(self.categories)

    @cached_property
    def text_of_missing(self) -> str:
        """Sentence for a missing value; built once, as most cases have many of them."""
        return f"missing: {self.missing}"

    def text(self, value: float | str | None) -> str:
        """Return the sentence that a reviewer reads for a value; None and NaN are missing."""
        if value is None or value != value:  # noqa: PLR0124 (NaN is the one unlike itself)
            return self.text_of_missing
        return word_sentence(self.sentence, value)

    def as_json(self) -> dict[str, Any]:
        """Return plain values that `from_json` reads back."""
        return {
            "name": self.name,
            "kind": str(self.kind),
            "theme": str(self.theme),
            "unit": self.unit,
            "missing": self.missing,
            "sentence": self.sentence,
            "categories": list(self.categories),
            "rare": list(self.rare),
            "low": self.low,
            "high": self.high,
            "in_use": self.in_use,
        }

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> FeatureSpec:
        """Read the spec that `as_json` wrote."""
        return cls(
            name=fields["name"],
            kind=FeatureKind(fields["kind"]),
            theme=Theme(fields["theme"]),
            unit=fields["unit"],
            missing=fields["missing"],
            sentence=fields["sentence"],
            categories=tuple(fields["categories"]),
            rare=tuple(fields["rare"]),
            low=fields["low"],
            high=fields["high"],
            in_use=fields.get("in_use", True),
        )

    @classmethod
    def of(
        cls,
        feature: Feature,
        categories: tuple[str, ...] = (),
        rare: tuple[str, ...] = (),
        seen: tuple[float | None, float | None] = (None, None),
    ) -> FeatureSpec:
        """Combine a feature with its categories or range in the training rows."""
        return cls(
            name=feature.name,
            kind=feature.kind,
            theme=feature.theme,
            unit=feature.unit,
            missing=feature.missing,
            sentence=feature.sentence,
            categories=categories,
            rare=rare,
            low=seen[0],
            high=seen[1],
        )
