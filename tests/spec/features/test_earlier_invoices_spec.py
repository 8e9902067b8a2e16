"""Training and serving find the same earlier invoices of a line in the same lake."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.store import Store
from features.profiles import Profiles, build_profiles
from models.catalogue import TASKS
from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from serving.pipeline.batch import CaseBatch, ScoringRequest
from serving.pipeline.completion import complete_cases
from serving.runtime.context import service_context
from serving.tasks.catalogue import SERVED_TASKS
from tests.spec.tables import canonical
from training.tasks.invoice_mismatch.asks import query_asks

TASK = INVOICE_MISMATCH.name
BOOKED = datetime(2026, 3, 10, 8, tzinfo=UTC)
HEAD = (
    "invoice_line_id | invoice_id | invoice_number | supplier_id | site_id | po_line_id | "
    "quantity_invoiced | line_amount | reverses_line_id | known_at\n"
)
NEW = "new-1 | new | RE-0815 | V1 | north | po-7-1 | 10 | 250 | | 2026-03-10 08:00\n"
SUPPLIERS = """
    supplier_id | supplier_name | vat_id | bank_account | known_at
    V1          | Nordwerk      | DE1    | A1           | 2025-01-01
    V2          | Nordwerk Haan | DE1    | A2           | 2025-01-01
    V3          | Nordwerk Bank |        | A1           | 2025-01-01
    V4          | Südwerk       | DE4    | A4           | 2025-01-01
    V5          | Haan Werkzeug | DE5    | a 2          | 2025-01-01
"""


def found_by_training(lines: str) -> list[str]:
    """Lines found for the new one by the query that builds training sets."""
    with lake(lines) as store:
        asks = query_asks(store, TASKS[TASK])
    row = int(asks.frame.index[asks.frame["ask_id"] == "new-1"][0])
    earlier = asks.children["earlier_invoices"]
    return earlier.loc[earlier["row"] == row, "invoice_line_id"].tolist()


def found_by_serving(lines: str, folder: Path) -> list[str]:
    """Lines found for the new one when it is sent to the service with nothing else."""
    path = folder / "profiles.db"
    with lake(lines) as store:
        build_profiles(store, [], date(2026, 3, 10), path)
    served = SERVED_TASKS[TASK]
    case = {
        "asked_at": BOOKED.isoformat(),
        "invoice_line_id": "new-1",
        "invoice_id": "new",
        "invoice_number": "RE-0815",
        "supplier_id": "V1",
        "site_id": "north",
        "po_line_id": "po-7-1",
        "quantity_invoiced": 10,
        "line_amount": 250,
    }
    message = served.request.case_model.model_validate_json(json.dumps(case))
    request = ScoringRequest([(TASK, message)], service_context("test"))
    profiles = Profiles.open(path)
    batch = CaseBatch.from_request(served, request, BOOKED)
    (record,) = complete_cases(batch, profiles.reference, "EUR").records
    profiles.close()
    return [row["invoice_line_id"] for row in record["earlier_invoices"]]


def lake(lines: str) -> Store:
    frames = {"invoices": HEAD + NEW + lines, "suppliers": SUPPLIERS}
    typed = {name: canonical(name, text) for name, text in frames.items()}
    return Store.from_frames(typed, threads=1)


@pytest.mark.parametrize(
    ("why", "lines", "found"),
    [
        ("nothing alike", "o-1 | o | 1 | V1 | north | | 1 | 9 | | 2026-02-01", []),
        ("number", "o-1 | o | re 815 | V1 | north | | 1 | 9 | | 2026-02-01", ["o-1"]),
        ("letter O", "o-1 | o | RE-O815 copy | V1 | north | | 1 | 9 | | 2026-02-01", ["o-1"]),
        ("VAT id", "o-1 | o | RE0815 | V2 | north | | 1 | 9 | | 2026-02-01", ["o-1"]),
        ("bank account", "o-1 | o | RE0815 | V3 | north | | 1 | 9 | | 2026-02-01", ["o-1"]),
        ("group by a third", "o-1 | o | RE0815 | V5 | north | | 1 | 9 | | 2026-02-01", ["o-1"]),
        ("other supplier", "o-1 | o | RE0815 | V4 | north | | 1 | 9 | | 2026-02-01", []),
        ("amount", "o-1 | o | 7 | V1 | west | | 1 | 250.004 | | 2026-02-01", ["o-1"]),
        ("other amount", "o-1 | o | 7 | V1 | west | | 1 | 250.01 | | 2026-02-01", []),
        ("taken back", "o-1 | o | 7 | V1 | west | | -1 | -250 | | 2026-02-01", ["o-1"]),
        ("order line", "o-1 | o | 7 | V4 | west | po-7-1 | 1 | 9 | | 2025-05-01", ["o-1"]),
        ("at the edge", "o-1 | o | 7 | V1 | west | | 1 | 250 | | 2025-09-11 08:00", ["o-1"]),
        ("past the edge", "o-1 | o | 7 | V1 | west | | 1 | 250 | | 2025-09-11 07:59:59", []),
        ("same document", "new-2 | new | RE-0815 | V1 | north | | 1 | 250 | | 2026-02-01", []),
        ("reversal", """o-1 | o | RE 815 | V1 | north | | 1  | 9  |     | 2026-02-01
                        r-1 | r | ST 1   | V1 | north | | -1 | -9 | o-1 | 2026-02-02""",
         ["o-1", "r-1"]),
    ],
)  # fmt: skip
def test_both_paths_find_the_same_earlier_invoices(tmp_path, why, lines, found):
    assert found_by_training(lines) == found, why
    assert found_by_serving(lines, tmp_path) == found, why


LINES = st.lists(
    st.tuples(
        st.sampled_from(["RE-0815", "re 815", "RE_O815", "8150", "0815 KOPIE", ""]),
        st.sampled_from(["V1", "V2", "V3", "V4", "V5"]),
        st.sampled_from(["po-7-1", "po-8-1", ""]),
        st.sampled_from([250.0, -250.0, 250.005, 249.99, 0.0, 12.5]),
        st.sampled_from(["2025-07-01", "2025-09-11 08:00", "2026-01-31 23:59", "2026-03-09"]),
    ),
    max_size=8,
)


@pytest.mark.slow(10)
@given(rows=LINES)
@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_both_paths_agree_on_any_history(tmp_path, rows):
    lines = "\n".join(
        f"o-{n} | d{n} | {number} | {supplier} | north | {line} | 1 | {amount} | | {known}"
        for n, (number, supplier, line, amount, known) in enumerate(rows)
    )
    assert set(found_by_training(lines)) == set(found_by_serving(lines, tmp_path))
