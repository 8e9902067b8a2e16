"""The service somebody writes in an afternoon: FastAPI, pydantic, a booster; score only."""

from __future__ import annotations

import os

import lightgbm as lgb
import numpy as np
from fastapi import FastAPI
from pydantic import BaseModel

booster = lgb.Booster(model_file=os.environ["BENCH_MODEL"])
app = FastAPI()


class Case(BaseModel):
    """The features of a case, in order; null is missing."""

    features: list[float | None]


class Score(BaseModel):
    """Its probability."""

    probability: float


@app.post("/score")
def score(case: Case) -> Score:
    """The probability of the event."""
    row = np.array([case.features], dtype=np.float64)
    return Score(probability=booster.predict(row, num_threads=1)[0])
