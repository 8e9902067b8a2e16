"""Files of one row a canonical row, and a home-grown system's files brought into that form."""

import tomllib
from pathlib import Path

import pytest

from data.contracts.catalogue import TABLES
from data.contracts.decisions import DECISIONS
from data.sources.extracts.mapping_documents import CONNECTORS
from tests.support.source_folder import Loaded, SourceFolder

PLAIN = """
extends = "flat"
site = "SRC"
constants = { site_id = "OSL" }
"""

RECEIPTS = """
    receipt_id | po_line_id | quantity_received | final | happened_at | known_at
    -----------+------------+-------------------+-------+-------------+--------------------
    R1         | 4-1        | 3.5               | true  | 2026-03-09  | 2026-03-09 12:00:00
    R2         | 4-2        | 2                 | 0     | 2026-03-09  | 2026-03-09 12:00:00
    R3         | 4-2        | two               |       | 2026-03-09  | 2026-03-09 12:00:00
"""

HOME_GROWN = '''
extends = "flat"
site = "SRC"
encoding = "cp1252"
delimiter = ";"
time_zone = "Europe/London"
formats = ["%d-%b-%y %H.%M.%S", "%d-%b-%y"]
constants = { site_id = "LDS", currency = "GBP" }
raw = { ORDERS = {}, GOODS = {}, BILLS = {} }
tables.purchase_orders.sql = """
    SELECT ONO || '-' || LN AS po_line_id, ONO AS po_id, SUP AS supplier_id, ITEM AS item_id,
        number(Q) AS quantity_ordered, UOM AS order_unit, day(DUE) AS promised_at,
        CASE ST WHEN 'X' THEN 'cancelled' WHEN 'O' THEN 'open' ELSE ST END AS line_state,
        ENTERED AS happened_at, ENTERED AS known_at, _file, _line
    FROM ORDERS"""
tables.receipts.sql = """
    SELECT NO AS receipt_id, ONO || '-' || LN AS po_line_id, number(Q) AS quantity_received,
        CAME AS happened_at, KEYED AS known_at, _file, _line
    FROM GOODS"""
tables.invoices.sql = """
    SELECT NO AS invoice_line_id, NO AS invoice_id, SUP AS supplier_id, replace(REF, '/', '-') AS po_line_id,
        CASE TYPE WHEN 'CRN' THEN 'credit_note' WHEN 'INV' THEN 'invoice' ELSE TYPE END AS document_type,
        number(Q) AS quantity_invoiced, number(NET) AS line_amount,
        day(DATED) AS happened_at, KEYED AS known_at, _file, _line
    FROM BILLS"""
tables.invoices.credit_note_sign = "positive"
'''

FILES = {
    "ORDERS.csv": """
        ONO | LN | SUP | ITEM | Q  | UOM | DUE       | ENTERED            | ST | NOTE
        ----+----+-----+------+----+-----+-----------+--------------------+----+---------------------
        70  | 1  | V1  | A1   | 24 | EA  | 29-MAR-26 | 02-MAR-26 07.02.52 | O  | ring "Jo"\\nat gate 2 £
        70  | 2  | V1  | A2   | 10 | ea  | 29-MAR-26 | 02-MAR-26 07.03.10 | X  |
        70  | 3  | V1  | A2   | 10 | ea  | 30-MAR-26 | 30-MAR-26 07.03.10 | H  |
    """,
    "GOODS.csv": """
        NO | ONO | LN | Q  | CAME      | KEYED
        ---+-----+----+----+-----------+-------------------
        1  | 70  | 1  | 20 | 28-MAR-26 | 28-MAR-26 09.30.00
        2  | 70  | 1  | 2  | 30-MAR-26 | 30-MAR-26 09.30.00
        3  | 70  | 1  | 2  | 30-MAR-62 | 30-MAR-26 09.31.00
    """,
    "BILLS.csv": """
        NO | REF  | SUP | TYPE | Q  | NET   | DATED     | KEYED
        ---+------+-----+------+----+-------+-----------+-------------------
        1  | 70/1 | V1  | INV  | 24 | 60.00 | 30-MAR-26 | 31-MAR-26 10.00.00
        2  | 70/1 | V1  | CRN  | 4  | 10.00 | 31-MAR-26 | 31-MAR-26 10.05.00
        3  | 70/1 | V1  | PRO  | 4  | 10.00 | 31-MAR-26 | 31-MAR-26 10.06.00
    """,
}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """The home-grown system's three files."""
    place = tmp_path_factory.mktemp("home")
    return SourceFolder(place, HOME_GROWN, FILES, delimiter=";", encoding="cp1252").load()


def test_the_pack_knows_every_column_of_every_table_that_a_source_can_have() -> None:
    pack = tomllib.loads((CONNECTORS / "flat" / "mapping.toml").read_text(encoding="utf-8"))
    tables = {name: table for name, table in TABLES.items() if table is not DECISIONS}
    assert pack["raw"].keys() == pack["tables"].keys() == tables.keys()
    for name, table in tables.items():
        raw = pack["raw"][name]
        assert raw["columns"] == [column for column in table.columns if column.required], name
        listed = {*raw["columns"], *raw.get("optional", ())}
        assert listed == set(table.columns), name


def test_a_file_in_canonical_columns_needs_no_table_in_the_mapping(tmp_path: Path) -> None:
    loaded = SourceFolder(tmp_path, PLAIN, {"receipts_2026.csv": RECEIPTS}).load("receipts")
    columns = ("receipt_id", "po_line_id", "quantity_received", "final", "happened_at")
    assert loaded.shown("receipts", *columns) == [
        "R1 | 4-1 | 3.5 | True | 2026-03-09",
        "R2 | 4-2 | 2 | False | 2026-03-09",
    ]
    assert len(loaded.aside("receipts")) == 1


def test_days_of_a_home_grown_system_are_days_at_its_site(loaded: Loaded) -> None:
    columns = ("po_line_id", "promised_at", "line_state", "happened_at")
    assert loaded.shown("purchase_orders", *columns) == [
        "70-1 | 2026-03-29 | open | 2026-03-02 07:02:52",
        "70-2 | 2026-03-29 | cancelled | 2026-03-02 07:03:10",
    ]
    assert loaded.aside("purchase_orders") == [
        "line_state 'H' is not one of open, closed_short, cancelled"
    ]
    assert loaded.shown("receipts", "receipt_id", "quantity_received", "happened_at") == [
        "1 | 20 | 2026-03-28",
        "2 | 2 | 2026-03-29 23:00:00",  # summer time began
    ]


def test_a_receipt_dated_into_the_future_is_put_aside(loaded: Loaded) -> None:
    assert len(loaded.aside("receipts")) == 1
    assert "3" not in set(loaded.tables["receipts"]["receipt_id"])


def test_a_credit_note_is_below_zero_whatever_the_source_writes(loaded: Loaded) -> None:
    columns = ("invoice_id", "document_type", "po_line_id", "quantity_invoiced", "line_amount")
    assert loaded.shown("invoices", *columns) == [
        "1 | invoice | 70-1 | 24 | 60",
        "2 | credit_note | 70-1 | -4 | -10",
    ]
    assert len(loaded.aside("invoices")) == 1


def test_a_line_break_inside_a_note_is_no_row(loaded: Loaded) -> None:
    assert [line for line, _ in loaded.refused["purchase_orders"]] == [5]
