"""Parameters of a training: their schema, and the TOML files that hold them.

LightGBM ignores a name it does not know, so a typing error would change nothing and go unnoticed.
Here it is an error that names the file, the key and the choices.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

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
    """LightGBM parameters that differ from `models.estimator.boosting.lightgbm_parameters`.

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
        """Return the parameters that the file sets, by LightGBM's names."""
        return self.model_dump(exclude_none=True)


DEFAULT_MOST_ASKS = 60_000
FoldShare = Annotated[float, Field(gt=0, lt=0.5)]


class ParameterSection(BaseModel):
    """A part of the file: names it does not know are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FitParameters(ParameterSection):
    """Fit options; see `models.fitting.fit.FitOptions` for what is left out."""

    refit: RefitScope = RefitScope.FIT_AND_STOP
    coverage: Annotated[float, Field(gt=0.5, lt=1)] = FitOptions.coverage
    min_category_rows: Annotated[int, Field(ge=1)] | None = None
    rounds: Annotated[int, Field(ge=1)] | None = None
    calibrations: tuple[CalibrationMethod, ...] = ()
    shifted: bool = True
    sets: CoverageScope = CoverageScope.MARGINAL
    half_life_days: Annotated[float, Field(gt=0)] | None = None
    stop_share: FoldShare = FoldShares.stop
    calibration_share: FoldShare = FoldShares.calibration


class FeatureParameters(ParameterSection):
    """Prior knowledge of the task's features.

    Attributes:
        leave_out: features that are not used, because they do not carry forward.
        rising, falling: features whose greater value can only raise, or only lower, the risk of
            the event while all others stay as they are (late shares; stock cover).
    """

    leave_out: tuple[str, ...] = ()
    rising: tuple[str, ...] = ()
    falling: tuple[str, ...] = ()


class TrainParameters(ParameterSection):
    """most_asks: to learn from and measure on, spread evenly over time."""

    most_asks: Annotated[int, Field(ge=20)] = DEFAULT_MOST_ASKS


class Parameters(ParameterSection):
    """A parameter file.

    Attributes:
        lightgbm_quantiles: parameters in which the quantile trees differ from the class trees.
    """

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

    def task(self, task: Task) -> Task:
        """The task with all that the file says of it.

        Raises:
            ValueError: for a feature that the task does not have or that cannot rise, and for
                signs of a task with more than two classes.
        """
        self._check(task)
        own = self.features
        used = tuple(f for f in task.features if f.name not in own.leave_out)
        return self.trees(replace(task, features=used, rising=own.rising, falling=own.falling))

    def trees(self, task: Task) -> Task:
        """The task with these parameters of LightGBM's, and no others."""
        return replace(
            task,
            lightgbm=self.lightgbm.given(),
            lightgbm_quantiles=self.lightgbm_quantiles.given(),
        )

    def _check(self, task: Task) -> None:
        numbers = [f.name for f in task.features if f.kind is FeatureKind.NUMBER]
        for key, choices in {
            "leave_out": [feature.name for feature in task.features],
            "rising": numbers,
            "falling": numbers,
        }.items():
            for name in getattr(self.features, key):
                if name not in choices:
                    raise ValueError(
                        f"features.{key}: {task.name} has no such feature {name!r}; "
                        f"there are {', '.join(choices)}"
                    )
        if (self.features.rising or self.features.falling) and not task.binary:
            raise ValueError(
                f"features.rising and falling say what raises the risk of one event; "
                f"{task.name} has {len(task.classes)} classes"
            )

    @property
    def options(self) -> FitOptions:
        """Return the fit options."""
        return FitOptions(
            shares=FoldShares(self.fit.stop_share, self.fit.calibration_share),
            refit=self.fit.refit,
            coverage=self.fit.coverage,
            min_category_rows=self.fit.min_category_rows,
            rounds=self.fit.rounds,
            calibrations=self.fit.calibrations,
            shifted=self.fit.shifted,
            sets=self.fit.sets,
            half_life_days=self.fit.half_life_days,
        )


TASK_FOLDER = Path(__file__).parents[1] / "tasks"
TASK_FILE = "parameters.toml"
SOURCE_FOLDER = Path(__file__).parent / "sources"
UNKNOWN_KEY = "extra_forbidden"


class ParametersError(ValueError):
    """A file of parameters that cannot be used; says where, what, and the choices."""


def load_parameters(name: str, path: Path | None = None) -> Parameters:
    """The parameters of a task or a public set, from its own file or from `path`.

    Raises:
        ParametersError: for a name without a file, and for a file that is not as it should be.
    """
    return read_parameters(path or parameters_file(name))


def read_parameters(path: Path) -> Parameters:
    """The parameters in a TOML file.

    Raises:
        ParametersError: naming the file, each key that is wrong, and the keys there are.
    """
    try:
        written = tomllib.loads(path.read_text(encoding="utf-8"))
        return Parameters.model_validate(written)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ParametersError(f"parameters {path}: {error}") from error
    except ValidationError as error:
        raise ParametersError(f"parameters {path}: {'; '.join(_lines(error))}") from error


def parameters_file(name: str) -> Path:
    """Return the parameter file of a task or a public set.

    Raises:
        ParametersError: there is none; the message lists the names there are.
    """
    for path in (TASK_FOLDER / name / TASK_FILE, SOURCE_FOLDER / f"{name}.toml"):
        if path.is_file():
            return path
    tasks = (path.parent.name for path in TASK_FOLDER.glob(f"*/{TASK_FILE}"))
    known = sorted((*tasks, *(path.stem for path in SOURCE_FOLDER.glob("*.toml"))))
    raise ParametersError(f"no parameters of {name!r}; there are {', '.join(known)}")


def _lines(error: ValidationError) -> Iterator[str]:
    for one in error.errors():
        place = [str(part) for part in one["loc"]]
        where = ".".join(place) or "file"
        if one["type"] == UNKNOWN_KEY:
            yield f"{where} is not known; {_choices(place)}"
        elif one["type"] == "missing":
            yield f"{where} is missing"
        else:
            received = f" (got {one['input']!r})" if place else ""
            yield f"{where}: {one['msg'].removeprefix('Value error, ')}{received}"


def _choices(place: list[str]) -> str:
    """The names that may stand where an unknown one does; the likeliest first."""
    part: Any = Parameters
    for name in place[:-1]:
        part = part.model_fields[name].annotation
    assert issubclass(part, BaseModel)
    names = list(part.model_fields)
    near = get_close_matches(place[-1], names, n=1)
    suggestion = f"did you mean {near[0]}? " if near else ""
    return f"{suggestion}there are {', '.join(names)}"


def parameters_toml(chosen: Parameters, comment: Sequence[str]) -> str:
    """TOML text: the comment's lines, then every number that is not its default."""
    lines = [f"# {line}".rstrip() for line in comment]
    for name in Parameters.model_fields:
        part: BaseModel = getattr(chosen, name)
        numbers = part.model_dump(exclude_defaults=True)
        if numbers or name == "lightgbm":
            lines += ["", f"[{name}]", *(f"{key} = {_cell(v)}" for key, v in numbers.items())]
    return "\n".join(lines) + "\n"


def write_parameters(chosen: Parameters, path: Path, comment: Sequence[str]) -> None:
    """The parameters as a TOML file; folders that are missing are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(parameters_toml(chosen, comment), encoding="utf-8")


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, StrEnum | str):
        return f'"{value}"'
    if isinstance(value, tuple | list):
        return f"[{', '.join(_cell(one) for one in value)}]"
    return repr(value)
