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
from serving.model_registry.settings import SwapSettings
from serving.runtime.context import service_context
from serving.runtime.settings import ServiceSettings

LOG = logging.getLogger("triage")
PROFILES = "profiles"
T = TypeVar("T")


class ModelWatcher:
    """Looks every few seconds, on a thread of its own; answers never wait for it."""

    def __init__(self, lake: Lake, settings: SwapSettings, engine: ModelHost) -> None:
        self.lake, self.settings, self.engine = lake, settings, engine
        self.trials = CandidateChecker()
        self.places = [
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
        """Begin to look."""
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Look no more."""
        self._done.set()
        self._thread.join(seconds)

    def look(self) -> bool:
        """Take what was offered and is sound, all of it in one swap; whether anything changed.

        Each change is on record before it takes effect. Where nothing can be recorded,
        everything stays as it is until the next look.
        """
        before, drafts = self.engine.models.current, list[Draft]()
        after = self._profiles(before, drafts)
        for place in self.places:
            after = self._apply_slot(place, after, drafts)
        if after is before and not drafts:
            return False
        try:
            self.engine.on_commit(len(self.engine.audit.append(drafts)))
        except AuditUnavailableError as error:
            LOG.warning("models stay as they are until it can be recorded: %s", error)
            self.profiles = None
            for place in self.places:
                place.again()
            return False
        self.engine.models.swap(after)
        return after is not before

    def _run(self) -> None:
        while not self._done.wait(self.settings.seconds):
            try:
                changed = self.look()
            except Exception:
                # Whatever it is, what answers now goes on answering, and is looked at again.
                LOG.exception("pointers could not be followed")
                continue
            if changed:
                gc.collect()
                gc.freeze()  # as at the start: what answers lives long

    def _apply_slot(
        self, place: ModelSlot, active: ActiveModels, drafts: list[Draft]
    ) -> ActiveModels:
        match place.look(active, self.trials):
            case SlotChange() as taken:
                drafts.append(self._loaded(place, active, taken))
                return _with_slot_change(active, place, taken)
            case OfferRefusal() as refusal:
                if place.new(refusal):
                    drafts.append(self._refused(place, active, refusal))
                return _with_refusal(active, _slot_name(place), refusal.why)
            case None:
                sound = place.refused is None and place.waiting is None
                return _with_refusal(active, _slot_name(place), "") if sound else active

    def _profiles(self, active: ActiveModels, drafts: list[Draft]) -> ActiveModels:
        """With the profiles that lie there now, if they are others than those in use."""
        lies, held = file_signature(self.lake.profiles), active.profiles
        if lies == self.profiles:
            return active
        self.profiles = lies
        try:
            found = Profiles.open(self.lake.profiles)
        except ProfilesError as error:
            why = str(error).replace(f"{self.lake.profiles.parent}/", "")
            said = {"what": PROFILES, "reason": why, "kept": held and held.snapshot_id}
            drafts.append(self._draft(EntryKind.MODEL_REFUSED, said, PROFILES))
            return _with_refusal(active, PROFILES, why)
        if held and held.snapshot_id == found.snapshot_id:
            return _with_refusal(active, PROFILES, "")
        said = {
            "what": PROFILES,
            "snapshot_id": found.snapshot_id,
            "features_as_of": found.as_of.isoformat(),
            "before": held and held.snapshot_id,
        }
        drafts.append(self._draft(EntryKind.MODEL_LOADED, said, PROFILES))
        return replace(_with_refusal(active, PROFILES, ""), profiles=found)

    def _loaded(self, place: ModelSlot, active: ActiveModels, taken: SlotChange) -> Draft:
        new, share = taken.champion, taken.canary.share if taken.canary else 0.0
        said = {
            "what": str(place.alias),
            "model": model_reference(new),
            "before": model_reference(place.holder(active)),
            "share": share if place.alias is ModelAlias.CHALLENGER else None,
        }
        about = f"{place.task}/{new.version if new else ''}"
        return self._draft(EntryKind.MODEL_LOADED, said, about, place.task)

    def _refused(self, place: ModelSlot, active: ActiveModels, refusal: OfferRefusal) -> Draft:
        said = {
            "what": str(place.alias),
            "model": {"version": refusal.version, "digest": refusal.digest},
            "reason": refusal.why,
            "kept": model_reference(place.holder(active)),
        }
        LOG.warning("%s of %s is refused: %s", place.alias, place.task, refusal.why)
        about = f"{place.task}/{refusal.version}"
        return self._draft(EntryKind.MODEL_REFUSED, said, about, place.task)

    def _draft(
        self, kind: EntryKind, said: Mapping[str, Any], about: str, task: TaskName | None = None
    ) -> Draft:
        where = {"host": socket.gethostname(), "process": os.getpid()}
        context = service_context(self.engine.code).recorded()
        at = self.engine.clock().isoformat()
        return new_draft(kind, {**said, **where}, context, at, about=about, task=task or "")


def create_model_watcher(settings: ServiceSettings, engine: ModelHost) -> ModelWatcher:
    """The watcher of that service."""
    return ModelWatcher(settings.lake, SwapSettings(), engine)


def model_reference(champion: LoadedModel | None) -> dict[str, str] | None:
    """Which model it is, for the record."""
    if champion is None:
        return None
    return {"version": champion.version, "digest": champion.model.digest}


def _slot_name(place: ModelSlot) -> str:
    return f"{place.task} {place.alias}"


def _with_refusal(active: ActiveModels, name: str, why: str) -> ActiveModels:
    """With that reason for what is not taken; none where it is empty."""
    if active.refused.get(name, "") == why:
        return active
    others = {other: told for other, told in active.refused.items() if other != name}
    return replace(active, refused=others | ({name: why} if why else {}))


def _with_slot_change(active: ActiveModels, place: ModelSlot, taken: SlotChange) -> ActiveModels:
    """With that model in the place, or with nobody in it."""
    active = _with_refusal(active, _slot_name(place), "")
    match place.alias:
        case ModelAlias.CHAMPION:
            missing = {name: why for name, why in active.missing.items() if name != place.task}
            held = _with_task_entry(active.champions, place.task, taken.champion)
            return replace(active, champions=held, missing=missing)
        case ModelAlias.PREVIOUS:
            held = _with_task_entry(active.previous, place.task, taken.champion)
            return replace(active, previous=held)
        case ModelAlias.CHALLENGER:
            held = _with_task_entry(active.challengers, place.task, taken.champion)
            canary = None if taken.champion is None else taken.canary
            drawn = _with_task_entry(active.canaries, place.task, canary)
            return replace(active, challengers=held, canaries=drawn)


def _with_task_entry(
    held: Mapping[TaskName, T], task: TaskName, one: T | None
) -> dict[TaskName, T]:
    others = {name: value for name, value in held.items() if name != task}
    return others if one is None else others | {task: one}
