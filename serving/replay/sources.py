"""Where what an answer was made from is found again, by digest: models and policies."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from data.lake import Lake
from models.task import TaskName
from serving.audit.entry import Entry, EntryKind
from serving.audit.store import AuditStore
from serving.catalogue import Served, served
from serving.champions import Champion, Missing, kept
from serving.policy.policy import Policy, load_policy, policy_of
from serving.replay.reason import NotReplayableError, Reason
from serving.settings import Settings

MOST_MODELS = 6
DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Sources:
    """Models as the lake keeps them, policies as the record tells them.

    models: a folder a task, in it one a digest. record: holds the policies that were in force.
    loaded: policies at hand, e.g. the built-in one, for what an older record does not tell.
    opened: models that were loaded, the latest used last; safe to use from several threads.
    """

    models: Path
    tasks: Mapping[TaskName, Served]
    record: AuditStore
    loaded: dict[str, Policy]
    opened: OrderedDict[str, Champion] = field(default_factory=OrderedDict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def champion(self, task: TaskName, version: str, digest: str) -> Champion:
        """The model of that digest, checked to the byte before it is loaded.

        Raises:
            NotReplayableError: the lake does not keep it, or it is not what the digest says.
        """
        with self.lock:
            found = self.opened.get(digest) or self._kept(task, version, digest)
            self.opened[digest] = found
            self.opened.move_to_end(digest)
            while len(self.opened) > MOST_MODELS:
                self.opened.popitem(last=False)
        return found

    def policy(self, digest: str) -> Policy:
        """The policy of that digest.

        Raises:
            NotReplayableError: neither the record nor this version has it.
        """
        if digest not in self.loaded:
            changes = self.record.of_kind(EntryKind.POLICY_CHANGED)
            self.loaded.update({policy.digest: policy for policy in _policies(changes)})
        if digest not in self.loaded:
            raise NotReplayableError(
                Reason.POLICY_UNKNOWN,
                f"policy {digest[:12]} is not on record; set TRIAGE_POLICY to its file",
            )
        return self.loaded[digest]

    def _kept(self, task: TaskName, version: str, digest: str) -> Champion:
        folder = self.models / task
        if not DIGEST.fullmatch(digest) or not (folder / digest).is_dir():
            why = f"model {digest[:12]} of {task} is no longer kept"
            raise NotReplayableError(Reason.MODEL_GONE, why)
        found = kept(folder, version, digest, self.tasks[task])
        if isinstance(found, Missing):
            raise NotReplayableError(Reason.MODEL_REFUSED, found.why)
        return found


def sources_of(
    lake: Lake, record: AuditStore, policy: Policy | None = None, champions: Iterable[Champion] = ()
) -> Sources:
    """What the lake and the record keep, with what is loaded already.

    policy: that of `TRIAGE_POLICY` by default; the built-in one is at hand too.

    Raises:
        ValueError: a policy file that cannot be read.
    """
    at_hand = (load_policy(), policy or load_policy(Settings().policy))
    loaded = {one.digest: one for one in at_hand}
    opened = OrderedDict((one.model.digest, one) for one in champions)
    return Sources(lake.models, served(), record, loaded, opened)


def _policies(changes: Iterable[Entry]) -> Iterable[Policy]:
    """Those on record that are what their digest says, as far as this version can read them."""
    for entry in changes:
        if entry.body is None:
            continue
        told = entry.payload
        try:
            policy = policy_of(told["policy"])
        except (ValueError, KeyError, TypeError):
            continue  # one of another version: what it answered says that it is unknown
        if policy.digest == told["digest"]:
            yield policy
