"""A signal: one comparison at one site, its effect size and its p-value."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, assert_never

ALL_SITES = "all"


class SignalFamily(StrEnum):
    """Signals that share one allowance of false alarms."""

    INPUTS = "inputs"
    SCORE = "score"
    CALIBRATION = "calibration"
    COVERAGE = "coverage"
    CONDUCT = "conduct"


class SignalKind(StrEnum):
    """What is compared."""

    SHIFT = "shift"
    MISSING = "missing"
    UNSEEN = "unseen"
    OUTSIDE = "outside"
    SCORE = "score"
    LEVEL = "level"
    SPREAD = "spread"
    SKILL = "skill"
    CLASS_SET = "class_set"
    INTERVAL = "interval"
    ABSTAINED = "abstained"
    OVERRIDDEN = "overridden"
    FOLLOWED = "followed"

    @property
    def family(self) -> SignalFamily:
        """The family whose allowance it uses."""
        match self:
            case SignalKind.SHIFT | SignalKind.MISSING | SignalKind.UNSEEN | SignalKind.OUTSIDE:
                return SignalFamily.INPUTS
            case SignalKind.SCORE:
                return SignalFamily.SCORE
            case SignalKind.LEVEL | SignalKind.SPREAD | SignalKind.SKILL:
                return SignalFamily.CALIBRATION
            case SignalKind.CLASS_SET | SignalKind.INTERVAL:
                return SignalFamily.COVERAGE
            case SignalKind.ABSTAINED | SignalKind.OVERRIDDEN | SignalKind.FOLLOWED:
                return SignalFamily.CONDUCT
            case _:
                assert_never(self)


@dataclass(frozen=True)
class Signal:
    """One comparison.

    place: a site, or EVERYWHERE. subject: the feature, class or score it is of.
    rows: cases compared. found, expected: now and by the reference, as shares or medians.
    effect: by how much it differs, in the unit of `Limits.min_effect`; never below 0.
    p: chance of as much where nothing changed. adjusted: the same by Holm over the family.
    raised: whether it is both unlikely and large enough. figures: further numbers.
    value: of a category, the one whose share moved most; found and expected are its shares.
    """

    kind: SignalKind
    place: str
    subject: str
    rows: int
    found: float
    expected: float
    effect: float
    p: float
    adjusted: float = 1.0
    raised: bool = False
    figures: Mapping[str, float] = field(default_factory=dict)
    value: str = ""

    @property
    def everywhere(self) -> bool:
        """Whether it is of all sites together."""
        return self.place == ALL_SITES

    def as_json(self) -> dict[str, Any]:
        """Plain values; a number that is not known is null."""
        plain = asdict(self) | {"kind": str(self.kind), "figures": _nan_to_none(self.figures)}
        return _nan_to_none(plain)


def _nan_to_none(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in fields.items()}
