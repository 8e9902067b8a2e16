"""Companions: what runs beside the answers in every process of the service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from serving.engine import Engine
from serving.events.learning import learning
from serving.events.telling import telling
from serving.moving import moving
from serving.settings import Settings
from serving.swap.shadow import shadow
from serving.swap.watcher import watcher


class Companion(Protocol):
    """Work on threads of its own, from the start of a process to its end."""

    def start(self) -> None:
        """Begin."""

    def stop(self, seconds: float) -> None:
        """End within so many seconds; what is not done by then is done after the next start."""


MAKERS: tuple[Callable[[Settings, Engine], Companion | None], ...] = (
    telling,
    learning,
    watcher,
    shadow,
    moving,
)
"""One line a companion; None where the settings do not want it."""


def companions(settings: Settings, engine: Engine) -> list[Companion]:
    """Everything that runs beside the answers of that engine."""
    made = [make(settings, engine) for make in MAKERS]
    return [companion for companion in made if companion is not None]
