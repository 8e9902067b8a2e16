"""Every fault that a bare writer can meet, a few times each, on every store it is for."""

import pytest

from tests.faults.cycles import Plan
from tests.faults.fault import Fault, TargetKind
from tests.faults.faults import FAULTS

pytestmark = pytest.mark.slow(130)

CYCLES = {Fault.KILL_WRITER: 10, Fault.SQLITE_LOCKED: 1}
OTHERS = 2
AWAY_SECONDS = 1.0
PLANS = [
    Plan(fault, TargetKind.WRITER, store, CYCLES.get(fault, OTHERS), away=AWAY_SECONDS)
    for fault, kind in FAULTS.items()
    if TargetKind.WRITER in kind.targets
    for store in kind.stores
]


def test_every_fault_has_a_way_to_be_done():
    assert set(FAULTS) == set(Fault)


@pytest.mark.parametrize("plan", PLANS, ids=[plan.name for plan in PLANS])
def test_nothing_acknowledged_is_lost_and_it_comes_back_alone(plan, carry_out):
    figures = carry_out(plan)
    assert figures.breaks == []
    assert len(figures.back) == figures.cycles == plan.cycles
    assert figures.acknowledged > 0
