"""Feature as a fitted model keeps it: meaning, categories and range seen in training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from features.feature import Feature, FeatureKind, Theme


@dataclass(frozen=True)
class FeatureSpec:
    """One input of a fitted model.

    categories: in code order, those with enough training rows. rare: seen in training, but
        too seldom to learn from; they share the code after the last category.
    low, high: least and greatest number in the training rows, None where there was none
        (and for categories).
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

    @property
    def other_code(self) -> int:
        """The code that rare categories share."""
        return len(self.categories)

    @cached_property
    def text_of_missing(self) -> str:
        """The sentence where there is no value: made once, it is what most cases have most of."""
        return f"missing: {self.missing}"

    def text(self, value: float | str | None) -> str:
        """The sentence a reviewer reads for this value; None and NaN are missing."""
        if value is None or value != value:  # noqa: PLR0124 (NaN is the one unlike itself)
            return self.text_of_missing
        return self.sentence.format(value=value)

    def as_json(self) -> dict[str, Any]:
        """Plain values, read back by `from_json`."""
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
        }

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> FeatureSpec:
        """The spec written by `as_json`."""
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
        )

    @classmethod
    def of(
        cls,
        feature: Feature,
        categories: tuple[str, ...] = (),
        rare: tuple[str, ...] = (),
        seen: tuple[float | None, float | None] = (None, None),
    ) -> FeatureSpec:
        """The feature together with what training rows held of it."""
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
