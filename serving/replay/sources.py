"""Find the models and policies of recorded answers again, by digest or version."""

from __future__ import annotations

import json
import re
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data.lake import Lake
from models.task import TaskName
from serving.audit.log.entry import Entry
from serving.audit.log.entry_kind import EntryKind
from serving.audit.log.store import AuditStore
from serving.model_registry.champions import (
    CHAMPION_POINTER,
    LoadedModel,
    UnavailableModel,
    load_kept_model,
)
from serving.pipeline.policy_in_force import policy_in_force
from serving.policy.policy import Policy, parse_policy
from serving.replay.recorded_answer import NotReplayableError, ReplayObstacleKind
from serving.runtime.settings import ServiceSettings
from serving.tasks.catalogue import SERVED_TASKS
from serving.tasks.policy_file import load_policy
from serving.tasks.served_task import ServedTask

MAX_OPEN_MODELS = 6
DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class ReplaySources:
    """The models that the lake keeps and the policies that are on record; thread-safe.

    models: folder with one folder for each task, and in it one for each digest. record: holds the
    policies that were in force. loaded: policies by digest, at first the built-in and the
    configured one. opened: loaded models by digest, the last used last.
    """

    models: Path
    tasks: Mapping[TaskName, ServedTask]
    record: AuditStore
    loaded: dict[str, Policy]
    opened: OrderedDict[str, LoadedModel] = field(default_factory=OrderedDict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def champion(self, task: TaskName, version: str, digest: str) -> LoadedModel:
        """Load the model of a digest; every byte is checked before.

        Raises:
            NotReplayableError: the lake does not keep it, or it does not match the digest.
        """
        with self.lock:
            model = self.opened.get(digest) or self._kept(task, version, digest)
            self.opened[digest] = model
            self.opened.move_to_end(digest)
            while len(self.opened) > MAX_OPEN_MODELS:
                self.opened.popitem(last=False)
        return model

    def policy(self, digest: str) -> Policy:
        """Find the policy of a digest.

        Raises:
            NotReplayableError: neither the record nor this version has it.
        """
        if digest not in self.loaded:
            changes = self.record.of_kind(EntryKind.POLICY_CHANGED)
            self.loaded.update({policy.digest: policy for policy in _recorded_policies(changes)})
        if digest not in self.loaded:
            raise NotReplayableError(
                ReplayObstacleKind.POLICY_UNKNOWN,
                f"policy {digest[:12]} is not on record; set TRIAGE_POLICY to its file",
            )
        return self.loaded[digest]

    def _kept(self, task: TaskName, version: str, digest: str) -> LoadedModel:
        folder = self.models / task
        if not DIGEST.fullmatch(digest) or not (folder / digest).is_dir():
            why = f"model {digest[:12]} of {task} is no longer kept"
            raise NotReplayableError(ReplayObstacleKind.MODEL_GONE, why)
        loaded = load_kept_model(folder, version, digest, self.tasks[task])
        if isinstance(loaded, UnavailableModel):
            raise NotReplayableError(ReplayObstacleKind.MODEL_REFUSED, loaded.why)
        return loaded


def open_replay_sources(
    lake: Lake,
    record: AuditStore,
    policy: Policy | None = None,
    champions: Iterable[LoadedModel] = (),
) -> ReplaySources:
    """Open the sources of a lake and its record.

    policy: the policy in force; by default as the service takes it, and that of the file that the
    settings name. champions: loaded models, which are not read again.

    Raises:
        ValueError: a policy file that cannot be read.
    """
    file = ServiceSettings().policy
    policies = (load_policy(), load_policy(file), policy or policy_in_force(record, file))
    loaded = {one.digest: one for one in policies}
    opened = OrderedDict((one.model.digest, one) for one in champions)
    return ReplaySources(lake.models, SERVED_TASKS, record, loaded, opened)


def _recorded_policies(changes: Iterable[Entry]) -> Iterable[Policy]:
    """Yield the recorded policies that this version can read and that match their digest."""
    for entry in changes:
        if entry.body is None:
            continue
        content = entry.payload
        try:
            policy = parse_policy(content["policy"])
        except (ValueError, KeyError, TypeError):
            continue  # one of another version: what it answered says that it is unknown
        if policy.digest == content["digest"]:
            yield policy


VERSIONS_FILE = "versions.json"


def digest_of_version(models: Path, task: TaskName, version: str) -> str:
    """Return the digest of a version that was exported into the lake, promoted or not.

    Raises:
        NotReplayableError: it was not exported; names those that were, and the command.
    """
    folder = models / task
    digests = dict(_promoted_versions(_read_json(folder / CHAMPION_POINTER))) | _read_json(
        folder / VERSIONS_FILE
    )
    if version not in digests:
        choices = f"; it has {', '.join(sorted(digests, key=int))}" if digests else ""
        raise NotReplayableError(
            ReplayObstacleKind.MODEL_GONE,
            f"the lake has no version {version} of {task}{choices}: "
            f"run `triage export {task} --version {version}`",
        )
    return str(digests[version])


def _promoted_versions(pointer: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield version and digest of the champion and of those before it."""
    if "version" in pointer:
        yield str(pointer["version"]), str(pointer["digest"])
    for before in pointer.get("previous", ()):
        yield from _promoted_versions(before)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return found
