"""The line-up: every model and profile that answers now, swapped as one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from data.lake import Lake
from features.profiles import Profiles, ProfilesError
from models.task import TaskName
from serving.audit.entry import Draft
from serving.audit_sample import drawn
from serving.catalogue import Served
from serving.champions import Champion, Missing, champions, earlier, kept
from serving.swap.pointed import Alias, PointerError, pointed
from serving.swap.starting import starting

Listener = Callable[[Sequence[Draft]], None]


@dataclass(frozen=True)
class Canary:
    """Which cases a challenger answers. share: of all, 0 to 1. seed: draws them."""

    share: float
    seed: str

    def takes(self, task: TaskName, reference: Sequence[str]) -> bool:
        """Whether it answers that case: the same ever again, and still if the share grows."""
        return drawn(self.seed, task, reference) < self.share


@dataclass(frozen=True)
class Lineup:
    """What answers a request from its first case to its last, whatever is loaded meanwhile.

    champions, previous, challengers: by task, those that could be loaded. missing: why a task
    has no champion. profiles: the past; None where it cannot be read. canaries: what part of
    the cases each challenger answers. refused: what was offered and not taken, and why.
    """

    champions: Mapping[TaskName, Champion]
    missing: Mapping[TaskName, Missing]
    profiles: Profiles | None
    previous: Mapping[TaskName, Champion] = field(default_factory=dict)
    challengers: Mapping[TaskName, Champion] = field(default_factory=dict)
    canaries: Mapping[TaskName, Canary] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)

    def answering(self, task: TaskName, reference: Sequence[str]) -> tuple[Champion, Alias]:
        """Who answers a case of that reference, and as what.

        Raises:
            KeyError: the task has no champion.
        """
        champion, canary = self.champions[task], self.canaries.get(task)
        if canary and task in self.challengers and canary.takes(task, reference):
            return self.challengers[task], Alias.CHALLENGER
        return champion, Alias.CHAMPION


class Live:
    """Holds the line-up that answers now. Whoever answers looks once, and keeps what it saw.

    listeners: told of answers after they were recorded; they never raise and never wait.
    """

    def __init__(self, now: Lineup) -> None:
        self.now = now
        self.listeners: tuple[Listener, ...] = ()

    def swap(self, lineup: Lineup) -> Lineup:
        """Let another one answer from now on; the one before."""
        before, self.now = self.now, lineup
        return before

    def tell(self, answered: Sequence[Draft]) -> None:
        """Tell the listeners what was recorded of answers."""
        for listener in self.listeners:
            listener(answered)


def assembled(lake: Lake, tasks: Mapping[TaskName, Served]) -> Lineup:
    """What the lake has for those tasks; what cannot be loaded is named, not raised."""
    with starting(lake.home) as ended_before:
        ready, missing = champions(lake, tasks, suspect=ended_before)
        challengers = _challengers(lake, tasks, suspect=ended_before)
        previous = earlier(lake, tasks, suspect=ended_before)
    return Lineup(
        ready,
        missing,
        profiles_at(lake.profiles),
        previous,
        {name: one for name, (one, _) in challengers.items()},
        {name: canary for name, (_, canary) in challengers.items()},
    )


def profiles_at(path: Path) -> Profiles | None:
    """The profiles in that file; None where they are missing or damaged."""
    try:
        return Profiles.open(path)
    except ProfilesError:
        return None


def _challengers(
    lake: Lake, tasks: Mapping[TaskName, Served], *, suspect: bool
) -> dict[TaskName, tuple[Champion, Canary]]:
    """Those that nobody misses where they cannot be loaded: the watcher says why not."""
    found = {}
    for name, entry in tasks.items():
        try:
            at = pointed(lake.models / name, Alias.CHALLENGER)
        except PointerError:
            continue
        if at is None:
            continue
        one = kept(lake.models / name, at.version, at.digest, entry, suspect=suspect)
        if isinstance(one, Champion):
            found[name] = (one, Canary(at.share, at.seed))
    return found
