"""Load the champion, previous champion or any kept model of a task, checked by golden rows."""

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
    """A loaded model with its version, and the features, streams and case shape it reads."""

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
    """Why a task has no model, and how to mend that. damaged: a model exists but is unusable."""

    why: str
    mend: str
    damaged: bool = False


def load_champions(
    lake: Lake, tasks: Mapping[TaskName, ServedTask], *, suspect: bool = False
) -> tuple[dict[TaskName, LoadedModel], dict[TaskName, UnavailableModel]]:
    """Load the champion of each task, or the reason why it cannot be loaded.

    suspect: as for `load_kept_model`.
    """
    loaded: dict[TaskName, LoadedModel] = {}
    missing: dict[TaskName, UnavailableModel] = {}
    for name, served in tasks.items():
        result = load_champion(lake.models / name, served, suspect=suspect)
        if isinstance(result, LoadedModel):
            loaded[name] = result
        else:
            missing[name] = result
    return loaded, missing


def load_champion(
    folder: Path, served: ServedTask, *, suspect: bool = False
) -> LoadedModel | UnavailableModel:
    """Load the champion that the pointer in the task's folder names."""
    name = served.task.name
    remedy = REMEDY.format(name=name)
    try:
        pointer = read_pointer(folder, ModelAlias.CHAMPION)
    except PointerError as error:
        return UnavailableModel(str(error), remedy, damaged=True)
    if pointer is None:
        return UnavailableModel(f"no model of {name} is promoted", remedy)
    return load_kept_model(folder, pointer.version, pointer.digest, served, suspect=suspect)


def load_kept_model(
    folder: Path, version: str, digest: str, served: ServedTask, *, suspect: bool = False
) -> LoadedModel | UnavailableModel:
    """Load a model that the task's folder keeps, champion or not, and check its golden rows.

    Args:
        folder: the task's folder.
        version: of the model, as the registry counts.
        digest: of the artefact; the name of its folder.
        served: the task.
        suspect: load it in a subprocess first, because reading it may have ended a process.
    """
    name = served.task.name
    remedy = REMEDY.format(name=name)
    if suspect and (failed := failure_in_subprocess(folder / digest, digest)):
        why = f"model {digest[:12]} of {name} cannot be loaded in a child process: {failed}"
        return UnavailableModel(why, remedy, damaged=True)
    try:
        model = load_artefact(folder / digest, digest)
        check_golden(model)
    except (ArtefactError, GoldenError) as error:
        return UnavailableModel(str(error), remedy, damaged=True)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        # The digest is right, so the model was damaged before it was written. Any part can be
        # missing, and the other tasks must be served all the same.
        return UnavailableModel(
            f"model {digest[:12]} of {name} is damaged: {error!r}", remedy, damaged=True
        )
    return _if_schema_matches(model, version, served) or UnavailableModel(
        f"model {digest[:12]} of {name} was trained with other features than this version has",
        remedy,
        damaged=True,
    )


def load_previous_champions(
    lake: Lake, tasks: Mapping[TaskName, ServedTask], *, suspect: bool = False
) -> dict[TaskName, LoadedModel]:
    """Load the previous champion of each task that keeps one which can be loaded."""
    found = {
        name: load_previous_champion(lake.models / name, served, suspect=suspect)
        for name, served in tasks.items()
    }
    return {name: champion for name, champion in found.items() if champion is not None}


def load_previous_champion(
    folder: Path, served: ServedTask, *, suspect: bool = False
) -> LoadedModel | None:
    """Load the latest earlier champion that the pointer names and that can be loaded."""
    try:
        pointer = json.loads((folder / CHAMPION_POINTER).read_text(encoding="utf-8"))
        named = [(str(one["version"]), str(one["digest"])) for one in pointer["previous"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    for version, digest in named:
        if digest != pointer.get("digest") and DIGEST_PATTERN.fullmatch(digest):
            found = load_kept_model(folder, version, digest, served, suspect=suspect)
            if isinstance(found, LoadedModel):
                return found
    return None


def _if_schema_matches(model: Model, version: str, served: ServedTask) -> LoadedModel | None:
    """Return the loaded model if this version of the code has its features and classes.

    A model that was trained on little history has fewer features than the task.
    """
    used = [spec.name for spec in model.features]
    features = tuple(feature for feature in served.task.features if feature.name in used)
    same = used == [feature.name for feature in features]
    if not same or model.classes != served.task.classes:
        return None
    return LoadedModel(model, version, features, served.streams, served.request.shape)
