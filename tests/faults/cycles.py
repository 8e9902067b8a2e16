"""Cycles of one fault: load, strike, come back, look at everything."""

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
"""Not a demand, a bound: who is not back by then does not come back alone."""
MOST_BEFORE = 30
"""Answers before the fault: up to so many, drawn for each cycle."""


class RecoveryTimeoutError(RuntimeError):
    """Nothing was answered any more."""


@dataclass(frozen=True)
class Plan:
    """A fault, its target and its store, repeated. start: the first cycle's number, to repeat a single one."""

    fault: Fault
    target: TargetKind
    store: StoreKind
    cycles: int
    seed: int = 1
    away: float = 3.0
    plant: Plant = Plant.NONE

    @property
    def name(self) -> str:
        """Name of its folder."""
        return f"{self.fault}-{self.target}-{self.store}"


@dataclass
class Figures:
    """Figures of a run. back: seconds from the end of each fault to the first answer after it."""

    cycles: int = 0
    acknowledged: int = 0
    entries: int = 0
    refused: int = 0
    broken: int = 0
    back: list[float] = field(default_factory=list)
    breaks: list[Violation] = field(default_factory=list)


@dataclass
class Run:
    """A plan that is carried out."""

    plan: Plan
    bench: Bench
    known: Known
    figures: Figures = field(default_factory=Figures)
    answers: list[Answer] = field(default_factory=list)

    def cycle(self, number: int) -> None:
        """One cycle; what does not hold is in the figures."""
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
        found = target.answers.first(Outcome.ACKNOWLEDGED, since, RECOVERY_SECONDS, count)
        if found is None:
            raise RecoveryTimeoutError(f"no answer within {RECOVERY_SECONDS} seconds")
        return found

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

    def whole(self) -> None:
        """Stop, and look at the whole record once more, from its first entry."""
        for target in self.bench.targets:
            target.stop()
        self.answers += [a for target in self.bench.targets for a in target.answers.take()]
        again = Known(self.known.content, self.known.read_note)
        self.figures.breaks += again.extend(self.bench.log.read())
        self.figures.breaks += again.holds(self.answers)
        self.figures.entries = again.size


@contextmanager
def bench(plan: Plan, folder: Path) -> Iterator[tuple[Bench, Known]]:
    """Everything a plan needs, running; ended afterwards."""
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
    """As many writers as the fault takes."""
    environment = where.environment | kind.environment(where)
    return [
        writer_target.Writer(
            environment, where.folder, name, 4, kind.twice, plan.plant, kind.prefix()
        )
        for name in "abc"[: kind.replicas]
    ]


def services(plan: Plan, kind: FaultKind, where: AuditLocation) -> list[service_target.Service]:
    """As many services as the fault takes, on one lake of tiny models."""
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


def run(plan: Plan, folder: Path, told: Callable[[Run], None] = lambda _: None) -> Run:
    """Carry a plan out. told: called after every cycle.

    Raises:
        NotBackError: it did not come back alone.
    """
    with bench(plan, folder) as (made, known):
        current = Run(plan, made, known)
        for number in range(plan.cycles):
            current.cycle(number)
            told(current)
            if current.figures.breaks:
                break
        current.whole()
        return current
