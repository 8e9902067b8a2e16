"""Immutable snapshot of the loaded models and profiles; replaced atomically on reload."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import psutil  # type: ignore[import-untyped] # it ships no types

from data.lake import Lake
from features.profile_storage import ProfilesError
from features.profiles import Profiles
from models.task import TaskName
from serving.audit.log.entry import Draft
from serving.audit.log.log_host import LogHost
from serving.model_registry.champions import (
    LoadedModel,
    UnavailableModel,
    load_champions,
    load_kept_model,
    load_previous_champions,
)
from serving.model_registry.pointer import ModelAlias, PointerError, read_pointer
from serving.recommendation.audit_sample import hash_fraction
from serving.tasks.served_task import ServedTask

MARK_FOLDER = "starting"


@contextmanager
def guard_model_loading(home: Path) -> Iterator[bool]:
    """Leave a mark while models are loaded; yield whether an earlier process crashed there.

    A home that cannot be written keeps no marks, so no crash is detected.
    """
    folder, host = home / MARK_FOLDER, socket.gethostname()
    own_mark = folder / f"{host}-{os.getpid()}"
    crashed = False
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        for mark in folder.glob(f"{host}-*"):
            if not _process_alive(mark):
                mark.unlink(missing_ok=True)
                crashed = True
        own_mark.write_text(_process_start_time(os.getpid()))
    try:
        yield crashed
    finally:
        with suppress(OSError):
            own_mark.unlink(missing_ok=True)


def _process_alive(mark: Path) -> bool:
    """Return whether the process that left the mark still runs; its number may be reused."""
    number = mark.name.rpartition("-")[2]
    try:
        return number.isdecimal() and _process_start_time(int(number)) == mark.read_text()
    except (psutil.Error, FileNotFoundError):
        return False


def _process_start_time(number: int) -> str:
    return repr(psutil.Process(number).create_time())


AnswerListener = Callable[[Sequence[Draft]], None]


@dataclass(frozen=True)
class Canary:
    """Share of the cases that a challenger answers, 0 to 1. seed: decides which cases."""

    share: float
    seed: str

    def takes(self, task: TaskName, reference: Sequence[str]) -> bool:
        """Return whether the challenger answers a case; a growing share keeps the cases it had."""
        return hash_fraction(self.seed, task, reference) < self.share


@dataclass(frozen=True)
class ActiveModels:
    """Immutable snapshot of the loaded models and profiles; a request is scored with one.

    champions, previous, challengers: the models that could be loaded, by task. missing: why a
    task has no champion. profiles: None where they cannot be read. canaries: the share of cases
    that each challenger answers. refused: why an offered model or snapshot was not taken, by
    the name of its slot.
    """

    champions: Mapping[TaskName, LoadedModel]
    missing: Mapping[TaskName, UnavailableModel]
    profiles: Profiles | None
    previous: Mapping[TaskName, LoadedModel] = field(default_factory=dict)
    challengers: Mapping[TaskName, LoadedModel] = field(default_factory=dict)
    canaries: Mapping[TaskName, Canary] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)

    def model_for(self, task: TaskName, reference: Sequence[str]) -> tuple[LoadedModel, ModelAlias]:
        """Return the model that answers the case of that reference, and its alias.

        Raises:
            KeyError: the task has no champion.
        """
        champion, canary = self.champions[task], self.canaries.get(task)
        if canary and task in self.challengers and canary.takes(task, reference):
            return self.challengers[task], ModelAlias.CHALLENGER
        return champion, ModelAlias.CHAMPION


class ActiveModelsHolder:
    """Holds the active models; a request reads `current` once and keeps what it read.

    listeners: called with the drafts of answers after these were recorded; they never raise and
    never wait.
    """

    def __init__(self, current: ActiveModels) -> None:
        self.current = current
        self.listeners: tuple[AnswerListener, ...] = ()

    def swap(self, active: ActiveModels) -> ActiveModels:
        """Replace the active models, and return those before."""
        before, self.current = self.current, active
        return before

    def notify(self, answered: Sequence[Draft]) -> None:
        """Call the listeners with what was recorded of answers."""
        for listener in self.listeners:
            listener(answered)


class ModelHost(LogHost, Protocol):
    """The engine as background workers that change or compare its models see it."""

    @property
    def tasks(self) -> Mapping[TaskName, ServedTask]:
        """The tasks that are served."""

    @property
    def models(self) -> ActiveModelsHolder:
        """The models that answer now."""


def load_active_models(lake: Lake, tasks: Mapping[TaskName, ServedTask]) -> ActiveModels:
    """Load the lake's models and profiles; what cannot be loaded is named, not raised."""
    with guard_model_loading(lake.home) as ended_before:
        ready, missing = load_champions(lake, tasks, suspect=ended_before)
        challengers = _load_challengers(lake, tasks, suspect=ended_before)
        previous = load_previous_champions(lake, tasks, suspect=ended_before)
    return ActiveModels(
        ready,
        missing,
        open_profiles(lake.profiles),
        previous,
        {name: one for name, (one, _) in challengers.items()},
        {name: canary for name, (_, canary) in challengers.items()},
    )


def open_profiles(path: Path) -> Profiles | None:
    """Open the profiles of a file; None where they are missing or damaged."""
    try:
        return Profiles.open(path)
    except ProfilesError:
        return None


def _load_challengers(
    lake: Lake, tasks: Mapping[TaskName, ServedTask], *, suspect: bool
) -> dict[TaskName, tuple[LoadedModel, Canary]]:
    """Load the challengers that can be loaded; of the others the watcher says why."""
    found = {}
    for name, entry in tasks.items():
        try:
            pointer = read_pointer(lake.models / name, ModelAlias.CHALLENGER)
        except PointerError:
            continue
        if pointer is None:
            continue
        loaded = load_kept_model(
            lake.models / name, pointer.version, pointer.digest, entry, suspect=suspect
        )
        if isinstance(loaded, LoadedModel):
            found[name] = (loaded, Canary(pointer.share, pointer.seed))
    return found
