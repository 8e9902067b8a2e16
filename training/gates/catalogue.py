"""Catalogue of the gates, in the order of their codes, and how to run them."""

from __future__ import annotations

from collections.abc import Callable

from training.evaluation.gate_findings import GateFinding
from training.gates.gate import Candidate, Gate
from training.gates.trg001_overlap import GATE as TRG001
from training.gates.trg002_one_feature import GATE as TRG002
from training.gates.trg003_matured import GATE as TRG003
from training.gates.trg004_future import GATE as TRG004
from training.gates.trg005_rule import GATE as TRG005
from training.gates.trg006_champion import GATE as TRG006
from training.gates.trg007_calibration import GATE as TRG007
from training.gates.trg008_coverage import GATE as TRG008
from training.gates.trg009_budget import GATE as TRG009
from training.gates.trg010_stable import GATE as TRG010
from training.gates.trg011_drift import GATE as TRG011
from training.gates.trg012_golden import GATE as TRG012
from training.gates.trg013_events import GATE as TRG013

Progress = Callable[[str, float], None]

GATES: tuple[Gate, ...] = (
    TRG001,
    TRG002,
    TRG003,
    TRG004,
    TRG005,
    TRG006,
    TRG007,
    TRG008,
    TRG009,
    TRG010,
    TRG011,
    TRG012,
    TRG013,
)


def run_gates(candidate: Candidate, progress: Progress) -> tuple[GateFinding, ...]:
    """Run every gate in order.

    Args:
        candidate: candidate model.
        progress: called with the gate and the share done.
    """
    findings = []
    for place, gate in enumerate(GATES):
        progress(f"{candidate.task.name}: {gate.code} {gate.title}", place / len(GATES))
        findings.append(gate.finding(candidate))
    return tuple(findings)
