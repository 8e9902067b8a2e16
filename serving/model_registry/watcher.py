"""Watch pointers and profiles, and replace the active models once a candidate passes."""

from __future__ import annotations

import gc
import logging
import os
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from data.lake import Lake
from features.profile_storage import ProfilesError
from features.profiles import Profiles
from models.task import TaskName
from serving.audit.log.entry import Draft, new_draft
from serving.audit.log.entry_kind import EntryKind
from serving.audit.log.errors import AuditUnavailableError
from serving.model_registry.active_models import ActiveModels, ModelHost
from serving.model_registry.candidate_check import CandidateChecker, FileSignature, file_signature
from serving.model_registry.champions import LoadedModel
from serving.model_registry.model_slot import ModelSlot, OfferRefusal, SlotChange
from serving.model_registry.pointer import ModelAlias
from serving.runtime.context import service_context
from serving.runtime.settings import ServiceSettings, SwapSettings

LOG = logging.getLogger("triage")
PROFILES = "profiles"
T = TypeVar("T")


class ModelWatcher:
    """Looks for new models and profiles on a thread, every few seconds."""

    def __init__(self, lake: Lake, settings: SwapSettings, engine: ModelHost) -> None:
        self.lake, self.settings, self.engine = lake, settings, engine
        self.checker = CandidateChecker()
        self.slots = [
            ModelSlot(
                name, alias, lake.models / name, entry, settings.patience_seconds, time.monotonic
            )
            for name, entry in engine.tasks.items()
            for alias in ModelAlias
        ]
        self.profiles: FileSignature | None = None
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="swap", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """End the thread, within that many seconds."""
        self._done.set()
        self._thread.join(seconds)

    def look(self) -> bool:
        """Load every sound offer in one swap, and return whether the active models changed.

        Each change is recorded before it takes effect. Where it cannot be recorded, everything
        stays as it is until the next look.
        """
        before, drafts = self.engine.models.current, list[Draft]()
        after = self._profiles(before, drafts)
        for slot in self.slots:
            after = self._apply_slot(slot, after, drafts)
        if after is before and not drafts:
            return False
        try:
            self.engine.on_commit(len(self.engine.audit.append(drafts)))
        except AuditUnavailableError as error:
            LOG.warning("models stay as they are until it can be recorded: %s", error)
            self.profiles = None
            for slot in self.slots:
                slot.forget_refusal()
            return False
        self.engine.models.swap(after)
        return after is not before

    def _run(self) -> None:
        while not self._done.wait(self.settings.seconds):
            try:
                changed = self.look()
            except Exception:
                # Whatever went wrong, the active models go on answering until the next look.
                LOG.exception("pointers could not be followed")
                continue
            if changed:
                gc.collect()
                gc.freeze()  # as at the start: the active models live long

    def _apply_slot(
        self, slot: ModelSlot, active: ActiveModels, drafts: list[Draft]
    ) -> ActiveModels:
        match slot.look(active, self.checker):
            case SlotChange() as change:
                drafts.append(self._loaded_draft(slot, active, change))
                return _with_slot_change(active, slot, change)
            case OfferRefusal() as refusal:
                if slot.mark_reported(refusal):
                    drafts.append(self._refused_draft(slot, active, refusal))
                return _with_refusal(active, _slot_name(slot), refusal.why)
            case None:
                sound = slot.refused is None and slot.waiting is None
                return _with_refusal(active, _slot_name(slot), "") if sound else active

    def _profiles(self, active: ActiveModels, drafts: list[Draft]) -> ActiveModels:
        """Return the active models with the profiles on disk, if these are not in use yet."""
        signature, current = file_signature(self.lake.profiles), active.profiles
        if signature == self.profiles:
            return active
        self.profiles = signature
        try:
            found = Profiles.open(self.lake.profiles)
        except ProfilesError as error:
            why = str(error).replace(f"{self.lake.profiles.parent}/", "")
            content = {"what": PROFILES, "reason": why, "kept": current and current.snapshot_id}
            drafts.append(self._draft(EntryKind.MODEL_REFUSED, content, PROFILES))
            return _with_refusal(active, PROFILES, why)
        if current and current.snapshot_id == found.snapshot_id:
            return _with_refusal(active, PROFILES, "")
        content = {
            "what": PROFILES,
            "snapshot_id": found.snapshot_id,
            "features_as_of": found.as_of.isoformat(),
            "before": current and current.snapshot_id,
        }
        drafts.append(self._draft(EntryKind.MODEL_LOADED, content, PROFILES))
        return replace(_with_refusal(active, PROFILES, ""), profiles=found)

    def _loaded_draft(self, slot: ModelSlot, active: ActiveModels, change: SlotChange) -> Draft:
        new, share = change.champion, change.canary.share if change.canary else 0.0
        content = {
            "what": str(slot.alias),
            "model": model_reference(new),
            "before": model_reference(slot.holder(active)),
            "share": share if slot.alias is ModelAlias.CHALLENGER else None,
        }
        about = f"{slot.task}/{new.version if new else ''}"
        return self._draft(EntryKind.MODEL_LOADED, content, about, slot.task)

    def _refused_draft(self, slot: ModelSlot, active: ActiveModels, refusal: OfferRefusal) -> Draft:
        content = {
            "what": str(slot.alias),
            "model": {"version": refusal.version, "digest": refusal.digest},
            "reason": refusal.why,
            "kept": model_reference(slot.holder(active)),
        }
        LOG.warning("%s of %s is refused: %s", slot.alias, slot.task, refusal.why)
        about = f"{slot.task}/{refusal.version}"
        return self._draft(EntryKind.MODEL_REFUSED, content, about, slot.task)

    def _draft(
        self, kind: EntryKind, content: Mapping[str, Any], about: str, task: TaskName | None = None
    ) -> Draft:
        process = {"host": socket.gethostname(), "process": os.getpid()}
        context = service_context(self.engine.code).recorded()
        at = self.engine.clock().isoformat()
        return new_draft(kind, {**content, **process}, context, at, about=about, task=task or "")


def create_model_watcher(settings: ServiceSettings, engine: ModelHost) -> ModelWatcher:
    """Create the watcher of a service."""
    return ModelWatcher(settings.lake, SwapSettings(), engine)


def model_reference(model: LoadedModel | None) -> dict[str, str] | None:
    """Name a model in an audit entry; None without one."""
    if model is None:
        return None
    return {"version": model.version, "digest": model.model.digest}


def _slot_name(slot: ModelSlot) -> str:
    return f"{slot.task} {slot.alias}"


def _with_refusal(active: ActiveModels, name: str, why: str) -> ActiveModels:
    """Return the models with the reason why an offer was refused; an empty one removes it."""
    if active.refused.get(name, "") == why:
        return active
    others = {other: reason for other, reason in active.refused.items() if other != name}
    return replace(active, refused=others | ({name: why} if why else {}))


def _with_slot_change(active: ActiveModels, slot: ModelSlot, change: SlotChange) -> ActiveModels:
    """Return the models with the slot filled or emptied."""
    active = _with_refusal(active, _slot_name(slot), "")
    match slot.alias:
        case ModelAlias.CHAMPION:
            missing = {name: why for name, why in active.missing.items() if name != slot.task}
            models = _with_task_entry(active.champions, slot.task, change.champion)
            return replace(active, champions=models, missing=missing)
        case ModelAlias.PREVIOUS:
            models = _with_task_entry(active.previous, slot.task, change.champion)
            return replace(active, previous=models)
        case ModelAlias.CHALLENGER:
            models = _with_task_entry(active.challengers, slot.task, change.champion)
            canary = None if change.champion is None else change.canary
            canaries = _with_task_entry(active.canaries, slot.task, canary)
            return replace(active, challengers=models, canaries=canaries)


def _with_task_entry(
    models: Mapping[TaskName, T], task: TaskName, model: T | None
) -> dict[TaskName, T]:
    others = {name: value for name, value in models.items() if name != task}
    return others if model is None else others | {task: model}
