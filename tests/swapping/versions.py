"""Versions of one task's model, their expected predictions, and the champion pointer."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

from data.lake import Lake
from features.profiles import Profiles
from models.artefact.folder import save_artefact
from models.fitting.fit import fit
from models.tasks.stock_risk import STOCK_RISK
from serving.model_registry.champions import load_kept_model
from serving.pipeline.scoring import predict_probabilities
from serving.tasks.catalogue import SERVED_TASKS
from tests.support.synthetic_lake import (
    ASKED_AT,
    SMALL_LIGHTGBM,
    example_case,
    make_lake,
    synthetic_training_set,
)

TASK = STOCK_RISK.name
CASES = 200


@dataclass(frozen=True)
class Versions:
    """Versions of one task's model in a lake.

    Attributes:
        lake: Lake that holds the models.
        digests: Digest of each version.
        said: Expected probabilities of every case, in order, by digest.
    """

    lake: Lake
    digests: dict[str, str]
    said: dict[str, list[dict[str, float]]]

    @property
    def home(self) -> Path:
        """Folder of the task's models."""
        return self.lake.models / TASK

    def point(self, version: str, digest: str | None = None, before: str = "1") -> None:
        """Move the champion pointer atomically."""
        write(self.home / "champion.json", {
            "version": version,
            "digest": digest or self.digests[version],
            "previous": [{"version": before, "digest": self.digests[before]}],
        })  # fmt: skip


def write(path: Path, what: dict | str) -> None:
    """Replace a file atomically."""
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(what if isinstance(what, str) else json.dumps(what))
    draft.replace(path)


def make_versions(home: Path, count: int = 3) -> Versions:
    """Make a lake with `count` versions of the model; version 1 is the champion."""
    lake = make_lake(home, (TASK,))
    folder, profiles = lake.models / TASK, Profiles.open(lake.profiles)
    digests = {"1": json.loads((folder / "champion.json").read_text())["digest"]}
    for number in range(2, count + 1):
        small = SMALL_LIGHTGBM | {"num_iterations": 15 + number, "learning_rate": 0.3 / number}
        task = replace(SERVED_TASKS[TASK].task, lightgbm=small)
        digest = save_artefact(
            fit(task, synthetic_training_set(TASK, profiles)).model, folder / "draft"
        )
        (folder / "draft").rename(folder / digest)
        digests[str(number)] = digest
    said = {digest: expected(folder, digest, profiles) for digest in digests.values()}
    return Versions(lake, digests, said)


def expected(folder: Path, digest: str, profiles: Profiles) -> list[dict[str, float]]:
    """Return a model's probabilities for every case, computed without a service."""
    entry = SERVED_TASKS[TASK]
    body = json.dumps({"cases": [example_case(TASK, number) for number in range(CASES)]}).encode()
    records = [one.model_dump() for one in entry.request.read(body)]
    return predict_probabilities(
        load_kept_model(folder, "", digest, entry), profiles, records, [ASKED_AT] * CASES
    )
