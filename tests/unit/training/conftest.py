"""A few months of a small distributor, simulated once."""

from datetime import date

import pandas as pd
import pytest

from data.simulator.simulation import simulate
from data.simulator.world.size import WorldSize

SIZE = WorldSize(sites=2, suppliers=6, items=24, months=6, start=date(2025, 1, 1))


@pytest.fixture(scope="session")
def world() -> dict[str, pd.DataFrame]:
    return simulate(SIZE, seed=3)
