"""The whole service, struck once by each fault that processes meet; long runs by command."""

import psutil
import pytest

from tests.faults.audit_location import StoreKind
from tests.faults.cycles import Plan, bench
from tests.faults.fault import Fault, TargetKind

pytestmark = pytest.mark.slow(110)

PLANS = [
    Plan(fault, TargetKind.SERVICE, store, cycles=1, away=3.0)
    for fault, store in [
        (Fault.KILL_WORKER, StoreKind.POSTGRESQL),
        (Fault.KILL_PARENT, StoreKind.SQLITE),
        (Fault.SIGTERM, StoreKind.SQLITE),
        (Fault.POSTGRES_AWAY, StoreKind.POSTGRESQL),
        (Fault.DUPLICATES, StoreKind.SQLITE),
    ]
]


@pytest.mark.parametrize("plan", PLANS, ids=[plan.name for plan in PLANS])
def test_nothing_acknowledged_is_lost_and_it_comes_back_alone(plan, carry_out):
    figures = carry_out(plan)
    assert figures.breaks == []
    assert len(figures.back) == 1
    assert figures.acknowledged > 0


def test_nothing_stays_behind_when_the_command_is_killed(tmp_path):
    plan = Plan(Fault.KILL_PARENT, TargetKind.SERVICE, StoreKind.SQLITE, cycles=0)
    with bench(plan, tmp_path) as (made, _):
        every = psutil.Process(made.target.process.pid).children(recursive=True)
        assert len(every) >= 2  # BentoML and its worker
        made.target.process.kill()
        assert psutil.wait_procs(every, timeout=60)[1] == []
