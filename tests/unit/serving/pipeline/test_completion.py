"""A case is completed from the lake: what was left out, and invoices that look the same."""

import json
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from data.store import Store
from features import reference_tables
from features.profiles import Profiles, build_profiles
from features.reference_data import MAX_FOUND_INVOICES
from features.tasks.invoice_mismatch.shape import INVOICE_MISMATCH_SHAPE
from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from models.tasks.stock_risk import STOCK_RISK
from serving.pipeline.batch import CaseBatch, ScoringRequest
from serving.pipeline.completion import complete_cases, document_link
from serving.runtime.context import service_context
from serving.tasks import message_fields
from serving.tasks.catalogue import SERVED_TASKS
from tests.spec.tables import canonical

AS_OF = date(2026, 3, 10)
ASKED_AT = datetime(2026, 3, 10, 8, tzinfo=UTC)
TABLES = {
    "sites": """
        site_id | site_name  | time_zone     | country | region | known_at
        north   | Nordlager  | Europe/Berlin | DE      | EMEA   | 2025-01-01
        west    | West Depot |               | US      |        | 2026-03-10
    """,
    "suppliers": """
        supplier_id | supplier_name  | vat_id      | bank_account | known_at
        V1          | Nordwerk GmbH  | DE123456789 | ACC-1        | 2025-01-01
        V2          | Nordwerk Haan  | de 123456789|              | 2025-01-01
        V3          | Südwerk AG     | DE999999999 | ACC-3        | 2025-01-01
    """,
    "items": """
        item_id | item_name | category | base_unit | pack_size | unit_cost | currency | known_at
        bolt    | Bolt M8   | fixings  | EA        | 20        | 0.42      | USD      | 2025-01-01
    """,
    "item_units": """
        item_id | supplier_id | unit | base_units | known_at
        bolt    |             | CS   | 20         | 2025-01-01
        bolt    |             | PF   | 500        | 2025-01-01
        bolt    | V1          | PF   | 400        | 2025-01-01
        bolt    | V3          | PF   | 800        | 2025-01-01
    """,
    "exchange_rates": """
        currency | reporting_currency | exchange_rate | happened_at | known_at
        USD      | EUR                | 0.91          | 2026-03-01  | 2026-03-01
        USD      | EUR                | 0.93          | 2026-03-08  | 2026-03-08
        USD      | EUR                | 0.99          | 2026-03-12  | 2026-03-09
    """,
}
INVOICES = """
    invoice_line_id | invoice_id | invoice_number | supplier_id | site_id | po_line_id | quantity_invoiced | line_amount | reverses_line_id | known_at
"""
CASE = {
    "asked_at": ASKED_AT.isoformat(),
    "invoice_line_id": "new-1",
    "invoice_id": "new",
    "invoice_number": "RG-0815",
    "supplier_id": "V1",
    "site_id": "north",
    "item_id": "bolt",
    "po_line_id": "po-7-1",
    "quantity_invoiced": 10,
    "line_amount": 250.0,
    "currency": "USD",
}


def completed(
    tmp_path: Path, case: dict, invoices: str = "", task=INVOICE_MISMATCH, tables=TABLES
) -> CaseBatch:
    """Complete a case from a lake with these invoices and the master data above."""
    served, path = SERVED_TASKS[task.name], tmp_path / "profiles.db"
    tables = tables | ({"invoices": INVOICES + invoices} if invoices else {})
    frames = {name: canonical(name, text) for name, text in tables.items()}
    with Store.from_frames(frames, threads=1) as store:
        build_profiles(store, [], AS_OF, path)
    with closing(Profiles.open(path)) as profiles:
        return complete_cases(read(served, case), profiles.reference, "EUR")


def read(served, case: dict) -> CaseBatch:
    message = served.request.case_model.model_validate_json(json.dumps(case))
    request = ScoringRequest([(served.task.name, message)], service_context("test"))
    return CaseBatch.from_request(served, request, ASKED_AT)


def found_lines(batch: CaseBatch) -> list[str | None]:
    (record,) = batch.records
    return [row["invoice_line_id"] for row in record["earlier_invoices"]]


def from_lake(batch: CaseBatch) -> list[str]:
    return batch.recorded_context(0)["from_lake"]


def test_names_units_and_the_rate_with_its_day_are_filled_in(tmp_path):
    (record,) = completed(tmp_path, CASE).records
    assert record["site_name"] == "Nordlager"
    assert record["time_zone"] == "Europe/Berlin"
    assert record["tax_jurisdiction"] == "DE"
    assert record["supplier_name"] == "Nordwerk GmbH"
    assert (record["item_name"], record["base_unit"], record["pack_size"]) == ("Bolt M8", "EA", 20)
    units = {row["unit"]: row["base_units"] for row in record["item_units"]}
    assert units == {"CS": 20, "PF": 400}
    assert record["exchange_rate"] == 0.93
    assert record["exchange_rate_at"] == datetime(2026, 3, 8, tzinfo=UTC)


def test_the_account_that_a_supplier_is_paid_to_is_not_copied_into_the_case(tmp_path):
    (record,) = completed(tmp_path, CASE).records
    assert record["bank_account"] is None


def test_what_was_sent_stays_as_it_was_sent(tmp_path):
    sent = CASE | {"site_name": "Halle 3", "time_zone": "UTC", "exchange_rate": 1.5}
    (record,) = completed(tmp_path, sent).records
    assert (record["site_name"], record["time_zone"]) == ("Halle 3", "UTC")
    assert (record["exchange_rate"], record["exchange_rate_at"]) == (1.5, None)


def test_packs_counted_in_another_base_unit_than_the_cases_are_left_out(tmp_path):
    (record,) = completed(tmp_path, CASE | {"base_unit": "KGM"}).records
    assert (record["base_unit"], record["pack_size"], record["item_units"]) == ("KGM", None, [])


def test_what_the_lake_learned_after_the_moment_asked_about_is_not_used(tmp_path):
    early = {"asked_at": "2026-03-05T08:00:00Z"}
    (record,) = completed(tmp_path, CASE | early).records
    assert record["exchange_rate"] == 0.91
    before_all = {"asked_at": "2024-12-31T08:00:00Z"}
    (record,) = completed(tmp_path, CASE | before_all).records
    assert (record["site_name"], record["exchange_rate"], record["item_units"]) == (None, None, [])
    unknown_then = completed(tmp_path, CASE | {"site_id": "west"})
    assert unknown_then.records[0]["site_name"] is None


def test_every_task_gets_the_facts_that_its_case_has_room_for(tmp_path):
    case = {"asked_at": ASKED_AT.isoformat(), "site_id": "north", "item_id": "bolt", "on_hand": 5}
    batch = completed(tmp_path, case, task=STOCK_RISK)
    (record,) = batch.records
    assert (record["item_name"], record["region"], record["base_unit"]) == ("Bolt M8", "EMEA", "EA")
    assert (record["unit_cost"], record["currency"]) == (0.42, "USD")
    names = {"site_name", "time_zone", "region", "item_name", "category", "base_unit"}
    money = {"unit_cost", "currency", "exchange_rate", "exchange_rate_at"}
    assert set(from_lake(batch)) == names | money


def test_the_cost_of_an_item_in_another_currency_than_the_cases_is_left_out(tmp_path):
    case = {"asked_at": ASKED_AT.isoformat(), "site_id": "north", "item_id": "bolt", "on_hand": 5}
    (record,) = completed(tmp_path, case | {"currency": "EUR"}, task=STOCK_RISK).records
    assert (record["unit_cost"], record["currency"]) == (None, "EUR")
    (invoice,) = completed(tmp_path, CASE | {"currency": None}).records
    assert invoice["currency"] is None


@pytest.mark.parametrize(
    ("why", "line", "found"),
    [
        ("number written otherwise", "old-1 | old | rg 815 | V1 | north | | 1 | 99 | | 2026-02-01", True),
        ("number of another supplier", "old-1 | old | RG-0815 | V3 | north | | 1 | 99 | | 2026-02-01", False),
        ("supplier entered twice", "old-1 | old | RG-0815 | V2 | north | | 1 | 99 | | 2026-02-01", True),
        ("same amount to the cent", "old-1 | old | X | V1 | west | po-9-1 | 1 | 250.00 | | 2026-02-01", True),
        ("a cent more", "old-1 | old | X | V1 | west | po-9-1 | 1 | 250.01 | | 2026-02-01", False),
        ("amount of another supplier", "old-1 | old | X | V2 | west | | 1 | 250 | | 2026-02-01", False),
        ("same order line, long ago", "old-1 | old | X | V1 | north | po-7-1 | 1 | 7 | | 2025-04-01", True),
        ("180 days before", "old-1 | old | X | V1 | west | | 1 | 250 | | 2025-09-11 08:00", True),
        ("longer before", "old-1 | old | X | V1 | west | | 1 | 250 | | 2025-09-11 07:59", False),
        ("same document", "new-2 | new | RG-0815 | V1 | north | | 1 | 250 | | 2026-02-01", False),
        ("the line itself", "new-1 | new | RG-0815 | V1 | north | | 1 | 250 | | 2026-02-01", False),
        ("the day of the snapshot", "old-1 | old | RG-0815 | V1 | north | | 1 | 250 | | 2026-03-10", False),
    ],
)  # fmt: skip
def test_earlier_invoices_are_found_by_number_amount_or_order_line(tmp_path, why, line, found):
    assert bool(found_lines(completed(tmp_path, CASE, line))) is found, why


def test_what_reverses_a_line_is_found_with_it(tmp_path):
    lines = """
        old-1 | old | RG-0815 | V1 | north | po-1-1 | 1  | 80  |       | 2026-02-01
        rev-1 | rev | ST-4    | V1 | north | po-1-1 | -1 | -80 | old-1 | 2026-02-03
    """
    assert found_lines(completed(tmp_path, CASE, lines)) == ["old-1", "rev-1"]


def test_a_line_that_was_sent_is_not_added_again(tmp_path):
    line = "old-1 | old | RG-815 | V1 | north | po-7-1 | 10 | 250 | | 2026-02-01 09:30"
    sent = {
        "invoice_number": "RG 0815",
        "po_line_id": "po-7-1",
        "quantity_invoiced": 10,
        "line_amount": 250.0,
        "happened_at": "2026-01-30T00:00:00Z",
        "known_at": "2026-02-01T00:00:00Z",
    }
    assert found_lines(completed(tmp_path, CASE | {"earlier_invoices": [sent]}, line)) == [None]
    by_id = sent | {"invoice_line_id": "old-1", "line_amount": 1.0}
    assert found_lines(completed(tmp_path, CASE | {"earlier_invoices": [by_id]}, line)) == ["old-1"]
    the_day_after = sent | {"known_at": "2026-02-02T00:00:00Z"}
    both = completed(tmp_path, CASE | {"earlier_invoices": [the_day_after]}, line)
    assert found_lines(both) == ["old-1", None]


def test_of_many_look_alikes_the_newest_are_kept_and_those_with_the_number_before_all(tmp_path):
    lines = "\n".join(
        f"rent-{n} | r{n} | R{n} | V1 | north | | 1 | 250 | | 2026-02-01 {n // 60:02}:{n % 60:02}"
        for n in range(120)
    )
    lines += "\n old-1 | old | RG-0815 | V1 | north | | 1 | 9 | | 2025-12-01"
    found = found_lines(completed(tmp_path, CASE, lines))
    assert len(found) == MAX_FOUND_INVOICES
    assert found[0] == "old-1"
    assert found[-1] == "rent-119"


def test_the_completed_case_can_be_read_back_as_it_was_scored(tmp_path):
    line = (
        "old-1 | old | RG-0815 | V1 | north | po-7-1 | 10 | -0.004 | | 2026-02-01 09:30:00.123456"
    )
    batch = completed(tmp_path, CASE, line)
    (message,), (record,) = batch.messages, batch.records
    again = read(batch.served, message.model_dump(mode="json"))
    assert again.records == [record]
    assert "earlier_invoices/old-1" in from_lake(batch)


def test_a_case_of_which_the_lake_knows_nothing_stays_as_it_was_sent(tmp_path):
    sent = CASE | {"supplier_id": "V9", "site_id": "south", "item_id": "nut", "currency": "JPY"}
    batch = completed(tmp_path, sent)
    assert batch.records == read(batch.served, sent).records
    assert "from_lake" not in batch.recorded_context(0)


def test_the_lake_can_fill_every_column_of_the_rows_it_adds():
    shape = INVOICE_MISMATCH_SHAPE.children
    assert set(shape["earlier_invoices"]) <= set(reference_tables.RECENT_INVOICES.columns)
    assert set(shape["item_units"]) <= set(reference_tables.UNITS_OF_ITEMS.columns)


def test_profiles_that_an_earlier_release_built_complete_nothing(tmp_path):
    completed(tmp_path, CASE)
    path = tmp_path / "profiles.db"
    with closing(sqlite3.connect(path)) as database:
        for table in reference_tables.REFERENCE_TABLES:
            database.execute(f"DROP TABLE {table.name}")
        database.commit()
    sent = read(SERVED_TASKS[INVOICE_MISMATCH.name], CASE)
    with closing(Profiles.open(path)) as profiles:
        assert complete_cases(sent, profiles.reference, "EUR").records == sent.records


def test_a_fact_that_no_request_may_hold_stays_in_the_lake():
    assert message_fields.MAX_TEXT_LENGTH == reference_tables.MAX_TEXT_LENGTH
    assert message_fields.MAX_NUMBER == reference_tables.MAX_NUMBER


@pytest.mark.parametrize(
    ("template", "link"),
    [
        ("https://erp.example/po?line={po_line_id}", "https://erp.example/po?line=a%2F1%26b"),
        ("http://erp.example/{site_id}/{po_line_id}", "http://erp.example/north/a%2F1%26b"),
        ("https://erp.example/invoice/{invoice_id}", ""),
        ("https://erp.example/{po_line_id.__class__}", "https://erp.example/{po_line_id.__class__}"),
        ("javascript:alert({po_line_id})", ""),
        ("//erp.example/{po_line_id}", ""),
        (None, ""),
    ],
)  # fmt: skip
def test_a_link_leads_to_the_document_in_the_sites_erp(template, link):
    assert document_link(template, {"site_id": "north", "po_line_id": "a/1&b"}) == link


def test_the_link_is_recorded_with_the_case(tmp_path):
    tables = {
        "sites": """
            site_id | site_name | link_template                   | known_at
            north   | Nordlager | https://erp.example/{invoice_id} | 2025-01-01
        """
    }
    batch = completed(tmp_path, CASE, tables=tables)
    assert batch.recorded_context(0)["link"] == "https://erp.example/new"
