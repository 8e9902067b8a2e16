"""Every fault that a bare writer can meet, a few times each, on every store it is for.

A store with `synchronous=OFF` is not among them: SIGKILL leaves to the kernel what was written,
so that only a loss of power would tell it from one that waits for the disk.
"""

import pytest

from tests.faults.audit_location import StoreKind
from tests.faults.catalogue import FAULTS
from tests.faults.cycles import Plan
from tests.faults.fault import Fault, TargetKind
from tests.faults.invariants import ViolationKind
from tests.faults.writer import Plant


@pytest.mark.parametrize(
    ("plant", "found"),
    [
        (Plant.ACKNOWLEDGE_FIRST, ViolationKind.LOST),
        (Plant.DROP, ViolationKind.LOST),
        (Plant.IGNORE_KEYS, ViolationKind.DOUBLE),
    ],
)
def test_a_writer_with_a_planted_fault_is_found_out(plant, found, carry_out):
    plan = Plan(Fault.KILL_WRITER, TargetKind.WRITER, StoreKind.SQLITE, cycles=200, plant=plant)
    assert found in {one.kind for one in carry_out(plan).breaks}


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
