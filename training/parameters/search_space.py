"""Search space of tuning: tree parameters, rounds, calibration, age weighting."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    distribution_to_json,
)

from models.calibration.calibrators import CalibrationMethod
from models.fitting.preparation import RefitScope
from training.parameters.schema import FitParameters, Parameters


class CalibrationChoice(StrEnum):
    """What is done to the probabilities after the trees."""

    AS_THEY_COME = "as they come"
    """No correction: the trees learn from every matured ask, the newest too."""
    BEST_HELD_OUT = "best held out"
    """The calibration of least log-loss on the newest asks, which the trees have not seen."""


TREE_DISTRIBUTIONS: Mapping[str, BaseDistribution] = {
    "learning_rate": FloatDistribution(0.01, 0.1, log=True),
    "num_leaves": IntDistribution(4, 63, log=True),
    "min_data_in_leaf": IntDistribution(5, 200, log=True),
    "lambda_l2": FloatDistribution(1.0, 50.0, log=True),
    "feature_fraction": FloatDistribution(0.1, 0.8),
    "bagging_fraction": FloatDistribution(0.5, 0.9),
    "cat_smooth": FloatDistribution(10.0, 200.0, log=True),
    "extra_trees": CategoricalDistribution((False, True)),
}
"""By LightGBM's names."""
ROUNDS, CALIBRATION, AGE_WEIGHTED, HALF_LIFE = "rounds", "corrected", "aged", "half_life_days"
FIT_DISTRIBUTIONS: Mapping[str, BaseDistribution] = {
    ROUNDS: IntDistribution(30, 500, log=True),
    CALIBRATION: CategoricalDistribution(tuple(str(c) for c in CalibrationChoice)),
}
AGE_DISTRIBUTIONS: Mapping[str, BaseDistribution] = {
    AGE_WEIGHTED: CategoricalDistribution((False, True)),
    HALF_LIFE: FloatDistribution(60.0, 3000.0, log=True),
}
"""Whether old asks count for less, and after how many days for half."""


@dataclass(frozen=True)
class SearchSpace:
    """The search around the present parameters. dated: whether asks have an age."""

    present: Parameters
    dated: bool

    @property
    def distributions(self) -> dict[str, BaseDistribution]:
        """Every number that is searched, by name."""
        return {
            **TREE_DISTRIBUTIONS,
            **FIT_DISTRIBUTIONS,
            **(AGE_DISTRIBUTIONS if self.dated else {}),
        }

    @property
    def digest(self) -> str:
        """Digest of what is searched and of what stays as it is."""
        searched = {n: json.loads(distribution_to_json(d)) for n, d in self.distributions.items()}
        kept = self.present.model_dump(mode="json")
        text = json.dumps([searched, kept], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def parameters(self, drawn: Mapping[str, Any]) -> Parameters:
        """The present parameters with the numbers drawn; the quantiles' trees stay theirs."""
        trees = {name: _four_digits(drawn[name]) for name in TREE_DISTRIBUTIONS}
        corrected = CalibrationChoice(drawn[CALIBRATION])
        calibrated = corrected is CalibrationChoice.BEST_HELD_OUT
        fit = {
            "rounds": drawn[ROUNDS],
            "refit": RefitScope.FIT_AND_STOP if calibrated else RefitScope.ALL,
            "calibrations": () if calibrated else (CalibrationMethod.IDENTITY,),
            "half_life_days": _four_digits(drawn[HALF_LIFE]) if drawn.get(AGE_WEIGHTED) else None,
        }
        written = self.present.lightgbm.given() | trees
        return self.present.model_copy(
            update={
                "lightgbm": type(self.present.lightgbm).model_validate(written),
                "fit": FitParameters.model_validate(self.present.fit.model_dump() | fit),
            }
        )


def _four_digits(value: Any) -> Any:
    """Four digits that count: a file that people read says 0.0312, not 0.03124871."""
    return float(f"{value:.4g}") if isinstance(value, float) else value
