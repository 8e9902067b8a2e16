"""Golden rows: inputs with their exact answers, kept in the artefact and repeated on loading.

A machine, library or file that scores them differently is noticed before it scores a case.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from data.lazy_imports import pd
from features.feature import FeatureKind
from models.model import Model

GOLDEN_ROWS = 20


class GoldenError(ValueError):
    """A golden row has another answer than was recorded; names the row and both numbers."""


def make_golden_rows(model: Model, inputs: pd.DataFrame) -> dict[str, Any]:
    """Take about `GOLDEN_ROWS` evenly spread inputs, with the model's answers in hex."""
    places = np.unique(np.linspace(0, len(inputs) - 1, GOLDEN_ROWS).astype(np.int64))
    some = inputs.iloc[places]
    columns = {
        name: [None if pd.isna(value) else value for value in some[name].tolist()]
        for name in model.encoder.names
    }
    return {"inputs": columns, "answers": _hexadecimal_answers(model, some)}


def check_golden(model: Model) -> None:
    """Score the golden rows again.

    Raises:
        GoldenError: naming the first row, answer and both numbers, if one differs.
    """
    wanted = model.golden["answers"]
    got = _hexadecimal_answers(model, golden_inputs(model))
    for name, rows in wanted.items():
        for row, (one, other) in enumerate(zip(rows, got[name], strict=True)):
            if one != other:
                raise GoldenError(
                    f"{model.task_name} {model.digest[:12]}: golden row {row}: "
                    f"{name} was {_decimal_text(one)}, is {_decimal_text(other)}"
                )


def golden_inputs(model: Model) -> dict[str, Any]:
    """Return the inputs of the golden rows as `Model.predict` takes them."""
    return {
        spec.name: np.array(
            model.golden["inputs"][spec.name],
            dtype=np.float64 if spec.kind is FeatureKind.NUMBER else object,
        )
        for spec in model.features
    }


def _hexadecimal_answers(model: Model, inputs: Any) -> dict[str, list[list[str]]]:
    answer = model.predict(inputs)
    kept = {
        "probability": answer.probability,
        "interval": np.stack([answer.low, answer.high], axis=1),
    }
    if answer.quantiles is not None:
        kept["quantiles"] = answer.quantiles
    return {name: [[v.hex() for v in row] for row in x.tolist()] for name, x in kept.items()}


def _decimal_text(values: list[str]) -> str:
    return ", ".join(f"{float.fromhex(value):.17g}" for value in values)
