"""The watcher: follows pointers and profiles, and swaps what answers once it has been tried."""

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
from features.profiles import Profiles, ProfilesError
from models.task import TaskName
from serving.audit.entry import Draft, EntryKind, drafted
from serving.audit.store import AuditUnavailableError
from serving.champions import Champion
from serving.context import of_service
from serving.engine import Engine
from serving.lineup import Lineup
from serving.settings import Settings
from serving.swap.offer import Signature, Trials, seen
from serving.swap.place import Place, Refusal, Taken
from serving.swap.pointed import Alias
from serving.swap.settings import SwapSettings

LOG = logging.getLogger("triage")
PROFILES = "profiles"
T = TypeVar("T")


class Watcher:
    """Looks every few seconds, on a thread of its own; answers never wait for it."""

    def __init__(self, lake: Lake, settings: SwapSettings, engine: Engine) -> None:
        self.lake, self.settings, self.engine = lake, settings, engine
        self.trials = Trials()
        self.places = [
            Place(name, alias, lake.models / name, entry, settings.patience_seconds, time.monotonic)
            for name, entry in engine.tasks.items()
            for alias in Alias
        ]
        self.profiles: Signature | None = None
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
        before, drafts = self.engine.live.now, list[Draft]()
        after = self._profiles(before, drafts)
        for place in self.places:
            after = self._placed(place, after, drafts)
        if after is before and not drafts:
            return False
        try:
            self.engine.wrote(len(self.engine.audit.append(drafts)))
        except AuditUnavailableError as error:
            LOG.warning("models stay as they are until it can be recorded: %s", error)
            self.profiles = None
            for place in self.places:
                place.again()
            return False
        self.engine.live.swap(after)
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

    def _placed(self, place: Place, lineup: Lineup, drafts: list[Draft]) -> Lineup:
        match place.look(lineup, self.trials):
            case Taken() as taken:
                drafts.append(self._loaded(place, lineup, taken))
                return _with(lineup, place, taken)
            case Refusal() as refusal:
                if place.new(refusal):
                    drafts.append(self._refused(place, lineup, refusal))
                return _refusing(lineup, _name(place), refusal.why)
            case None:
                sound = place.refused is None and place.waiting is None
                return _refusing(lineup, _name(place), "") if sound else lineup

    def _profiles(self, lineup: Lineup, drafts: list[Draft]) -> Lineup:
        """With the profiles that lie there now, if they are others than those in use."""
        lies, held = seen(self.lake.profiles), lineup.profiles
        if lies == self.profiles:
            return lineup
        self.profiles = lies
        try:
            found = Profiles.open(self.lake.profiles)
        except ProfilesError as error:
            why = str(error).replace(f"{self.lake.profiles.parent}/", "")
            said = {"what": PROFILES, "reason": why, "kept": held and held.snapshot_id}
            drafts.append(self._draft(EntryKind.MODEL_REFUSED, said, PROFILES))
            return _refusing(lineup, PROFILES, why)
        if held and held.snapshot_id == found.snapshot_id:
            return _refusing(lineup, PROFILES, "")
        said = {
            "what": PROFILES,
            "snapshot_id": found.snapshot_id,
            "features_as_of": found.as_of.isoformat(),
            "before": held and held.snapshot_id,
        }
        drafts.append(self._draft(EntryKind.MODEL_LOADED, said, PROFILES))
        return replace(_refusing(lineup, PROFILES, ""), profiles=found)

    def _loaded(self, place: Place, lineup: Lineup, taken: Taken) -> Draft:
        new, share = taken.champion, taken.canary.share if taken.canary else 0.0
        said = {
            "what": str(place.alias),
            "model": named(new),
            "before": named(place.holder(lineup)),
            "share": share if place.alias is Alias.CHALLENGER else None,
        }
        about = f"{place.task}/{new.version if new else ''}"
        return self._draft(EntryKind.MODEL_LOADED, said, about, place.task)

    def _refused(self, place: Place, lineup: Lineup, refusal: Refusal) -> Draft:
        said = {
            "what": str(place.alias),
            "model": {"version": refusal.version, "digest": refusal.digest},
            "reason": refusal.why,
            "kept": named(place.holder(lineup)),
        }
        LOG.warning("%s of %s is refused: %s", place.alias, place.task, refusal.why)
        about = f"{place.task}/{refusal.version}"
        return self._draft(EntryKind.MODEL_REFUSED, said, about, place.task)

    def _draft(
        self, kind: EntryKind, said: Mapping[str, Any], about: str, task: TaskName | None = None
    ) -> Draft:
        where = {"host": socket.gethostname(), "process": os.getpid()}
        context = of_service(self.engine.code).recorded()
        at = self.engine.clock().isoformat()
        return drafted(kind, {**said, **where}, context, at, about=about, task=task or "")


def watcher(settings: Settings, engine: Engine) -> Watcher:
    """The watcher of that service."""
    return Watcher(settings.lake, SwapSettings(), engine)


def named(champion: Champion | None) -> dict[str, str] | None:
    """Which model it is, for the record."""
    if champion is None:
        return None
    return {"version": champion.version, "digest": champion.model.digest}


def _name(place: Place) -> str:
    return f"{place.task} {place.alias}"


def _refusing(lineup: Lineup, name: str, why: str) -> Lineup:
    """With that reason for what is not taken; none where it is empty."""
    if lineup.refused.get(name, "") == why:
        return lineup
    others = {other: told for other, told in lineup.refused.items() if other != name}
    return replace(lineup, refused=others | ({name: why} if why else {}))


def _with(lineup: Lineup, place: Place, taken: Taken) -> Lineup:
    """With that model in the place, or with nobody in it."""
    lineup = _refusing(lineup, _name(place), "")
    match place.alias:
        case Alias.CHAMPION:
            missing = {name: why for name, why in lineup.missing.items() if name != place.task}
            held = _put(lineup.champions, place.task, taken.champion)
            return replace(lineup, champions=held, missing=missing)
        case Alias.PREVIOUS:
            held = _put(lineup.previous, place.task, taken.champion)
            return replace(lineup, previous=held)
        case Alias.CHALLENGER:
            held = _put(lineup.challengers, place.task, taken.champion)
            canary = None if taken.champion is None else taken.canary
            drawn = _put(lineup.canaries, place.task, canary)
            return replace(lineup, challengers=held, canaries=drawn)


def _put(held: Mapping[TaskName, T], task: TaskName, one: T | None) -> dict[TaskName, T]:
    others = {name: value for name, value in held.items() if name != task}
    return others if one is None else others | {task: one}
