"""Figures of runs, as a table and as JSON from which a later run resumes."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from rich.table import Table

from tests.faults.audit_location import StoreKind
from tests.faults.cycles import Figures, Plan
from tests.faults.fault import Fault, TargetKind
from tests.faults.invariants import ViolationKind
from tests.faults.writer import Plant

COLUMNS = (
    "cycles",
    "acknowledged",
    "entries",
    "refused",
    "cut off",
    "lost",
    "double",
    "breaks",
    "back, median s",
    "back, longest s",
)


@dataclass
class Result:
    """Result of a plan; `ended` says why it stopped early and is otherwise empty."""

    plan: Plan
    figures: Figures
    ended: str = ""

    @property
    def well(self) -> bool:
        """True if every cycle was run and no invariant was violated."""
        return not self.figures.breaks and not self.ended

    def row(self) -> list[str]:
        """Figures in the order of COLUMNS."""
        counts = Counter(one.kind for one in self.figures.breaks)
        back = self.figures.back
        counts = (
            self.figures.cycles,
            self.figures.acknowledged,
            self.figures.entries,
            self.figures.refused,
            self.figures.broken,
            counts[ViolationKind.LOST] + counts[ViolationKind.ALTERED],
            counts[ViolationKind.DOUBLE],
            len(self.figures.breaks),
        )
        times = (median(back), max(back)) if back else ()
        return [f"{one:,}" for one in counts] + [f"{one:.2f}" for one in times]

    def as_json(self) -> dict[str, Any]:
        """Return the result as a JSON object."""
        return {
            "plan": asdict(self.plan),
            "figures": asdict(self.figures),
            "ended": self.ended,
        }

    @classmethod
    def read(cls, values: dict[str, Any]) -> "Result":
        """Read what `as_json` wrote of a run without violations."""
        plan = values["plan"] | {
            "fault": Fault(values["plan"]["fault"]),
            "target": TargetKind(values["plan"]["target"]),
            "store": StoreKind(values["plan"]["store"]),
            "plant": Plant(values["plan"]["plant"]),
        }
        return cls(Plan(**plan), Figures(**values["figures"]), values["ended"])


@dataclass
class Results:
    """Results of several plans, written to a file as they arrive."""

    file: Path | None = None
    every: dict[str, Result] = field(default_factory=dict)

    def resume(self) -> None:
        """Load the plans that were completed without violations."""
        if self.file is None or not self.file.exists():
            return
        for values in json.loads(self.file.read_text()):
            if not values["ended"] and not values["figures"]["breaks"]:
                result = Result.read(values)
                self.every[result.plan.name] = result

    def done(self, plan: Plan) -> bool:
        """Return whether this exact plan was completed."""
        result = self.every.get(plan.name)
        return result is not None and result.plan == plan and result.well

    def put(self, result: Result) -> None:
        """Store a result in place of an earlier one of the same plan."""
        self.every[result.plan.name] = result
        if self.file is not None:
            text = json.dumps([one.as_json() for one in self.every.values()], indent=1)
            partial = self.file.with_suffix(".part")
            partial.write_text(text + "\n")
            partial.replace(self.file)


def table(results: Iterable[Result]) -> Table:
    """Return the table of figures, one line per plan."""
    table = Table(title="Faults", title_justify="left")
    for name in ("fault", "target", "store"):
        table.add_column(name, no_wrap=True)
    for name in COLUMNS:
        table.add_column(name, justify="right")
    for result in results:
        plan = result.plan
        table.add_row(plan.fault, plan.target, plan.store, *result.row())
    return table
