"""MLflow pyfunc script that loads a version and predicts with its artefact; nothing is pickled.

Nothing is pickled. The artefact is checked against its digests before it is read, as the
service does.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel

from models.artefact.folder import load_artefact
from training.registry.model_signature import predict_frame

ARTEFACT = "artefact"


class ArtefactModel(PythonModel):
    """MLflow model around the artefact; predicts bit for bit what the service does."""

    def load_context(self, context: Any) -> None:
        """Load the artefact of this version."""
        self.model = load_artefact(Path(context.artifacts[ARTEFACT]))

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Predict one row of outputs per row of features."""
        del context, params
        return predict_frame(self.model, model_input)


set_model(ArtefactModel())
