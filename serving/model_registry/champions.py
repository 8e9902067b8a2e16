"""Load promoted models of each task by digest.

Champion, previous champion, or any kept model, checked against its golden rows.
"""

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
from models.artefact.folder import ArtefactError, load_artefact, schema_digest
from models.artefact.golden_rows import GoldenError, check_golden
from models.artefact.self_check import failure_in_subprocess
from models.model import Model
from models.task import TaskName
from serving.model_registry.pointer import CHAMPION_FILE, ModelAlias, PointerError, read_pointer
from serving.tasks.served_task import ServedTask

CHAMPION_POINTER = CHAMPION_FILE
DIGEST_PATTERN = re.compile(r"[0-9a-f]{64}")
REMEDY = "run `triage train {name}` and `triage promote {name}`"


@dataclass(frozen=True)
class LoadedModel:
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
class UnavailableModel:
    """A task that cannot be served: why, and how to mend it.

    damaged: there is a model, and it is not what it should be.
    """

    why: str
    mend: str
    damaged: bool = False


def load_champions(
    lake: Lake, tasks: Mapping[TaskName, ServedTask], *, suspect: bool = False
) -> tuple[dict[TaskName, LoadedModel], dict[TaskName, UnavailableModel]]:
    """The champions that can be served, and the reason for each that cannot.

    suspect: as for `load_kept_model`.
    """
    ready: dict[TaskName, LoadedModel] = {}
    missing: dict[TaskName, UnavailableModel] = {}
    for name, entry in tasks.items():
        found = load_champion(lake.models / name, entry, suspect=suspect)
        if isinstance(found, LoadedModel):
            ready[name] = found
        else:
            missing[name] = found
    return ready, missing


def load_champion(
    folder: Path, entry: ServedTask, *, suspect: bool = False
) -> LoadedModel | UnavailableModel:
    """The champion that the pointer in the task's folder names."""
    name = entry.task.name
    again = REMEDY.format(name=name)
    try:
        at = read_pointer(folder, ModelAlias.CHAMPION)
    except PointerError as error:
        return UnavailableModel(str(error), again, damaged=True)
    if at is None:
        return UnavailableModel(f"no model of {name} is promoted", again)
    return load_kept_model(folder, at.version, at.digest, entry, suspect=suspect)


def load_kept_model(
    folder: Path, version: str, digest: str, entry: ServedTask, *, suspect: bool = False
) -> LoadedModel | UnavailableModel:
    """The model of that digest, champion or not, if the task's folder keeps it.

    It has answered its golden rows again, as it did when it was trained. suspect: in a child
    first, since reading it may have ended a process.
    """
    name = entry.task.name
    again = REMEDY.format(name=name)
    if suspect and (failed := failure_in_subprocess(folder / digest, digest)):
        why = f"model {digest[:12]} of {name} cannot be loaded in a child process: {failed}"
        return UnavailableModel(why, again, damaged=True)
    try:
        model = load_artefact(folder / digest, digest)
        check_golden(model)
    except (ArtefactError, GoldenError) as error:
        return UnavailableModel(str(error), again, damaged=True)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        # Its digest is right, so it was damaged before it was written: what it lacks can be
        # anything, and the other tasks must be served all the same.
        return UnavailableModel(
            f"model {digest[:12]} of {name} is damaged: {error!r}", again, damaged=True
        )
    return _if_schema_matches(model, version, entry) or UnavailableModel(
        f"model {digest[:12]} of {name} was trained with other features than this version has",
        again,
        damaged=True,
    )


def load_previous_champions(
    lake: Lake, tasks: Mapping[TaskName, ServedTask], *, suspect: bool = False
) -> dict[TaskName, LoadedModel]:
    """The champion before the one of now, of each task that keeps one which can be served."""
    found = {
        name: load_previous_champion(lake.models / name, entry, suspect=suspect)
        for name, entry in tasks.items()
    }
    return {name: champion for name, champion in found.items() if champion is not None}


def load_previous_champion(
    folder: Path, entry: ServedTask, *, suspect: bool = False
) -> LoadedModel | None:
    """The latest earlier champion that the pointer names and that can be loaded."""
    try:
        pointer = json.loads((folder / CHAMPION_POINTER).read_text(encoding="utf-8"))
        named = [(str(one["version"]), str(one["digest"])) for one in pointer["previous"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    for version, digest in named:
        if digest != pointer.get("digest") and DIGEST_PATTERN.fullmatch(digest):
            found = load_kept_model(folder, version, digest, entry, suspect=suspect)
            if isinstance(found, LoadedModel):
                return found
    return None


def _if_schema_matches(model: Model, version: str, entry: ServedTask) -> LoadedModel | None:
    """The champion, if model and code mean the same features and classes."""
    features = entry.task.features
    same = [spec.name for spec in model.features] == [feature.name for feature in features]
    if not same or model.classes != entry.task.classes:
        return None
    return LoadedModel(model, version, features, entry.streams, entry.request.shape)
