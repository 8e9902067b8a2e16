"""Signature and output columns of the MLflow model."""

from __future__ import annotations

import pandas as pd
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema

from features.feature import FeatureKind
from models.model import Model


def predict_frame(model: Model, inputs: pd.DataFrame) -> pd.DataFrame:
    """Predict one row of outputs per row of inputs.

    `probability_<CLASS>` of every class, the interval `low`, `high` of the one that is
    explained, and `quantile_<level>` of the target where the task has one.
    """
    predictions = model.predict(inputs)
    columns = {
        f"probability_{name}": predictions.probability[:, i] for i, name in enumerate(model.classes)
    }
    columns |= {"low": predictions.low, "high": predictions.high}
    if predictions.quantiles is not None:
        columns |= {
            f"quantile_{level:g}": predictions.quantiles[:, i]
            for i, level in enumerate(model.quantile_levels)
        }
    return pd.DataFrame(columns)


def model_signature(model: Model) -> ModelSignature:
    """Return the MLflow signature; every input is optional, since any may be missing."""
    names = output_columns(model)
    return ModelSignature(
        Schema([ColSpec(_type(f.kind), f.name, required=False) for f in model.features]),
        Schema([ColSpec("double", name) for name in names]),
    )


def output_columns(model: Model) -> list[str]:
    """Return the columns of `predict_frame`, in order."""
    levels = model.quantile_levels if model.quantile_trees else ()
    return [
        *(f"probability_{name}" for name in model.classes),
        "low",
        "high",
        *(f"quantile_{level:g}" for level in levels),
    ]


def _type(kind: FeatureKind) -> str:
    match kind:
        case FeatureKind.NUMBER:
            return "double"
        case FeatureKind.CATEGORY:
            return "string"
