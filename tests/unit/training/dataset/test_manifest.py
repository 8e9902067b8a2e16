"""A manifest names what went into a training."""

from dataclasses import replace

import numpy as np
import pandas as pd

from models.training_set import TrainingSet
from tests.lakes import write_lake
from training.dataset.manifest import training_manifest, training_set_digest


def training_set() -> TrainingSet:
    asked = np.array(["2026-01-01", "2026-01-02"], dtype="datetime64[us]")
    return TrainingSet(
        inputs=pd.DataFrame({"x": [1.0, np.nan], "s": pd.Series(["a", None], dtype=object)}),
        label=np.array([0, 1]),
        target=np.array([0.5, np.nan]),
        asked_at=asked,
        matured_at=asked,
        group=np.array(["g", "h"], dtype=object),
        site=np.array(["north", "south"], dtype=object),
    )


def test_every_number_text_and_label_is_in_the_digest() -> None:
    one = training_set()
    others = [
        replace(one, inputs=one.inputs.assign(x=[1.0, 2.0])),
        replace(one, inputs=one.inputs.assign(s=pd.Series(["a", "b"], dtype=object))),
        replace(one, inputs=one.inputs.rename(columns={"x": "y"})),
        replace(one, label=np.array([1, 1])),
        replace(one, target=np.array([0.5, 1.0])),
        replace(one, asked_at=one.asked_at[::-1]),
        replace(one, weight=np.array([1.0, 2.0])),
    ]
    digests = {training_set_digest(other) for other in others}
    assert len(digests) == len(others)
    assert training_set_digest(one) not in digests
    assert training_set_digest(one) == training_set_digest(training_set())


def test_files_are_named_with_their_rows_and_sha256(tmp_path) -> None:
    at = pd.Timestamp("2026-01-01T00:00Z")
    items = pd.DataFrame({"item_id": ["I1", "I2", "I3"], "happened_at": at, "known_at": at})
    write_lake(tmp_path, {"items": items})
    described = training_manifest(training_set(), tmp_path)
    assert described.files["items"]["rows"] == 3
    assert len(str(described.files["items"]["sha256"])) == 64
    assert described.lake_version == 1
    assert (described.first[:10], described.last[:10]) == ("2026-01-01", "2026-01-02")
