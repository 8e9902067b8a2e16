"""Champions: the promoted model of each task, loaded by digest when the service starts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from data.lake import Lake
from features.cases import CaseShape
from features.feature import Feature
from features.history.stream import Stream
from models.artefact import ArtefactError, load, schema_digest
from models.golden import GoldenError, check_golden
from models.model import Model
from models.task import TaskName
from models.trial import failed_in_child
from serving.catalogue import Served
from serving.swap.pointed import CHAMPION_FILE, Alias, PointerError, pointed

POINTER = CHAMPION_FILE
DIGEST = re.compile(r"[0-9a-f]{64}")
AGAIN = "run `triage train {name}` and `triage promote {name}`"


@dataclass(frozen=True)
class Champion:
    """A model in service, and the features it reads."""

    model: Model
    version: str
    features: Sequence[Feature]
    streams: Sequence[Stream]
    shape: CaseShape

    @cached_property
    def feature_schema(self) -> str:
        """SHA-256 of the model's `features.json`."""
        return schema_digest(self.model)


@dataclass(frozen=True)
class Missing:
    """A task that cannot be served: why, and how to mend it.

    damaged: there is a model, and it is not what it should be.
    """

    why: str
    mend: str
    damaged: bool = False


def champions(
    lake: Lake, tasks: Mapping[TaskName, Served], *, suspect: bool = False
) -> tuple[dict[TaskName, Champion], dict[TaskName, Missing]]:
    """The champions that can be served, and the reason for each that cannot.

    suspect: as for `kept`.
    """
    ready: dict[TaskName, Champion] = {}
    missing: dict[TaskName, Missing] = {}
    for name, entry in tasks.items():
        found = champion(lake.models / name, entry, suspect=suspect)
        if isinstance(found, Champion):
            ready[name] = found
        else:
            missing[name] = found
    return ready, missing


def champion(folder: Path, entry: Served, *, suspect: bool = False) -> Champion | Missing:
    """The champion that the pointer in the task's folder names."""
    name = entry.task.name
    again = AGAIN.format(name=name)
    try:
        at = pointed(folder, Alias.CHAMPION)
    except PointerError as error:
        return Missing(str(error), again, damaged=True)
    if at is None:
        return Missing(f"no model of {name} is promoted", again)
    return kept(folder, at.version, at.digest, entry, suspect=suspect)


def kept(
    folder: Path, version: str, digest: str, entry: Served, *, suspect: bool = False
) -> Champion | Missing:
    """The model of that digest, champion or not, if the task's folder keeps it.

    It has answered its golden rows again, as it did when it was trained. suspect: in a child
    first, since reading it may have ended a process.
    """
    name = entry.task.name
    again = AGAIN.format(name=name)
    if suspect and (failed := failed_in_child(folder / digest, digest)):
        why = f"model {digest[:12]} of {name} cannot be loaded in a child process: {failed}"
        return Missing(why, again, damaged=True)
    try:
        model = load(folder / digest, digest)
        check_golden(model)
    except (ArtefactError, GoldenError) as error:
        return Missing(str(error), again, damaged=True)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        # Its digest is right, so it was damaged before it was written: what it lacks can be
        # anything, and the other tasks must be served all the same.
        return Missing(f"model {digest[:12]} of {name} is damaged: {error!r}", again, damaged=True)
    return _fitting(model, version, entry) or Missing(
        f"model {digest[:12]} of {name} was trained with other features than this version has",
        again,
        damaged=True,
    )


def earlier(
    lake: Lake, tasks: Mapping[TaskName, Served], *, suspect: bool = False
) -> dict[TaskName, Champion]:
    """The champion before the one of now, of each task that keeps one which can be served."""
    found = {
        name: before(lake.models / name, entry, suspect=suspect) for name, entry in tasks.items()
    }
    return {name: champion for name, champion in found.items() if champion is not None}


def before(folder: Path, entry: Served, *, suspect: bool = False) -> Champion | None:
    """The latest earlier champion that the pointer names and that can be loaded."""
    try:
        pointer = json.loads((folder / POINTER).read_text(encoding="utf-8"))
        named = [(str(one["version"]), str(one["digest"])) for one in pointer["previous"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    for version, digest in named:
        if digest != pointer.get("digest") and DIGEST.fullmatch(digest):
            found = kept(folder, version, digest, entry, suspect=suspect)
            if isinstance(found, Champion):
                return found
    return None


def _fitting(model: Model, version: str, entry: Served) -> Champion | None:
    """The champion, if model and code mean the same features and classes."""
    features = entry.task.features
    same = [spec.name for spec in model.features] == [feature.name for feature in features]
    if not same or model.classes != entry.task.classes:
        return None
    return Champion(model, version, features, entry.streams, entry.request.shape)
