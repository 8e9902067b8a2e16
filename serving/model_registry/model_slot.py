"""A model slot: one alias of one task, and whether its offered model is loaded or refused."""

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
    """The model that fills a slot; None empties it."""

    champion: LoadedModel | None
    canary: Canary | None = None


@dataclass(frozen=True)
class OfferRefusal:
    """An offered model that is refused. digest: empty where the pointer cannot be read."""

    version: str
    digest: str
    why: str


SlotDecision = SlotChange | OfferRefusal | None


@dataclass
class ModelSlot:
    """One alias of one task.

    home: the task's folder. patience: seconds for which files may still be arriving. now: reads
    a monotonic clock, in seconds. refused: signature of the files last refused. reported: refused
    offers that are recorded. waiting: signature of an unsound offer, when it was first seen, and
    the refusal that follows if it stays so.
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

    def look(self, active: ActiveModels, checker: CandidateChecker) -> SlotDecision:
        """Return what is to change in the slot; None where nothing is, or not yet."""
        try:
            pointer = read_pointer(self.home, self.alias)
        except PointerError as error:
            if self.alias is ModelAlias.PREVIOUS:
                return None  # the champion's slot reports it
            why = str(error).replace(f"{self.home}/", "")
            return self._refuse_after_patience(
                slot_signature(self.home, self.alias, ""), OfferRefusal("", "", why)
            )
        if pointer is None:
            return self._empty(active)
        if self._is_loaded(active, pointer):
            self.refused = self.waiting = None
            return None
        return self._examine_offer(pointer, active, checker)

    def forget_refusal(self) -> None:
        """Forget what was refused, because the refusal could not be recorded."""
        self.refused = self.waiting = None
        self.reported.clear()

    def holder(self, active: ActiveModels) -> LoadedModel | None:
        """Return the model in the slot; None where it is empty."""
        match self.alias:
            case ModelAlias.CHAMPION:
                return active.champions.get(self.task)
            case ModelAlias.PREVIOUS:
                return active.previous.get(self.task)
            case ModelAlias.CHALLENGER:
                return active.challengers.get(self.task)

    def mark_reported(self, refusal: OfferRefusal) -> bool:
        """Mark a refusal as reported, and return whether it was not before.

        Files that arrive slowly are refused for one reason after another; only the first is
        reported.
        """
        named = (refusal.version, refusal.digest)
        offer = named if refusal.digest else ("", refusal.why)
        if offer in self.reported:
            return False
        if len(self.reported) >= CandidateChecker.MOST:
            self.reported.clear()
        self.reported.add(offer)
        return True

    def _empty(self, active: ActiveModels) -> SlotDecision:
        """Without a pointer a challenger leaves; a champion stays until another one is named."""
        self.refused = self.waiting = None
        leaves = self.alias is not ModelAlias.CHAMPION and self.holder(active) is not None
        return SlotChange(None) if leaves else None

    def _is_loaded(self, active: ActiveModels, pointer: ModelPointer) -> bool:
        model = self.holder(active)
        if model is None or (model.model.digest, model.version) != (
            pointer.digest,
            pointer.version,
        ):
            return False
        canary = Canary(pointer.share, pointer.seed)
        return self.alias is not ModelAlias.CHALLENGER or active.canaries.get(self.task) == canary

    def _examine_offer(
        self, pointer: ModelPointer, active: ActiveModels, checker: CandidateChecker
    ) -> SlotDecision:
        signature = slot_signature(self.home, self.alias, pointer.digest)
        if signature == self.refused or self._files_may_still_arrive(signature):
            return None
        result = self._loaded_in_other_slot(active, pointer) or checker.examine(
            self.home, pointer, self.entry
        )
        if isinstance(result, LoadedModel):
            self.waiting = None
            self.reported.discard((pointer.version, pointer.digest))
            return SlotChange(result, Canary(pointer.share, pointer.seed))
        refusal = OfferRefusal(pointer.version, pointer.digest, result.why)
        return (
            self._refuse(signature, refusal)
            if result.final
            else self._refuse_after_patience(signature, refusal)
        )

    def _loaded_in_other_slot(
        self, active: ActiveModels, pointer: ModelPointer
    ) -> LoadedModel | None:
        """Return the offered model if another slot holds it: it is not loaded twice."""
        for models in (active.champions, active.previous, active.challengers):
            model = models.get(self.task)
            if model and (model.model.digest, model.version) == (pointer.digest, pointer.version):
                return model
        return None

    def _files_may_still_arrive(self, signature: FileSignature) -> bool:
        """Return whether the files are unchanged and more of them may still be arriving."""
        if self.waiting is None or self.waiting[0] != signature:
            return False
        return self.now() - self.waiting[1] < self.patience

    def _refuse_after_patience(
        self, signature: FileSignature, refusal: OfferRefusal
    ) -> OfferRefusal | None:
        """Refuse an offer once its files were unchanged for as long as patience lasts."""
        if signature == self.refused:
            return None
        if self.waiting is None or self.waiting[0] != signature:
            self.waiting = (signature, self.now(), refusal)
        return None if self._files_may_still_arrive(signature) else self._refuse(signature, refusal)

    def _refuse(self, signature: FileSignature, refusal: OfferRefusal) -> OfferRefusal:
        self.refused, self.waiting = signature, None
        return refusal
