"""A signal: one thing that was compared, where, by how much it differs, and by what chance."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, assert_never

EVERYWHERE = "all"


class Family(StrEnum):
    """Signals that share one allowance of false alarms."""

    INPUTS = "inputs"
    SCORE = "score"
    CALIBRATION = "calibration"
    COVERAGE = "coverage"
    CONDUCT = "conduct"


class Kind(StrEnum):
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
    def family(self) -> Family:
        """The family whose allowance it uses."""
        match self:
            case Kind.SHIFT | Kind.MISSING | Kind.UNSEEN | Kind.OUTSIDE:
                return Family.INPUTS
            case Kind.SCORE:
                return Family.SCORE
            case Kind.LEVEL | Kind.SPREAD | Kind.SKILL:
                return Family.CALIBRATION
            case Kind.CLASS_SET | Kind.INTERVAL:
                return Family.COVERAGE
            case Kind.ABSTAINED | Kind.OVERRIDDEN | Kind.FOLLOWED:
                return Family.CONDUCT
            case _:
                assert_never(self)


@dataclass(frozen=True)
class Signal:
    """One comparison.

    place: a site, or EVERYWHERE. subject: the feature, class or score it is of.
    rows: cases compared. found, expected: now and by the reference, as shares or medians.
    effect: by how much it differs, in the unit of `Limits.least`; never below 0.
    p: chance of as much where nothing changed. adjusted: the same by Holm over the family.
    raised: whether it is both unlikely and large enough. figures: further numbers.
    value: of a category, the one whose share moved most; found and expected are its shares.
    """

    kind: Kind
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
        return self.place == EVERYWHERE

    def as_json(self) -> dict[str, Any]:
        """Plain values; a number that is not known is null."""
        plain = asdict(self) | {"kind": str(self.kind), "figures": _known(self.figures)}
        return _known(plain)


def _known(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in fields.items()}
