"""Random mutations of a log: each must be seen, called what it is, and found where it is."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from tests.tampering.attacks import ATTACKS
from tests.tampering.log import Log, Plan, log
from tests.tampering.scene import Place
from tests.tampering.tampered_copy import fresh_copy, write_log

PLAN = Plan(
    size=540,
    checkpoints=(120, 250, 380, 510),
    erasures=((200, ((10, 10), (30, 32))), (400, ((150, 151),))),
)


class Result(StrEnum):
    """Outcome class of one mutation, as verification judged it."""

    DETECTED = "detected"
    MISPLACED = "misplaced"
    MISSED = "missed"
    CRASHED = "crashed"


@dataclass(frozen=True)
class Outcome:
    """Outcome of one mutation.

    Attributes:
        number: Number of the mutation, which repeats it under the same seed.
        attack: Name of the attack.
        result: How verification judged it.
        expected: Places where it had to be found, as text.
        found: Findings of the verification, as text.
    """

    number: int
    attack: str
    result: Result
    expected: str
    found: str

    def as_json(self) -> dict[str, object]:
        """Return the outcome as a JSON object."""
        return asdict(self)


@cache
def base() -> Log:
    """Return the log to tamper with: over two full tiles, checkpoints, erasures, an unsigned tail."""
    return log(PLAN)


def mutations(seed: int, numbers: Iterable[int], names: Iterable[str] = ()) -> Iterator[Outcome]:
    """Do the mutations of those numbers, each on a fresh copy, and verify each.

    A mutation depends on seed and number alone, so that each can be repeated by itself. It is
    found at the right place if an expected fault is among those of the first entry named.

    Args:
        seed: Seed of all random choices.
        numbers: Numbers of the mutations to run.
        names: Names of the attacks to use in turn; all if empty.
    """
    chosen = sorted(names or ATTACKS)
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder) / "template"
        template.mkdir()
        write_log(base(), template)
        for number in numbers:
            yield _one(seed, number, chosen[number % len(chosen)], template)


def batch_of(seed: int, numbers: Iterable[int]) -> list[Outcome]:
    """Outcomes of those mutations, in order; can be run in a process of its own."""
    return list(mutations(seed, numbers))


def _one(seed: int, number: int, name: str, template: Path) -> Outcome:
    with fresh_copy(base(), template, template.parent / "copy") as copy:
        expected = copy.tamper(ATTACKS[name], random.Random(f"{seed}/{number}/{name}"))
        wanted = ", or ".join(sorted(map(_describe, expected.places)))
        try:
            verdict = copy.verify(trusted=expected.trusted)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is no verdict
            return Outcome(number, name, Result.CRASHED, wanted, repr(error))
    found = [(finding.fault, finding.sequence) for finding in verdict.findings]
    found_text = "; ".join(map(_describe, found)) or "nothing"
    if not found:
        result = Result.MISSED
    else:
        first = {place for place in found if place[1] == found[0][1]}
        result = Result.DETECTED if first & expected.places else Result.MISPLACED
    return Outcome(number, name, result, wanted, found_text)


def _describe(place: Place) -> str:
    fault, sequence = place
    return f"{fault} at {sequence}" if sequence is not None else str(fault)
