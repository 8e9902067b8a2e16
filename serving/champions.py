"""Champions: the promoted model of each task, loaded by digest when the service starts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from data.lake import Lake
from features.cases import CaseShape
from features.feature import Feature
from features.history.stream import Stream
from models.artefact import ArtefactError, load, schema_digest
from models.model import Model
from models.task import TaskName
from serving.catalogue import Served

POINTER = "champion.json"
AGAIN = "run `triage train {name}` and `triage promote {name}`, then start the service again"


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
    """A task that cannot be served: why, and how to mend it."""

    why: str
    mend: str


def champions(
    lake: Lake, tasks: Mapping[TaskName, Served]
) -> tuple[dict[TaskName, Champion], dict[TaskName, Missing]]:
    """The champions that can be served, and the reason for each that cannot."""
    ready: dict[TaskName, Champion] = {}
    missing: dict[TaskName, Missing] = {}
    for name, entry in tasks.items():
        found = champion(lake.models / name, entry)
        if isinstance(found, Champion):
            ready[name] = found
        else:
            missing[name] = found
    return ready, missing


def champion(folder: Path, entry: Served) -> Champion | Missing:
    """The champion that the pointer in the task's folder names."""
    name = entry.task.name
    again = AGAIN.format(name=name)
    try:
        pointer = json.loads((folder / POINTER).read_text(encoding="utf-8"))
        version, digest = str(pointer["version"]), str(pointer["digest"])
    except FileNotFoundError:
        return Missing(f"no model of {name} is promoted", again)
    except (OSError, ValueError, KeyError, TypeError) as error:
        return Missing(f"{folder / POINTER} cannot be read: {error!r}", again)
    return kept(folder, version, digest, entry)


def kept(folder: Path, version: str, digest: str, entry: Served) -> Champion | Missing:
    """The model of that digest, champion or not, if the task's folder keeps it."""
    name = entry.task.name
    again = AGAIN.format(name=name)
    try:
        model = load(folder / digest, digest)
    except ArtefactError as error:
        return Missing(str(error), again)
    return _fitting(model, version, entry) or Missing(
        f"model {digest[:12]} of {name} was trained with other features than this version has",
        again,
    )


def _fitting(model: Model, version: str, entry: Served) -> Champion | None:
    """The champion, if model and code mean the same features and classes."""
    features = entry.task.features
    same = [spec.name for spec in model.features] == [feature.name for feature in features]
    if not same or model.classes != entry.task.classes:
        return None
    return Champion(model, version, features, entry.streams, entry.request.shape)
