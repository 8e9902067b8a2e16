"""Business Central's tables become canonical rows, by the fields that Microsoft documents."""

from pathlib import Path

import pytest

from tests.support.source_folder import Loaded, SourceFolder
from tests.unit.data.connectors.business_central_tables import NUMBERS, SITE, TABLES


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """The small company, as its tables are exported."""
    return SourceFolder(tmp_path_factory.mktemp("bc"), SITE, TABLES).load()


def test_nothing_of_the_company_is_put_aside(loaded: Loaded) -> None:
    assert not any(loaded.refused.values())


def test_lines_are_read_from_orders_archives_or_receipts_each_once(loaded: Loaded) -> None:
    columns = ("po_line_id", "site_id", "supplier_id", "item_id", "quantity_ordered", "currency")
    assert loaded.shown("purchase_orders", *columns) == [
        "BC-1000-10000 | EAST | V10 | 1900 | 8 | USD",  # the last archived version
        "BC-1001-10000 | EAST | V10 | 1900 | 20 | USD",  # is there, so not the archived one
        "BC-1001-30000 | EAST | V10 | 8210 | 1 | USD",
        "BC-1002-10000 | WEST | V20 | P-01 | 24 | EUR",
        "BC-999-10000 | EAST | V10 | 1900 | 3 | USD",  # deleted when it was invoiced
    ]


def test_prices_are_net_of_discount_and_vat_and_for_a_base_unit(loaded: Loaded) -> None:
    columns = ("order_unit", "po_unit_price", "line_value", "line_type", "incoterm")
    assert loaded.shown("purchase_orders", *columns, by="po_line_id") == [
        "H87 | 45 |  | Item | ",
        "H87 | 45 | 900 | Item | DAP",
        " | 15 | 15 | G/L Account | DAP",
        "XBX | 3.333333 | 80 | Item | ",
        "H87 | 44 |  | Item | ",
    ]


def test_a_line_is_promised_for_its_own_day_or_expected_on_the_orders(loaded: Loaded) -> None:
    columns = ("promised_at", "happened_at", "known_at")
    assert loaded.shown("purchase_orders", *columns, by="po_line_id") == [
        "2026-03-05 | 2026-03-01 06:00:00 | 2026-03-01 06:00:00",
        "2026-03-10 | 2026-03-02 06:00:00 | 2026-03-02 16:00:00",
        "2026-03-12 | 2026-03-02 06:00:00 | 2026-03-04 16:00:00",
        "2026-03-20 | 2026-03-03 06:00:00 | 2026-03-03 16:00:00",
        "2026-02-28 | 2026-02-20 06:00:00 | 2026-02-20 06:00:00",
    ]


def test_undoing_a_receipt_is_a_reversal_and_sending_goods_back_a_return(loaded: Loaded) -> None:
    columns = ("receipt_id", "po_line_id", "quantity_received", "posting_kind", "known_at")
    assert loaded.shown("receipts", *columns) == [
        "BC-R100-10000 | BC-999-10000 | 3 | receipt | 2026-02-27 20:00:00",
        "BC-R101-10000 | BC-1001-10000 | 12 | receipt | 2026-03-09 20:00:00",
        "BC-R101-20000 | BC-1001-10000 | -12 | reversal | 2026-03-09 22:00:00",
        "BC-R102-10000 | BC-1002-10000 | 12 | receipt | 2026-03-19 15:00:00",
        "BC-S200-10000 | BC-1002-10000 | -6 | return | 2026-03-23 15:00:00",
    ]


def test_goods_came_on_the_posting_day_of_the_site(loaded: Loaded) -> None:
    days = loaded.shown("receipts", "happened_at", by="receipt_id")
    assert days[1:4] == ["2026-03-09 05:00:00", "2026-03-09 05:00:00", "2026-03-18 05:00:00"]


def test_invoice_lines_find_their_order_in_every_way_they_can_name_it(loaded: Loaded) -> None:
    columns = ("invoice_line_id", "invoice_number", "document_type", "supplier_id", "po_line_id")
    assert loaded.shown("invoices", *columns) == [
        "BC-C400-20000 | CM-1 | credit_note | V10 | BC-1001-10000",
        "BC-C401-10000 | GS-2 | credit_note | V20 | BC-1002-10000",  # by the item entry
        "BC-I300-20000 | RE-7 | invoice | V20 | BC-1002-10000",  # by the receipt
        "BC-I300-30000 | RE-7 | delivery_cost | V20 | ",
        "BC-I301-10000 | 5543 | invoice | V10 | BC-1001-10000",  # as numbered in the order
        "BC-I301-30000 | 5543 | invoice | V10 | BC-1001-30000",
    ]


def test_amounts_are_net_and_those_of_credit_memos_below_zero(loaded: Loaded) -> None:
    columns = (
        "quantity_invoiced",
        "invoice_unit",
        "invoice_unit_price",
        "line_amount",
        "tax_amount",
    )
    assert loaded.shown("invoices", *columns, by="invoice_line_id") == [
        "-12 | H87 | 45 | -540 | 0",
        "-1 | XBX | 20 | -20 | -3.8",
        "2 | XBX | 20 | 40 | 7.6",
        "1 |  | 10 | 10 | 1.9",
        "12 | H87 | 45 | 540 | 0",
        "1 |  | 15 | 15 | 0",
    ]
    columns = ("currency", "due_at", "happened_at", "known_at")
    assert loaded.shown("invoices", *columns, by="invoice_line_id")[2:5:2] == [
        "EUR | 2026-04-10 | 2026-03-20 | 2026-03-25 15:00:00",
        "USD | 2026-04-25 | 2026-03-26 | 2026-03-26 15:00:00",
    ]


def test_only_a_purchase_invoice_is_reversed_by_the_memo_that_cancels_it(loaded: Loaded) -> None:
    pairs = loaded.shown("invoices", "invoice_line_id", "reverses_line_id")
    assert pairs[0] == "BC-C400-20000 | BC-I301-10000"
    assert all(pair.endswith("| ") for pair in pairs[1:])  # 112 is a sales invoice


def test_stock_is_what_is_left_of_entries_where_goods_lie(loaded: Loaded) -> None:
    columns = ("site_id", "item_id", "on_hand", "reorder_point", "happened_at")
    assert loaded.shown("stock_levels", *columns, by="item_id") == [
        "EAST | 1900 | 1 | 5 | 2026-03-30 16:00:00",
        "WEST | P-01 | 8 |  | 2026-03-30 16:00:00",
    ]


def test_movements_are_ledger_entries_but_those_on_the_way(loaded: Loaded) -> None:
    columns = ("movement_id", "site_id", "movement_kind", "quantity_moved")
    assert loaded.shown("stock_movements", *columns) == [
        "BC-1 | EAST | receipt | 3",
        "BC-4 | WEST | receipt | 12",
        "BC-5 | WEST | receipt | -6",
        "BC-6 | EAST | issue | -1",
        "BC-7 | EAST | transfer_out | -1",
        "BC-9 | WEST | adjustment | 2",
    ]


def test_masters(loaded: Loaded) -> None:
    assert loaded.shown("sites", "site_id", "site_name", "time_zone") == [
        "EAST | East Depot | America/Chicago",
        "WEST | West Depot | America/Chicago",
    ]
    columns = ("item_id", "item_name", "category", "base_unit", "unit_cost", "currency")
    assert loaded.shown("items", *columns) == [
        "1900 | Chair | CHAIR | H87 | 40.5 | USD",
        "P-01 | Paint | PAINT | XTN | 3 | USD",
    ]
    assert loaded.shown("item_units", "item_id", "unit", "base_units") == ["P-01 | XBX | 6"]
    assert loaded.shown("suppliers", "supplier_id", "country", "payment_term", "vat_id") == [
        "V10 | US | 30 | 12-345",
        "V20 | DE |  | ",
    ]
    columns = ("currency", "reporting_currency", "exchange_rate", "happened_at")
    assert loaded.shown("exchange_rates", *columns) == ["EUR | USD | 1.125 | 2026-03-01"]


def test_numbers_and_typed_columns_of_a_database_mean_what_captions_and_texts_mean(
    tmp_path: Path, loaded: Loaded
) -> None:
    numbered = dict(TABLES)
    for caption, number in NUMBERS.items():
        assert any(caption in table for table in numbered.values()), caption
        numbered = {name: table.replace(caption, number) for name, table in numbered.items()}
    other = SourceFolder(tmp_path, SITE, numbered, typed=True).load()
    assert not any(other.refused.values())
    for name, table in loaded.tables.items():
        words = ["line_type"] if name == "purchase_orders" else []
        assert other.tables[name].drop(columns=words).equals(table.drop(columns=words)), name
