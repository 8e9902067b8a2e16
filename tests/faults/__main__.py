"""Faults at length: `python -m tests.faults --fault kill_writer --cycles 1000`.

Exit code 0 if everything held, 1 if not, 2 if it could not be run.
"""

import argparse
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from rich.console import Console

from tests.faults.audit_location import FaultUnavailableError, StoreKind
from tests.faults.catalogue import FAULTS
from tests.faults.cycles import Figures, Plan, Run, run
from tests.faults.fault import Fault, TargetKind
from tests.faults.postgres import NoPostgresError
from tests.faults.results import Result, Results, table
from tests.faults.writer import Plant

CONSOLE = Console(width=160, soft_wrap=True)
KEPT_EVERY = 10


def main(arguments: list[str] | None = None) -> int:
    """Run what is asked for, and print a table."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # leaves nothing running
    given = _parser().parse_args(arguments)
    results = Results(given.json)
    if given.resume:
        results.resume()
    folder = Path(tempfile.mkdtemp(prefix="faults-"))
    for plan in plans(given):
        if results.done(plan):
            continue
        try:
            results.put(carried_out(plan, folder / plan.name, results))
        except (NoPostgresError, FaultUnavailableError) as error:
            CONSOLE.print(f"{plan.name} cannot be run here: {error}", style="red")
            results.put(Result(plan, Figures(), f"not here: {error}"))
    CONSOLE.print(table(results.every.values()))
    well = all(result.well for result in results.every.values())
    if well:
        shutil.rmtree(folder)
    return 0 if well else 1


def plans(given: argparse.Namespace) -> Iterator[Plan]:
    """Every fault asked for, on every target and store it is for."""
    for fault, target, store in product(given.fault or list(Fault), TargetKind, StoreKind):
        kind = FAULTS[fault]
        wanted = target in (given.target or kind.targets) and store in (given.store or kind.stores)
        if wanted and target in kind.targets and store in kind.stores:
            yield Plan(fault, target, store, given.cycles, given.seed, given.away, given.plant)


def carried_out(plan: Plan, folder: Path, results: Results) -> Result:
    """Run a plan; print each failure with the command that repeats it."""
    kept: list[Run] = []

    def report(current: Run) -> None:
        kept[:] = [current]
        if current.figures.cycles % KEPT_EVERY == 0:
            results.put(Result(plan, current.figures, "not finished"))
            CONSOLE.print(f"{plan.name}: {current.figures.cycles} of {plan.cycles} cycles")

    try:
        result = Result(plan, run(plan, folder, report).figures)
    except (NoPostgresError, FaultUnavailableError):
        raise
    except RuntimeError as error:
        figures = kept[0].figures if kept else Figures()
        result = Result(plan, figures, str(error))
    if not result.well:
        _tell(result, folder)
    return result


def _tell(result: Result, folder: Path) -> None:
    plan = result.plan
    for one in result.figures.breaks[:10]:
        CONSOLE.print(f"  {one.kind}: {one.sentence}", style="red")
    CONSOLE.print(
        f"{plan.name}: {result.ended or 'something does not hold'}; kept in {folder}. Again:\n"
        f"  python -m tests.faults --fault {plan.fault} --target {plan.target} "
        f"--store {plan.store} --cycles {result.figures.cycles + 1} --seed {plan.seed} "
        f"--away {plan.away:g} --plant {plan.plant}"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--fault", type=Fault, choices=list(Fault), nargs="+")
    parser.add_argument("--target", type=TargetKind, choices=list(TargetKind), nargs="+")
    parser.add_argument("--store", type=StoreKind, choices=list(StoreKind), nargs="+")
    parser.add_argument("--cycles", type=int, default=5, help="of each fault, target and store")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--away", type=float, default=30.0, help="seconds a store stays away")
    parser.add_argument("--json", type=Path, help="write the figures here as they come")
    parser.add_argument("--resume", action="store_true", help="leave out what --json has well")
    parser.add_argument("--plant", type=Plant, choices=list(Plant), default=Plant.NONE)
    return parser


if __name__ == "__main__":
    sys.exit(main())
