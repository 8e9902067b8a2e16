"""Figures are kept as they come, and a later run goes on from what is done."""

from dataclasses import replace

from tests.faults.audit_location import StoreKind
from tests.faults.cycles import Figures, Plan
from tests.faults.fault import Fault, TargetKind
from tests.faults.invariants import Violation, ViolationKind
from tests.faults.results import Result, Results, table

PLAN = Plan(Fault.KILL_WRITER, TargetKind.WRITER, StoreKind.SQLITE, cycles=2)
HELD = Result(PLAN, Figures(cycles=2, acknowledged=9, entries=9, back=[0.2, 0.4]))
LOST = Figures(cycles=1, breaks=[Violation(ViolationKind.LOST, 3, "r3 is gone")])


def test_a_resumed_run_skips_plans_that_passed(tmp_path):
    Results(tmp_path / "figures.json").put(HELD)
    later = Results(tmp_path / "figures.json")
    later.resume()
    assert later.done(PLAN)
    assert later.every[PLAN.name] == HELD
    assert not later.done(replace(PLAN, cycles=3))


def test_a_resumed_run_repeats_plans_that_failed_or_were_cut_off(tmp_path):
    for unfinished in (Result(PLAN, LOST), Result(PLAN, Figures(), "not finished")):
        Results(tmp_path / "figures.json").put(unfinished)
        later = Results(tmp_path / "figures.json")
        later.resume()
        assert not later.done(PLAN)


def test_a_line_counts_what_was_lost_and_how_long_it_took():
    assert HELD.row() == ["2", "9", "9", "0", "0", "0", "0", "0", "0.30", "0.40"]
    assert Result(PLAN, LOST).row()[5:8] == ["1", "0", "1"]
    assert table([HELD]).row_count == 1
