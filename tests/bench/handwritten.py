"""A minimal peer service: FastAPI, pydantic and a booster; score only."""

from __future__ import annotations

import os

import lightgbm as lgb
import numpy as np
from fastapi import FastAPI
from pydantic import BaseModel

booster = lgb.Booster(model_file=os.environ["BENCH_MODEL"])
app = FastAPI()


class Case(BaseModel):
    """Features of a case, in order; null means missing."""

    features: list[float | None]


class Score(BaseModel):
    """Probability of the event."""

    probability: float


@app.post("/score")
def score(case: Case) -> Score:
    """Return the probability of the event."""
    row = np.array([case.features], dtype=np.float64)
    return Score(probability=booster.predict(row, num_threads=1)[0])
