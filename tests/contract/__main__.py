"""Generate requests of every operation from the contract and check the answers.

    python -m tests.contract --cases 10000

The large bodies come from `tests.contract.bodies`, and only some from the contract alone, which
takes half a second to make up one. Writes a line for each operation; ends with 1 if any answer is not as the contract has it.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from tests.contract.bodies import ask, of_operation
from tests.contract.fuzz import Found, fuzz, operations
from tests.contract.service import recommended, service


def main() -> int:
    """Run the checks and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.contract", description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000, help="of each operation; 10000")
    parser.add_argument("--slow", type=int, default=200, help="large bodies from the contract; 200")
    parser.add_argument("--seed", type=int, default=1, help="which ones; 1")
    parser.add_argument("--only", default="", help="operations whose name holds this")
    options, failed = parser.parse_args(), 0
    with tempfile.TemporaryDirectory() as home, service(Path(home)) as app:
        identifiers = recommended(app)
        for operation in operations(app):
            if options.only not in operation.label:
                continue
            valid = of_operation(operation.label)
            count = options.cases if valid is None else min(options.cases, options.slow)
            failed += report(operation, partial(fuzz, operation, count, options.seed, identifiers))
            if valid is not None:
                failed += report(
                    operation, partial(ask, operation, valid, options.cases, options.seed)
                )
    return 1 if failed else 0


def report(operation: Any, run: Callable[[], Found]) -> bool:
    """Run the checks of an operation, print a line, and return whether they failed."""
    began = time.monotonic()
    try:
        line, failed = run().line(), False
    except Exception as error:  # noqa: BLE001 - whatever a check finds is a line
        line, failed = f"| {operation.label} | FAILED | {error} |", True
    sys.stdout.write(f"{line} {time.monotonic() - began:.0f} s\n")
    sys.stdout.flush()
    return failed


if __name__ == "__main__":
    sys.exit(main())
