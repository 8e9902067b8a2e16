"""Model artefact: a folder of text files pinned by a manifest of digests.

A damaged LightGBM file can kill the process that reads it, so every byte is checked before
any of it is parsed. The manifest lists each file's sha256; the sha256 of the manifest is
the model's digest. Same data and seed, same digest.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from models.calibration.calibrators import calibration_from_json
from models.catalogue import TASKS
from models.conformal.prediction_sets import Conformal
from models.encoding.encoder import Encoder
from models.encoding.feature_spec import FeatureSpec
from models.estimator.trees import Trees
from models.model import Model
from models.rule_precision import precisions_as_json, precisions_from_json
from models.task import TaskName

MANIFEST = "manifest.json"
FEATURES = "features.json"
RULES = "rules.json"
FORMAT = 5
EXPLAINER_KEY, EXPLAINER = "explainer", "quadrature"
"""Name of the explainer, our own TreeSHAP; the last bits of its contributions are recorded."""

ArtefactFiles = Mapping[str, str]


class ArtefactError(ValueError):
    """An artefact that cannot be trusted: damaged, incomplete, or not the one asked for."""


def save_artefact(model: Model, folder: Path) -> str:
    """Write the model into an empty or new folder and return its digest.

    Raises:
        FileExistsError: if the folder holds anything.
    """
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty; a model is written to a folder of its own")
    files = to_files(model)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_bytes(text.encode())
    return manifest_digest(files)


def load_artefact(folder: Path, digest: str | None = None) -> Model:
    """Load the model in a folder after checking every file of it.

    digest: the model that is wanted; None takes what the manifest says.

    Raises:
        ArtefactError: naming the file that is missing, extra or damaged, or both digests.
    """
    return from_files(_read_verified(folder, digest))


def verify_artefact(folder: Path, digest: str) -> None:
    """Check every file of the artefact without parsing any of it.

    Raises:
        ArtefactError: as `load_artefact` does.
    """
    _read_verified(folder, digest)


def to_files(model: Model) -> dict[str, str]:
    """Return the content of the artefact's files by name, including the manifest."""
    files = {
        "model.txt": model.trees.text,
        "calibration.json": _json_text(model.calibration.as_json()),
        "conformal.json": _json_text(model.conformal.as_json()),
        FEATURES: _features_json(model),
        "reference.json": _json_text(model.reference),
        "golden.json": _json_text(model.golden),
        "card.md": model.card,
        RULES: _json_text(precisions_as_json(model.rules)),
    }
    for level, trees in zip(model.quantile_levels, model.quantile_trees, strict=True):
        files[_quantile_file(level)] = trees.text
    manifest = {
        "format": FORMAT,
        "task": str(model.task_name),
        "classes": list(model.classes),
        "quantiles": list(model.quantile_levels),
        "files": {name: _sha256(text.encode()) for name, text in files.items()},
        EXPLAINER_KEY: EXPLAINER,
    }
    return files | {MANIFEST: _json_text(manifest)}


def from_files(files: ArtefactFiles) -> Model:
    """Build the model from files that have been verified."""
    manifest = json.loads(files[MANIFEST])
    levels = tuple(manifest["quantiles"])
    return Model(
        task_name=TaskName(manifest["task"]),
        classes=tuple(manifest["classes"]),
        encoder=Encoder(tuple(map(FeatureSpec.from_json, json.loads(files[FEATURES])))),
        trees=Trees(files["model.txt"]).load(),
        calibration=calibration_from_json(json.loads(files["calibration.json"])),
        conformal=Conformal.from_json(json.loads(files["conformal.json"])),
        quantile_levels=levels,
        quantile_trees=tuple(
            Trees(files[_quantile_file(level)]).load(explained=False) for level in levels
        ),
        reference=json.loads(files["reference.json"]),
        golden=json.loads(files["golden.json"]),
        card=files["card.md"],
        rules=precisions_from_json(json.loads(files[RULES])),
        digest=manifest_digest(files),
    )


def with_digest(model: Model) -> Model:
    """Return the model with its digest set, as `load_artefact` would return it."""
    files = to_files(replace(model, digest=""))
    return from_files(files)


def manifest_digest(files: ArtefactFiles) -> str:
    """Return the SHA-256 of the manifest in hexadecimal."""
    return _sha256(files[MANIFEST].encode())


def schema_digest(model: Model) -> str:
    """Return the SHA-256 of the artefact's `features.json` in hexadecimal."""
    return _sha256(_features_json(model).encode())


def _features_json(model: Model) -> str:
    return _json_text([spec.as_json() for spec in model.features])


def _read_verified(folder: Path, digest: str | None) -> dict[str, str]:
    manifest = _read_file(folder, MANIFEST)
    got = _sha256(manifest)
    if digest is not None and got != digest:
        raise ArtefactError(f"{folder}: digest is {got}, asked for {digest}")
    listed = _manifest_files(folder, manifest)
    there = {path.name for path in folder.iterdir()} - {MANIFEST}
    if extra := sorted(there - set(listed)):
        raise ArtefactError(
            f"{folder}: {', '.join(extra)} is not in the manifest; it lists {', '.join(listed)}"
        )
    contents = {name: _read_file(folder, name) for name in listed}
    for name, content in contents.items():
        if _sha256(content) != listed[name]:
            raise ArtefactError(
                f"{folder / name} is damaged: sha256 is {_sha256(content)}, "
                f"the manifest says {listed[name]}"
            )
    return {name: content.decode() for name, content in (contents | {MANIFEST: manifest}).items()}


def _manifest_files(folder: Path, manifest: bytes) -> dict[str, str]:
    """Return the manifest's files with their sha256, if it is a manifest of this format."""
    try:
        fields: Any = json.loads(manifest)
        listed = {str(name): str(value) for name, value in fields["files"].items()}
        needed = {"model.txt", "calibration.json", "conformal.json", FEATURES}
        needed |= {"reference.json", "golden.json", "card.md", RULES}
        needed |= {_quantile_file(level) for level in fields["quantiles"]}
        known = fields["task"] in TASKS
        written = fields["format"]
        explainer = fields.get(EXPLAINER_KEY)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArtefactError(f"{folder / MANIFEST} is damaged: {error!r}") from error
    if written != FORMAT:
        raise ArtefactError(
            f"{folder / MANIFEST} is of format {written!r}; this version reads {FORMAT}: "
            "train the task again"
        )
    if explainer != EXPLAINER:
        raise ArtefactError(
            f"{folder / MANIFEST} is damaged: {explainer!r} is not a known explainer"
        )
    if not known or set(listed) != needed or not isinstance(fields["classes"], list):
        raise ArtefactError(
            f"{folder / MANIFEST} is damaged: it must be of one of the tasks "
            f"{', '.join(TASKS)}, and list {', '.join(sorted(needed))}"
        )
    return listed


def _read_file(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise ArtefactError(f"{folder / name} cannot be read: {error.strerror}") from error


def _quantile_file(level: float) -> str:
    return f"quantile_{level:g}.txt"


def _json_text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def _sha256(content: bytes) -> str:
    return sha256(content).hexdigest()
