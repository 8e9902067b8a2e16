"""Cycles of one fault: load, strike, recover, check the invariants."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from tests.faults import service_target, writer_target
from tests.faults.audit_location import AuditLocation, StoreKind, audit_location
from tests.faults.catalogue import FAULTS
from tests.faults.fault import Bench, Fault, FaultKind, TargetKind
from tests.faults.invariants import Known, Violation, fault_took_effect
from tests.faults.observations import Answer, AuditReader, Outcome
from tests.faults.writer import Plant
from tests.support.synthetic_lake import make_lake

RECOVERY_SECONDS = 120
"""Upper bound, not a requirement: a target not back by then does not recover by itself."""
MOST_BEFORE = 30
"""Upper bound of the answers before the fault, drawn for each cycle."""


class RecoveryTimeoutError(RuntimeError):
    """Error raised when the target does not answer again in time."""


@dataclass(frozen=True)
class Plan:
    """A fault with its target and store, repeated for a number of cycles."""

    fault: Fault
    target: TargetKind
    store: StoreKind
    cycles: int
    seed: int = 1
    away: float = 3.0
    plant: Plant = Plant.NONE

    @property
    def name(self) -> str:
        """Name of the plan and of its folder."""
        return f"{self.fault}-{self.target}-{self.store}"


@dataclass
class Figures:
    """Figures of a run; `back` holds the recovery time after each fault, in seconds."""

    cycles: int = 0
    acknowledged: int = 0
    entries: int = 0
    refused: int = 0
    broken: int = 0
    back: list[float] = field(default_factory=list)
    breaks: list[Violation] = field(default_factory=list)


@dataclass
class Run:
    """State of a plan while it is carried out."""

    plan: Plan
    bench: Bench
    known: Known
    figures: Figures = field(default_factory=Figures)
    answers: list[Answer] = field(default_factory=list)

    def cycle(self, number: int) -> None:
        """Run one cycle and add its violations to the figures."""
        rng = Random(f"{self.plan.seed} {self.plan.name} {number}")
        self._answers(0.0 if number == 0 else self.began, rng.randrange(1, MOST_BEFORE))
        window = FAULTS[self.plan.fault].strike(self.bench, rng)
        first = self._answers(window.end)
        self.began = first.got
        self.figures.back.append(first.got - window.counts_from)
        answers = [a for target in self.bench.targets for a in target.answers.take()]
        snapshot = self.bench.log.read(self.known.size)
        breaks = self.known.extend(snapshot)
        breaks += self.known.holds(answers) + fault_took_effect(answers, snapshot.entries, window)
        self._count(answers, breaks)

    began: float = 0.0

    def _answers(self, since: float, count: int = 1) -> Answer:
        target = self.bench.target
        answer = target.answers.first(Outcome.ACKNOWLEDGED, since, RECOVERY_SECONDS, count)
        if answer is None:
            raise RecoveryTimeoutError(f"no answer within {RECOVERY_SECONDS} seconds")
        return answer

    def _count(self, answers: Sequence[Answer], breaks: Sequence[Violation]) -> None:
        count, figures = dict.fromkeys(Outcome, 0), self.figures
        for answer in answers:
            count[answer.outcome] += 1
        figures.cycles += 1
        figures.acknowledged += count[Outcome.ACKNOWLEDGED]
        figures.refused += count[Outcome.REFUSED]
        figures.broken += count[Outcome.BROKEN]
        figures.entries = self.known.size
        figures.breaks += breaks
        self.answers += answers

    def check_whole_record(self) -> None:
        """Stop the targets and check the record once more from its first entry."""
        for target in self.bench.targets:
            target.stop()
        self.answers += [a for target in self.bench.targets for a in target.answers.take()]
        fresh = Known(self.known.content, self.known.read_note)
        self.figures.breaks += fresh.extend(self.bench.log.read())
        self.figures.breaks += fresh.holds(self.answers)
        self.figures.entries = fresh.size


@contextmanager
def bench(plan: Plan, folder: Path) -> Iterator[tuple[Bench, Known]]:
    """Run everything that a plan needs until the block ends."""
    kind = FAULTS[plan.fault]
    with audit_location(folder, plan.store, small_disk=kind.small_disk) as where:
        targets = TARGETS[plan.target](plan, kind, where)
        try:
            for target in targets:
                target.start()
            first = targets[0].answers.first(Outcome.ACKNOWLEDGED, 0.0, RECOVERY_SECONDS)
            if first is None:
                raise RecoveryTimeoutError(f"nothing was ever answered; see the logs in {folder}")
            log = AuditReader(where.url)
            known = Known(CONTENT[plan.target], where.read_note)
            yield Bench(where, targets, log, plan.away), known
            log.close()
        finally:
            for target in targets:
                target.stop()


def writers(plan: Plan, kind: FaultKind, where: AuditLocation) -> list[writer_target.Writer]:
    """Return as many writers as the fault requires."""
    environment = where.environment | kind.environment(where)
    return [
        writer_target.Writer(
            environment, where.folder, name, 4, kind.twice, plan.plant, kind.prefix()
        )
        for name in "abc"[: kind.replicas]
    ]


def services(plan: Plan, kind: FaultKind, where: AuditLocation) -> list[service_target.Service]:
    """Return as many services as the fault requires, on one lake of tiny models."""
    make_lake(where.lake, [service_target.TASK])
    environment = where.environment | kind.environment(where)
    return [
        service_target.Service(environment, where.folder, name, kind.twice, kind.prefix())
        for name in "abc"[: kind.replicas]
    ]


TARGETS: dict[TargetKind, Callable[[Plan, FaultKind, AuditLocation], list[Any]]] = {
    TargetKind.WRITER: writers,
    TargetKind.SERVICE: services,
}
CONTENT = {TargetKind.WRITER: writer_target.content, TargetKind.SERVICE: service_target.content}


def run(plan: Plan, folder: Path, report: Callable[[Run], None] = lambda _: None) -> Run:
    """Carry out a plan; `report` is called after every cycle.

    Raises:
        RecoveryTimeoutError: The target did not recover by itself.
    """
    with bench(plan, folder) as (prepared, known):
        current = Run(plan, prepared, known)
        for number in range(plan.cycles):
            current.cycle(number)
            report(current)
            if current.figures.breaks:
                break
        current.check_whole_record()
        return current
