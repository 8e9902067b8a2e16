"""A way to tamper with a record, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.tampering.scene import Expected, Scene

Tamper = Callable[[Scene], Expected]


@dataclass(frozen=True)
class Attack:
    """A way to tamper. tamper: does it, somewhere at random, and says what must be found."""

    name: str
    tamper: Tamper


def attack(tamper: Tamper) -> Attack:
    """The attack that a function does, under its name."""
    return Attack(tamper.__name__.replace("_", "-"), tamper)
