"""Build features from history measures: shares, means, standard deviations, trends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from features.cases import Cases
from features.feature import Feature, Floats, Theme, ratio

ComputeFeature = Callable[[Cases], Floats]


@dataclass(frozen=True)
class HistoryFeatures:
    """Builder of the features of one history stream.

    Attributes:
        stream: name of the stream.
        prefix: start of the feature names.
        who: the entity in a sentence ("this supplier").
        what: the events in a sentence ("deliveries").
    """

    stream: str
    prefix: str
    theme: Theme
    who: str
    what: str

    def share(self, part: str, of: str, window: str, words: str) -> Feature:
        """Share of the events counted by `of` that are counted by `part`."""
        return self._feature(
            f"{part}_share_{window}",
            "share",
            f"{{value:.0%}} of {self.what} of {self.who} {words} ({window_in_words(window)})",
            lambda cases: ratio(self._sum(cases, part, window), self._sum(cases, of, window)),
            window,
        )

    def mean(self, measure: str, of: str, window: str, unit: str, words: str) -> Feature:
        """Sum of a measure over the count `of`; `words` hold `{value}`."""
        return self._feature(
            f"{measure}_mean_{window}",
            unit,
            f"{words} ({self.what} of {self.who}, {window_in_words(window)})",
            lambda cases: ratio(self._sum(cases, measure, window), self._sum(cases, of, window)),
            window,
        )

    def spread(self, measure: str, of: str, window: str, unit: str, words: str) -> Feature:
        """Standard deviation of a measure that has its squares in `{measure}_sq`."""

        def compute(cases: Cases) -> Floats:
            count = self._sum(cases, of, window)
            mean = ratio(self._sum(cases, measure, window), count)
            square = ratio(self._sum(cases, f"{measure}_sq", window), count)
            return np.sqrt(np.maximum(square - mean * mean, 0.0))

        return self._feature(
            f"{measure}_spread_{window}",
            unit,
            f"{words} ({self.what} of {self.who}, {window_in_words(window)})",
            compute,
            window,
        )

    def trend(self, part: str, of: str, recent: str, long: str, words: str) -> Feature:
        """Share of `part` in the recent window less its share in the long one."""

        def compute(cases: Cases) -> Floats:
            now = ratio(self._sum(cases, part, recent), self._sum(cases, of, recent))
            return now - ratio(self._sum(cases, part, long), self._sum(cases, of, long))

        return self._feature(
            f"{part}_share_trend",
            "share",
            f"share of {self.what} of {self.who} that {words} moved by {{value:+.0%}} "
            f"({window_in_words(recent)} against {window_in_words(long)})",
            compute,
            recent,
        )

    def value(self, measure: str, unit: str, words: str) -> Feature:
        """A measure as it is; its full name ends in a window, `ever`, `last` or `since`."""
        return self._feature(measure, unit, words, lambda cases: self._of(cases, measure), "ever")

    def _feature(
        self, name: str, unit: str, words: str, compute: ComputeFeature, window: str
    ) -> Feature:
        missing = f"no {self.what} of {self.who} known ({window_in_words(window)})"
        return Feature(f"{self.prefix}_{name}", self.theme, unit, missing, words, compute)

    def _sum(self, cases: Cases, measure: str, window: str) -> Floats:
        return self._of(cases, f"{measure}_{window}")

    def _of(self, cases: Cases, measure: str) -> Floats:
        return cases.past(f"{self.stream}_{measure}")


def window_in_words(window: str) -> str:
    """Write a window in words: `91d` is "last 91 days", `ever` is "whole history"."""
    return "whole history" if window == "ever" else f"last {window.removesuffix('d')} days"
