"""A place in the line-up: what is offered for it, and whether it is to be taken now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from models.task import TaskName
from serving.catalogue import Served
from serving.champions import Champion
from serving.lineup import Canary, Lineup
from serving.swap.offer import Signature, Trials, signature
from serving.swap.pointed import Alias, Pointed, PointerError, pointed


@dataclass(frozen=True)
class Taken:
    """A model that takes a place, or with None: that nobody holds it any more."""

    champion: Champion | None
    canary: Canary | None = None


@dataclass(frozen=True)
class Refusal:
    """An offer that is turned down. digest: empty where the pointer cannot be read."""

    version: str
    digest: str
    why: str


Found = Taken | Refusal | None


@dataclass
class Place:
    """One alias of one task. patience: seconds that files may be on their way.

    now: seconds that only go forward.
    """

    task: TaskName
    alias: Alias
    home: Path
    entry: Served
    patience: float
    now: Callable[[], float]
    refused: Signature | None = None
    reported: set[tuple[str, str]] = field(default_factory=set)
    waiting: tuple[Signature, float, Refusal] | None = None

    def look(self, lineup: Lineup, trials: Trials) -> Found:
        """What is to change in the place; None where nothing is, or not yet."""
        try:
            at = pointed(self.home, self.alias)
        except PointerError as error:
            if self.alias is Alias.PREVIOUS:
                return None  # the champion's place tells of it
            why = str(error).replace(f"{self.home}/", "")
            return self._patiently(signature(self.home, self.alias, ""), Refusal("", "", why))
        if at is None:
            return self._empty(lineup)
        if self._holds(lineup, at):
            self.refused = self.waiting = None
            return None
        return self._offered(at, lineup, trials)

    def again(self) -> None:
        """Look anew at what was refused: nobody could be told of it."""
        self.refused = self.waiting = None
        self.reported.clear()

    def holder(self, lineup: Lineup) -> Champion | None:
        """Who holds the place now."""
        match self.alias:
            case Alias.CHAMPION:
                return lineup.champions.get(self.task)
            case Alias.PREVIOUS:
                return lineup.previous.get(self.task)
            case Alias.CHALLENGER:
                return lineup.challengers.get(self.task)

    def new(self, refusal: Refusal) -> bool:
        """Whether that offer was not reported as refused since it last held; from now on it was.

        Files that come slowly are refused for one reason after another: the first is told.
        """
        named = (refusal.version, refusal.digest)
        said = named if refusal.digest else ("", refusal.why)
        if said in self.reported:
            return False
        if len(self.reported) >= Trials.MOST:
            self.reported.clear()
        self.reported.add(said)
        return True

    def _empty(self, lineup: Lineup) -> Found:
        """No pointer: a challenger steps down; a champion stays until another one is named."""
        self.refused = self.waiting = None
        leaves = self.alias is not Alias.CHAMPION and self.holder(lineup) is not None
        return Taken(None) if leaves else None

    def _holds(self, lineup: Lineup, at: Pointed) -> bool:
        held = self.holder(lineup)
        if held is None or (held.model.digest, held.version) != (at.digest, at.version):
            return False
        canary = Canary(at.share, at.seed)
        return self.alias is not Alias.CHALLENGER or lineup.canaries.get(self.task) == canary

    def _offered(self, at: Pointed, lineup: Lineup, trials: Trials) -> Found:
        lies = signature(self.home, self.alias, at.digest)
        if lies == self.refused or self._waits(lies):
            return None
        found = self._at_hand(lineup, at) or trials.examine(self.home, at, self.entry)
        if isinstance(found, Champion):
            self.waiting = None
            self.reported.discard((at.version, at.digest))
            return Taken(found, Canary(at.share, at.seed))
        refusal = Refusal(at.version, at.digest, found.why)
        return self._refuse(lies, refusal) if found.final else self._patiently(lies, refusal)

    def _at_hand(self, lineup: Lineup, at: Pointed) -> Champion | None:
        """A model that another place holds needs no second copy."""
        for held in (lineup.champions, lineup.previous, lineup.challengers):
            one = held.get(self.task)
            if one and (one.model.digest, one.version) == (at.digest, at.version):
                return one
        return None

    def _waits(self, lies: Signature) -> bool:
        """Whether nothing has changed, and its files may still be on their way."""
        if self.waiting is None or self.waiting[0] != lies:
            return False
        return self.now() - self.waiting[1] < self.patience

    def _patiently(self, lies: Signature, refusal: Refusal) -> Refusal | None:
        """Refuse once the same lay there for as long as patience lasts."""
        if lies == self.refused:
            return None
        if self.waiting is None or self.waiting[0] != lies:
            self.waiting = (lies, self.now(), refusal)
        return None if self._waits(lies) else self._refuse(lies, refusal)

    def _refuse(self, lies: Signature, refusal: Refusal) -> Refusal:
        self.refused, self.waiting = lies, None
        return refusal
