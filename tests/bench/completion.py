"""Time to complete one invoice line from the lake: names, units, a rate and earlier invoices.

A supplier history of so many invoice lines of the last 280 days, sixty suppliers, two thousand
items; one line in ten has a number or an order line that the history knows.

    python -m tests.bench.completion [--lines 200000] [--cases 3000]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from data.store import Store
from features.profiles import Profiles, build_profiles
from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from serving.pipeline.batch import CaseBatch, ScoringRequest
from serving.pipeline.completion import complete_cases
from serving.runtime.context import service_context
from serving.tasks.catalogue import SERVED_TASKS

DAY = date(2026, 3, 10)
NOW = datetime(2026, 3, 10, 8, tzinfo=UTC)
LONG_AGO = pd.Timestamp("2024-01-01", tz="UTC")
SUPPLIERS, ITEMS = 60, 2000
ALIKE_EVERY = 10


def history(lines: int, rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Return canonical tables with invoice lines of so many documents, and master data."""
    booked = (
        LONG_AGO + pd.Timedelta(days=520) + pd.to_timedelta(np.arange(lines) * 280 / lines, "D")
    )
    invoices = pd.DataFrame(
        {
            "invoice_line_id": [f"S01-{i:06}-1" for i in range(lines)],
            "invoice_id": [f"S01-{i:06}" for i in range(lines)],
            "invoice_number": [f"RE{i // 3:06}" for i in range(lines)],
            "supplier_id": [f"V{i % SUPPLIERS:03}" for i in range(lines)],
            "site_id": "S01",
            "po_line_id": [f"po-{i // 2}" for i in range(lines)],
            "quantity_invoiced": 1.0,
            "invoice_unit": "EA",
            "line_amount": np.round(rng.uniform(10, 9000, lines), 2),
            "happened_at": booked,
            "known_at": booked,
        }
    )
    clocks = {"happened_at": LONG_AGO, "known_at": LONG_AGO}
    suppliers = [{"supplier_id": f"V{i:03}", "supplier_name": f"V {i}"} for i in range(SUPPLIERS)]
    items = [
        {"item_id": f"I{i:04}", "item_name": f"I {i}", "base_unit": "EA"} for i in range(ITEMS)
    ]
    sites = [{"site_id": "S01", "site_name": "Nordlager", "time_zone": "Europe/Berlin"}]
    master = {"suppliers": suppliers, "items": items, "sites": sites}
    return {"invoices": invoices} | {
        name: pd.DataFrame(rows).assign(**clocks) for name, rows in master.items()
    }


def question(number: int, lines: int, rng: np.random.Generator) -> CaseBatch:
    """Return one new invoice line as a batch of its own."""
    served, old = SERVED_TASKS[INVOICE_MISMATCH.name], int(rng.integers(lines))
    alike = number % ALIKE_EVERY == 0
    case = served.request.case_model.model_construct().model_dump() | {
        "asked_at": NOW,
        "invoice_line_id": f"new-{number}",
        "invoice_id": f"new-{number}",
        "invoice_number": f"RE{old // 3:06}" if alike else f"NEW{number}",
        "supplier_id": f"V{old % SUPPLIERS:03}",
        "site_id": "S01",
        "po_line_id": f"po-{old // 2}" if alike else f"new-{number}",
        "item_id": f"I{old % ITEMS:04}",
        "quantity_invoiced": 1.0,
        "line_amount": round(float(rng.uniform(10, 9000)), 2),
        "currency": "USD",
    }
    message = served.request.case_model.model_construct(**case)
    request = ScoringRequest([(served.task.name, message)], service_context("bench"))
    return CaseBatch.from_request(served, request, NOW)


def microseconds(profiles: Profiles, batches: list[CaseBatch]) -> list[float]:
    """Return the processor time that each batch took, ascending."""
    took = []
    for batch in batches:
        start = time.thread_time_ns()
        complete_cases(batch, profiles.reference, "EUR")
        took.append((time.thread_time_ns() - start) / 1000)
    return sorted(took)


def main() -> None:
    """Build the profiles, complete the cases, and print a line."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("--lines", type=int, default=200_000)
    arguments.add_argument("--cases", type=int, default=3000)
    options = arguments.parse_args()
    rng = np.random.default_rng(7)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "profiles.db"
        start = time.monotonic()
        with Store.from_frames(history(options.lines, rng)) as store:
            build_profiles(store, [], DAY, path)
        built = time.monotonic() - start
        profiles = Profiles.open(path)
        batches = [question(i, options.lines, rng) for i in range(2 * options.cases)]
        microseconds(profiles, batches[: options.cases])
        took = microseconds(profiles, batches[options.cases :])
        size = path.stat().st_size / 1e6
    print(
        f"{options.lines:,} lines: built in {built:.1f} s, {size:.0f} MB; one case "
        f"{took[len(took) // 2]:.0f} us in the middle, {took[int(len(took) * 0.95)]:.0f} us at 95 %"
    )


if __name__ == "__main__":
    main()
