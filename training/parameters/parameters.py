"""Parameters of a task or of a public set: how its trees grow and how they are fitted."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from features.feature import Feature
from models.calibration import Method
from models.fit import FitOptions, Refit
from models.folds import Shares
from models.task import Task
from training.parameters.lightgbm import LightGbm

EVEN_ASKS = 60_000
FoldShare = Annotated[float, Field(gt=0, lt=0.5)]


class Part(BaseModel):
    """A part of the file: names it does not know are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Fit(Part):
    """How to fit, see `models.fit.FitOptions`; a name left out keeps its default there."""

    refit: Refit = Refit.FIT_AND_STOP
    coverage: Annotated[float, Field(gt=0.5, lt=1)] = FitOptions.coverage
    min_category_rows: Annotated[int, Field(ge=1)] | None = None
    rounds: Annotated[int, Field(ge=1)] | None = None
    calibrations: tuple[Method, ...] = ()
    shifted: bool = True
    half_life_days: Annotated[float, Field(gt=0)] | None = None
    stop_share: FoldShare = Shares.stop
    calibration_share: FoldShare = Shares.calibration


class Features(Part):
    """leave_out: the task's features that are not used, because they do not carry forward."""

    leave_out: tuple[str, ...] = ()


class Train(Part):
    """most_asks: to learn from and measure on, spread evenly over time."""

    most_asks: Annotated[int, Field(ge=20)] = EVEN_ASKS


class Parameters(Part):
    """All of a file. lightgbm_quantiles: where the quantiles' trees differ from the classes'."""

    features: Features = Features()
    lightgbm: LightGbm
    lightgbm_quantiles: LightGbm = LightGbm()
    fit: Fit = Fit()
    train: Train = Train()

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
        """The task with these parameters of LightGBM's, and without what is left out.

        Raises:
            ValueError: for a feature to leave out that the task does not have.
        """
        return self.trees(replace(asked, features=self._kept(asked)))

    def trees(self, asked: Task) -> Task:
        """The task with these parameters of LightGBM's, and no others."""
        return replace(
            asked,
            lightgbm=self.lightgbm.given(),
            lightgbm_quantiles=self.lightgbm_quantiles.given(),
        )

    def _kept(self, asked: Task) -> tuple[Feature, ...]:
        names = [feature.name for feature in asked.features]
        if strange := [name for name in self.features.leave_out if name not in names]:
            raise ValueError(
                f"features.leave_out: {asked.name} has no feature {strange[0]!r}; "
                f"it has {', '.join(names)}"
            )
        return tuple(f for f in asked.features if f.name not in self.features.leave_out)

    @property
    def options(self) -> FitOptions:
        """How to fit."""
        return FitOptions(
            shares=Shares(self.fit.stop_share, self.fit.calibration_share),
            refit=self.fit.refit,
            coverage=self.fit.coverage,
            min_category_rows=self.fit.min_category_rows,
            rounds=self.fit.rounds,
            calibrations=self.fit.calibrations,
            shifted=self.fit.shifted,
            half_life_days=self.fit.half_life_days,
        )
