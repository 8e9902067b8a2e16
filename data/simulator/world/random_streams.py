"""Seeded random streams, one per subject, and the random processes drawn from them."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]


def random_stream(seed: int, subject: str) -> np.random.Generator:
    """The generator of a subject ("demand", "deliveries"): same seed, same draws."""
    return np.random.default_rng([seed, zlib.crc32(subject.encode())])


def draw_flags(rng: np.random.Generator, probability: NDArray[Any]) -> Flags:
    """Draw one flag per probability."""
    return np.asarray(rng.random(probability.shape) < probability, dtype=np.bool_)


def sigmoid(logit: NDArray[Any]) -> Floats:
    """Log-odds to probability."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.asarray(logit, dtype=np.float64))))


def autoregressive_paths(
    rng: np.random.Generator, rows: int, steps: int, keep: float, spread: float
) -> Floats:
    """Rows of slowly drifting values: AR(1) with this memory and this standard deviation."""
    shocks = rng.normal(0.0, spread * np.sqrt(1 - keep**2), (rows, steps))
    shocks[:, 0] = rng.normal(0.0, spread, rows)
    for step in range(1, steps):
        shocks[:, step] += keep * shocks[:, step - 1]
    return shocks


def episode_intensities(
    rng: np.random.Generator, rows: int, days: int, per_year: float, length: tuple[int, int]
) -> Floats:
    """Rows of 0, with hills up to 1 where an episode runs (days long from `length`)."""
    hills = np.zeros((rows, days))
    for row in range(rows):
        for start in rng.integers(-length[1], days, rng.poisson(per_year * days / 365)):
            span = int(rng.integers(length[0], length[1] + 1))
            hill = rng.uniform(0.6, 1.0) * np.sin(np.linspace(0.15, np.pi - 0.15, span)) ** 0.5
            low, high = max(0, start), max(0, min(days, start + span))
            hills[row, low:high] = np.maximum(
                hills[row, low:high], hill[low - start : high - start]
            )
    return hills
