"""Documents of a source become those of the canonical tables: signs, states, units, currencies."""

from pathlib import Path

import pandas as pd
import pytest

from data.contracts.catalogue import TABLES
from data.ingest import ingest
from data.source_batch import batches_from_frames
from data.sources.extracts.mapping import MappingError, load_mapping
from data.sources.extracts.reader import read_extract
from tests.lakes import read_table

MAPPING = """
site = "S08"
encoding = "utf-8"
delimiter = ";"
decimal = ","
time_zone = "Europe/Berlin"
ambiguous_time = "earlier"
nonexistent_time = "quarantine"
formats = ["%d.%m.%Y"]
constants = { site_id = "S08", supplier_id = "V1", item_id = "I1" }
units = { ST = "H87", KAR = "XCS" }

[tables.invoices]
file = "invoices.csv"
credit_note_sign = "positive"
[tables.invoices.columns]
invoice_line_id = "NO"
invoice_id = "NO"
document_type = { column = "KIND", codes = { R = "invoice", G = "credit_note" } }
quantity_invoiced = "QTY"
invoice_unit = "UNIT"
invoice_unit_price = "PRICE"
line_amount = "AMOUNT"
freight_amount = "FREIGHT"
tax_amount = "TAX"
currency = "CUR"
due_at = "DUE"
happened_at = "DATED"
known_at = "BOOKED"

[tables.receipts]
file = "receipts.csv"
[tables.receipts.columns]
receipt_id = "NO"
po_line_id = "LINE"
posting_kind = { column = "MOVE", codes = { 101 = "receipt", 102 = "reversal", 122 = "return" } }
quantity_received = { column = "QTY", times = { column = "MOVE", factors = { 101 = 1, 102 = -1, 122 = -1 } } }
happened_at = "CAME"
known_at = "CAME"

[tables.item_units]
file = "units.csv"
[tables.item_units.columns]
supplier_id = "VENDOR"
unit = "UNIT"
base_units = "HOLDS"
happened_at = "FROM"
known_at = "FROM"

[tables.exchange_rates]
file = "rates.csv"
constants = { reporting_currency = "EUR" }
[tables.exchange_rates.columns]
currency = "CUR"
exchange_rate = "RATE"
happened_at = "FROM"
known_at = "FROM"
"""

FILES = {
    "invoices": """\
NO;KIND;QTY;UNIT;PRICE;AMOUNT;FREIGHT;TAX;CUR;DUE;DATED;BOOKED
1;R;10;ST;5;54;4;10,26;eur;30.04.2026;01.04.2026;02.04.2026
2;G;2;KAR;5;10;;1,9;EUR;30.04.2026;03.04.2026;03.04.2026
3;R;1;Gebinde;5;5;0;0;EURO;30.04.2026;03.04.2026;03.04.2026
""",
    "receipts": """\
NO;LINE;MOVE;QTY;CAME
1;P;101;10;01.04.2026
2;P;102;10;01.04.2026
3;P;122;4;02.04.2026
4;P;561;4;02.04.2026
""",
    "units": """\
VENDOR;UNIT;HOLDS;FROM
;KAR;12;01.01.2026
V2;Karton;10;01.01.2026
;kar;24;01.01.2026
""",
    "rates": """\
CUR;RATE;FROM
usd;0,92;01.04.2026
JPY;0,0061;01.04.2026
""",
}


@pytest.fixture
def ingested(tmp_path: Path):
    """Ingest the files of S08, the mapping changed by replacements: report and tables."""

    def run(*changes: tuple[str, str]):
        text = MAPPING
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new)
        (tmp_path / "S08.toml").write_text(text)
        (tmp_path / "S08").mkdir(exist_ok=True)
        for name, content in FILES.items():
            (tmp_path / "S08" / f"{name}.csv").write_text(content)
        batches = read_extract(tmp_path, [load_mapping(tmp_path / "S08.toml")])
        report = ingest(batches, tmp_path / "c", tmp_path / "q")
        tables = {name: read_table(tmp_path / "c", name) for name in TABLES}
        return report, tables

    return run


def test_a_credit_note_that_a_source_writes_above_zero_is_below(ingested):
    _, tables = ingested()
    note = tables["invoices"].iloc[1]
    assert (note["quantity_invoiced"], note["line_amount"], note["tax_amount"]) == (-2, -10, -1.9)
    assert note["invoice_unit_price"] == 5
    assert tables["invoices"]["line_amount"].iloc[0] == 54


def test_a_credit_note_that_a_source_writes_below_zero_stays(ingested):
    _, tables = ingested(('"positive"', '"negative"'))
    assert tables["invoices"]["line_amount"].iloc[1] == 10  # it says so, and it is its word


def test_a_source_of_credit_notes_has_to_say_how_it_writes_them(ingested):
    with pytest.raises(MappingError, match="credit_note_sign says how they are written"):
        ingested(('credit_note_sign = "positive"\n', ""))


def test_freight_is_taken_out_of_a_line_amount_that_contains_it(ingested):
    _, tables = ingested(
        ("[tables.invoices.columns]", "freight_in_line_amount = true\n[tables.invoices.columns]")
    )
    assert tables["invoices"]["line_amount"].tolist() == [50, -10, 5]
    assert tables["invoices"]["freight_amount"].iloc[0] == 4


def test_movement_types_say_what_a_posting_is_and_turn_its_sign(ingested):
    report, tables = ingested()
    posted = tables["receipts"]
    assert posted["posting_kind"].tolist() == ["receipt", "reversal", "return"]
    assert posted["quantity_received"].tolist() == [10, -10, -4]
    assert any("posting_kind '561' is not one of 101, 102, 122" in m for m in report.messages)


def test_units_and_currencies_become_codes_and_unknown_ones_are_kept_and_counted(ingested):
    report, tables = ingested()
    assert tables["invoices"]["invoice_unit"].tolist() == ["H87", "XCS", "Gebinde"]
    assert tables["invoices"]["currency"].tolist() == ["EUR", "EUR", "EURO"]
    assert report.unknown_codes == {
        ("invoices", "invoice_unit", "Gebinde"): 1,
        ("invoices", "currency", "EURO"): 1,
    }
    assert "  1 x invoices.invoice_unit 'Gebinde'" in str(report).splitlines()


def test_a_pack_of_all_suppliers_stands_beside_that_of_one_and_is_there_once(ingested):
    report, tables = ingested()
    packs = tables["item_units"]
    assert packs["unit"].tolist() == ["XCS", "XCT"]
    assert packs["supplier_id"].isna().tolist() == [True, False]
    assert any("'I1, missing, XCS' repeats the key of row 2" in m for m in report.messages)


def test_days_of_documents_and_rates_are_calendar_days(ingested):
    _, tables = ingested()
    first = tables["invoices"].iloc[0]
    assert first["happened_at"] == pd.Timestamp("2026-04-01T00:00Z")
    assert first["due_at"] == pd.Timestamp("2026-04-30T00:00Z")
    assert first["known_at"] == pd.Timestamp("2026-04-01T22:00Z")  # booked then, by local clocks
    rates = tables["exchange_rates"]
    assert rates["currency"].tolist() == ["USD", "JPY"]
    assert set(rates["happened_at"]) == {pd.Timestamp("2026-04-01T00:00Z")}


def test_units_of_canonical_frames_become_codes_too(tmp_path):
    at = pd.Timestamp("2026-01-01T00:00Z")
    rows = {"item_id": ["I1", "I2"], "base_unit": ["kg", "Stk."], "currency": "usd"}
    items = pd.DataFrame({**rows, "happened_at": at, "known_at": at})
    ingest(batches_from_frames({"items": items}, "here"), tmp_path / "c", tmp_path / "q")
    read = read_table(tmp_path / "c", "items")
    assert read["base_unit"].tolist() == ["KGM", "H87"]
    assert set(read["currency"]) == {"USD"}
