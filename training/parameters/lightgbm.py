"""LightGBM's parameters that a file may set, with the range of each.

LightGBM ignores a name it does not know, so a typo would change nothing and say nothing.
Here it is an error that lists the names there are.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(gt=0, le=1)]
Count = Annotated[int, Field(ge=1)]
AtLeastZero = Annotated[float, Field(ge=0)]


class LightGbm(BaseModel):
    """What differs from `models.boost.parameters`; a name left out keeps its number there."""

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
