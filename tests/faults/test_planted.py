"""The harness fails where it must: writers with a fault planted in them.

A store with `synchronous=OFF` is not among them: SIGKILL leaves to the kernel what was written,
so that only a loss of power would tell it from one that waits for the disk.
"""

import pytest

from tests.faults.cycles import Plan
from tests.faults.fault import Fault, TargetKind
from tests.faults.invariants import Broken
from tests.faults.place import StoreKind
from tests.faults.writer import Plant


@pytest.mark.parametrize(
    ("plant", "found"),
    [
        (Plant.ACKNOWLEDGE_FIRST, Broken.LOST),
        (Plant.DROP, Broken.LOST),
        (Plant.IGNORE_KEYS, Broken.DOUBLE),
    ],
)
def test_a_writer_with_a_planted_fault_is_found_out(plant, found, carry_out):
    plan = Plan(Fault.KILL_WRITER, TargetKind.WRITER, StoreKind.SQLITE, cycles=200, plant=plant)
    assert found in {one.kind for one in carry_out(plan).breaks}
