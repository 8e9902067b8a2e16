"""Schema of a parameter file: LightGBM, fit, features and training size.

LightGBM ignores a name it does not know, so a typo would change nothing and say nothing.
Here it is an error that lists the names there are.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from features.feature import FeatureKind
from models.calibration.calibrators import CalibrationMethod
from models.conformal.prediction_sets import CoverageScope
from models.fitting.preparation import FitOptions, RefitScope
from models.folds import FoldShares
from models.task import Task

Share = Annotated[float, Field(gt=0, le=1)]
Count = Annotated[int, Field(ge=1)]
AtLeastZero = Annotated[float, Field(ge=0)]


class LightGbmParameters(BaseModel):
    """What differs from `models.estimator.boosting.lightgbm_parameters`.

    A name left out keeps its number there.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    num_iterations: Count | None = None
    early_stopping_round: Count | None = None
    learning_rate: Share | None = None
    num_leaves: Annotated[int, Field(ge=2)] | None = None
    max_depth: int | None = None
    min_data_in_leaf: Count | None = None
    min_sum_hessian_in_leaf: AtLeastZero | None = None
    min_gain_to_split: AtLeastZero | None = None
    lambda_l1: AtLeastZero | None = None
    lambda_l2: AtLeastZero | None = None
    path_smooth: AtLeastZero | None = None
    feature_fraction: Share | None = None
    feature_fraction_bynode: Share | None = None
    bagging_fraction: Share | None = None
    bagging_freq: Annotated[int, Field(ge=0)] | None = None
    extra_trees: bool | None = None
    max_bin: Annotated[int, Field(ge=2)] | None = None
    max_cat_threshold: Count | None = None
    cat_smooth: AtLeastZero | None = None
    cat_l2: AtLeastZero | None = None
    min_data_per_group: Count | None = None

    def given(self) -> dict[str, float | int | str | bool]:
        """Those that the file sets, by LightGBM's names."""
        return self.model_dump(exclude_none=True)


DEFAULT_MOST_ASKS = 60_000
FoldShare = Annotated[float, Field(gt=0, lt=0.5)]


class ParameterSection(BaseModel):
    """A part of the file: names it does not know are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FitParameters(ParameterSection):
    """How to fit, see `models.fitting.fit.FitOptions`; a name left out keeps its default there."""

    refit: RefitScope = RefitScope.FIT_AND_STOP
    coverage: Annotated[float, Field(gt=0.5, lt=1)] = FitOptions.coverage
    min_category_rows: Annotated[int, Field(ge=1)] | None = None
    rounds: Annotated[int, Field(ge=1)] | None = None
    calibrations: tuple[CalibrationMethod, ...] = ()
    shifted: bool = True
    sets: CoverageScope = CoverageScope.MARGINAL
    adaptive: bool = False
    half_life_days: Annotated[float, Field(gt=0)] | None = None
    stop_share: FoldShare = FoldShares.stop
    calibration_share: FoldShare = FoldShares.calibration


class FeatureParameters(ParameterSection):
    """What is known of the task's features before any data.

    leave_out: those that are not used, because they do not carry forward.
    rising, falling: those whose greater value can only raise, or only lower, the risk of the
        event while all others stay as they are (late shares; stock cover).
    """

    leave_out: tuple[str, ...] = ()
    rising: tuple[str, ...] = ()
    falling: tuple[str, ...] = ()


class TrainParameters(ParameterSection):
    """most_asks: to learn from and measure on, spread evenly over time."""

    most_asks: Annotated[int, Field(ge=20)] = DEFAULT_MOST_ASKS


class Parameters(ParameterSection):
    """All of a file. lightgbm_quantiles: where the quantiles' trees differ from the classes'."""

    features: FeatureParameters = FeatureParameters()
    lightgbm: LightGbmParameters
    lightgbm_quantiles: LightGbmParameters = LightGbmParameters()
    fit: FitParameters = FitParameters()
    train: TrainParameters = TrainParameters()

    @model_validator(mode="after")
    def _some_left_to_fit(self) -> Parameters:
        later = self.fit.stop_share + self.fit.calibration_share
        if later > 0.6:
            raise ValueError(
                f"fit.stop_share and fit.calibration_share take {later:.0%} of the asks together; "
                "at most 60% may go to stopping and calibrating"
            )
        return self

    def task(self, asked: Task) -> Task:
        """The task with all that the file says of it.

        Raises:
            ValueError: for a feature that the task does not have or that cannot rise, and for
                signs of a task with more than two classes.
        """
        self._check(asked)
        said = self.features
        kept = tuple(f for f in asked.features if f.name not in said.leave_out)
        return self.trees(replace(asked, features=kept, rising=said.rising, falling=said.falling))

    def trees(self, asked: Task) -> Task:
        """The task with these parameters of LightGBM's, and no others."""
        return replace(
            asked,
            lightgbm=self.lightgbm.given(),
            lightgbm_quantiles=self.lightgbm_quantiles.given(),
        )

    def _check(self, asked: Task) -> None:
        numbers = [f.name for f in asked.features if f.kind is FeatureKind.NUMBER]
        for key, choices in {
            "leave_out": [feature.name for feature in asked.features],
            "rising": numbers,
            "falling": numbers,
        }.items():
            for name in getattr(self.features, key):
                if name not in choices:
                    raise ValueError(
                        f"features.{key}: {asked.name} has no such feature {name!r}; "
                        f"there are {', '.join(choices)}"
                    )
        if (self.features.rising or self.features.falling) and not asked.binary:
            raise ValueError(
                f"features.rising and falling say what raises the risk of one event; "
                f"{asked.name} has {len(asked.classes)} classes"
            )

    @property
    def options(self) -> FitOptions:
        """How to fit."""
        return FitOptions(
            shares=FoldShares(self.fit.stop_share, self.fit.calibration_share),
            refit=self.fit.refit,
            coverage=self.fit.coverage,
            min_category_rows=self.fit.min_category_rows,
            rounds=self.fit.rounds,
            calibrations=self.fit.calibrations,
            shifted=self.fit.shifted,
            sets=self.fit.sets,
            adaptive=self.fit.adaptive,
            half_life_days=self.fit.half_life_days,
        )
