"""Named ways to tamper with an audit log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.tampering.scene import Expected, Scene

Tamper = Callable[[Scene], Expected]


@dataclass(frozen=True)
class Attack:
    """Named attack; `tamper` strikes at a random place and returns the expected finding."""

    name: str
    tamper: Tamper


def attack(tamper: Tamper) -> Attack:
    """Name a function as an attack, after its own name."""
    return Attack(tamper.__name__.replace("_", "-"), tamper)
