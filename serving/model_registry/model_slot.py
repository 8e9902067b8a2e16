"""A model slot.

One alias of one task, and whether the offered model is loaded, refused or awaited.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from models.task import TaskName
from serving.model_registry.active_models import ActiveModels, Canary
from serving.model_registry.candidate_check import CandidateChecker, FileSignature, slot_signature
from serving.model_registry.champions import LoadedModel
from serving.model_registry.pointer import ModelAlias, ModelPointer, PointerError, read_pointer
from serving.tasks.served_task import ServedTask


@dataclass(frozen=True)
class SlotChange:
    """A model that takes a place, or with None: that nobody holds it any more."""

    champion: LoadedModel | None
    canary: Canary | None = None


@dataclass(frozen=True)
class OfferRefusal:
    """An offer that is turned down. digest: empty where the pointer cannot be read."""

    version: str
    digest: str
    why: str


SlotDecision = SlotChange | OfferRefusal | None


@dataclass
class ModelSlot:
    """One alias of one task. patience: seconds that files may be on their way.

    now: seconds that only go forward.
    """

    task: TaskName
    alias: ModelAlias
    home: Path
    entry: ServedTask
    patience: float
    now: Callable[[], float]
    refused: FileSignature | None = None
    reported: set[tuple[str, str]] = field(default_factory=set)
    waiting: tuple[FileSignature, float, OfferRefusal] | None = None

    def look(self, active: ActiveModels, trials: CandidateChecker) -> SlotDecision:
        """What is to change in the place; None where nothing is, or not yet."""
        try:
            at = read_pointer(self.home, self.alias)
        except PointerError as error:
            if self.alias is ModelAlias.PREVIOUS:
                return None  # the champion's place tells of it
            why = str(error).replace(f"{self.home}/", "")
            return self._refuse_after_patience(
                slot_signature(self.home, self.alias, ""), OfferRefusal("", "", why)
            )
        if at is None:
            return self._empty(active)
        if self._is_loaded(active, at):
            self.refused = self.waiting = None
            return None
        return self._examine_offer(at, active, trials)

    def again(self) -> None:
        """Look anew at what was refused: nobody could be told of it."""
        self.refused = self.waiting = None
        self.reported.clear()

    def holder(self, active: ActiveModels) -> LoadedModel | None:
        """Who holds the place now."""
        match self.alias:
            case ModelAlias.CHAMPION:
                return active.champions.get(self.task)
            case ModelAlias.PREVIOUS:
                return active.previous.get(self.task)
            case ModelAlias.CHALLENGER:
                return active.challengers.get(self.task)

    def new(self, refusal: OfferRefusal) -> bool:
        """Whether that offer was not reported as refused since it last held; from now on it was.

        Files that come slowly are refused for one reason after another: the first is told.
        """
        named = (refusal.version, refusal.digest)
        said = named if refusal.digest else ("", refusal.why)
        if said in self.reported:
            return False
        if len(self.reported) >= CandidateChecker.MOST:
            self.reported.clear()
        self.reported.add(said)
        return True

    def _empty(self, active: ActiveModels) -> SlotDecision:
        """No pointer: a challenger steps down; a champion stays until another one is named."""
        self.refused = self.waiting = None
        leaves = self.alias is not ModelAlias.CHAMPION and self.holder(active) is not None
        return SlotChange(None) if leaves else None

    def _is_loaded(self, active: ActiveModels, at: ModelPointer) -> bool:
        held = self.holder(active)
        if held is None or (held.model.digest, held.version) != (at.digest, at.version):
            return False
        canary = Canary(at.share, at.seed)
        return self.alias is not ModelAlias.CHALLENGER or active.canaries.get(self.task) == canary

    def _examine_offer(
        self, at: ModelPointer, active: ActiveModels, trials: CandidateChecker
    ) -> SlotDecision:
        lies = slot_signature(self.home, self.alias, at.digest)
        if lies == self.refused or self._files_may_still_arrive(lies):
            return None
        found = self._loaded_in_other_slot(active, at) or trials.examine(self.home, at, self.entry)
        if isinstance(found, LoadedModel):
            self.waiting = None
            self.reported.discard((at.version, at.digest))
            return SlotChange(found, Canary(at.share, at.seed))
        refusal = OfferRefusal(at.version, at.digest, found.why)
        return (
            self._refuse(lies, refusal)
            if found.final
            else self._refuse_after_patience(lies, refusal)
        )

    def _loaded_in_other_slot(self, active: ActiveModels, at: ModelPointer) -> LoadedModel | None:
        """A model that another place holds needs no second copy."""
        for held in (active.champions, active.previous, active.challengers):
            one = held.get(self.task)
            if one and (one.model.digest, one.version) == (at.digest, at.version):
                return one
        return None

    def _files_may_still_arrive(self, lies: FileSignature) -> bool:
        """Whether nothing has changed, and its files may still be on their way."""
        if self.waiting is None or self.waiting[0] != lies:
            return False
        return self.now() - self.waiting[1] < self.patience

    def _refuse_after_patience(
        self, lies: FileSignature, refusal: OfferRefusal
    ) -> OfferRefusal | None:
        """Refuse once the same lay there for as long as patience lasts."""
        if lies == self.refused:
            return None
        if self.waiting is None or self.waiting[0] != lies:
            self.waiting = (lies, self.now(), refusal)
        return None if self._files_may_still_arrive(lies) else self._refuse(lies, refusal)

    def _refuse(self, lies: FileSignature, refusal: OfferRefusal) -> OfferRefusal:
        self.refused, self.waiting = lies, None
        return refusal
