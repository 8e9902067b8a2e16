"""Small worlds, simulated once."""

import pytest

from data.simulator.simulation import simulate
from data.simulator.world.size import WorldSize

TINY = WorldSize(sites=3, suppliers=12, items=60, months=8)
# Every class needs some thousand invoice lines to occur; few customers make that quick.
BUSY = WorldSize(sites=7, suppliers=40, items=700, months=14, demand_rate=0.15)


@pytest.fixture(scope="session")
def tiny():
    return simulate(TINY, seed=3)


@pytest.fixture(scope="session")
def busy():
    return simulate(BUSY, seed=4)
