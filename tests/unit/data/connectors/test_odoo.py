"""Odoo's exports become canonical rows. Each row that must not be found has a sibling that must be."""

from pathlib import Path

import pytest

from tests.support.source_folder import Loaded, SourceFolder
from tests.unit.data.connectors.odoo_tables import LABELS, LINES, MOVES, SITE, TABLES


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """The small company, as its lists are exported."""
    return SourceFolder(tmp_path_factory.mktemp("odoo"), SITE, TABLES).load()


def load(place: Path, table: str, site: str = SITE, **files: str) -> Loaded:
    """Load a table from products, partners and files, named with two underscores for a dot."""
    there = {name: TABLES[name] for name in ("product.product.csv", "res.partner.csv")}
    named = {f"{name.replace('__', '.')}.csv": table for name, table in files.items()}
    return SourceFolder(place, site, there | named).load(table)


def changed(table: str, old: str, new: str) -> str:
    """Return a table with some text in place of another of the same meaning."""
    assert old in table, old
    return table.replace(old, new)


def test_nothing_of_the_company_is_put_aside(loaded: Loaded) -> None:
    assert not any(loaded.refused.values())


def test_order_lines_count_base_units_and_leave_out_texts_and_requests(loaded: Loaded) -> None:
    columns = ("po_line_id", "po_id", "site_id", "supplier_id", "item_id")
    assert loaded.shown("purchase_orders", *columns) == [
        "NAN-l.1 | NAN-P00010 | NAN | 31 | BOLT-8",
        "NAN-l.2 | NAN-P00010 | NAN | 31 | BOLT-8",
        "NAN-l.5 | NAN-P00011 | NAN | 32 | FLOUR",
        "NAN-l.6 | NAN-P00012 | NAN | 32 | FLOUR",
    ]
    columns = ("quantity_ordered", "order_unit", "po_unit_price", "line_value", "currency")
    assert loaded.shown("purchase_orders", *columns, by="po_line_id") == [
        "24 | C62 | 2.5 | 60 | EUR",
        "36 | DZN | 2.25 | 81 | EUR",
        "0.5 | GRM | 2 | 1 | USD",
        "2 | KGM | 1 | 2 | EUR",
    ]


def test_a_promise_is_the_day_at_the_site_and_a_line_is_known_when_it_was_added(
    loaded: Loaded,
) -> None:
    columns = ("promised_at", "happened_at", "known_at")
    assert loaded.shown("purchase_orders", *columns, by="po_line_id") == [
        "2026-03-09 | 2026-03-02 08:15:00 | 2026-03-02 08:15:00",
        "2026-03-10 | 2026-03-02 08:15:00 | 2026-03-03 10:00:00",  # 00:30 in Paris
        "2026-03-09 | 2026-03-02 09:00:00 | 2026-03-02 09:00:00",  # 23:30 in Paris
        "2026-03-09 | 2026-03-02 09:00:00 | 2026-03-02 09:00:00",
    ]


def test_a_cancelled_order_is_known_to_be_since_it_was_changed_last(loaded: Loaded) -> None:
    assert loaded.shown("purchase_orders", "line_state", "state_known_at", by="po_line_id") == [
        "open | ",
        "open | ",
        "open | ",
        "cancelled | 2026-03-05 16:00:00",
    ]


def test_receipts_are_what_was_done_from_and_to_the_vendor(loaded: Loaded) -> None:
    columns = ("receipt_id", "po_line_id", "quantity_received", "posting_kind", "happened_at")
    assert loaded.shown("receipts", *columns, by="happened_at") == [
        "NAN-m.1 | NAN-l.1 | 24 | receipt | 2026-03-09 07:00:00",
        "NAN-m.2 | NAN-l.2 | 24 | receipt | 2026-03-10 07:00:00",
        "NAN-m.4 | NAN-l.1 | -4 | return | 2026-03-12 07:00:00",
        "NAN-m.6 | NAN-l.2 | 12 | receipt | 2026-03-13 07:00:00",  # straight to the customer
    ]


def test_movements_change_the_stock_of_the_warehouse(loaded: Loaded) -> None:
    columns = ("movement_id", "movement_kind", "quantity_moved", "adjustment_reason")
    assert loaded.shown("stock_movements", *columns, by="happened_at") == [
        "NAN-m.1-in | receipt | 24 | ",
        "NAN-m.2-in | receipt | 24 | ",
        "NAN-m.4-out | receipt | -4 | ",
        "NAN-m.8-out | issue | -5 | ",
        "NAN-m.9-in | adjustment | 1 | Count",
        "NAN-m.10-out | scrap | -2 | SP/1",
        "NAN-m.11-out | transfer_out | -3 | ",
    ]


def test_bills_are_lines_of_products_and_refunds_are_below_zero(loaded: Loaded) -> None:
    columns = ("invoice_line_id", "invoice_id", "invoice_number", "document_type", "supplier_id")
    assert loaded.shown("invoices", *columns) == [
        "NAN-a.1 | NAN-BILL/2026/03/0001 | F-77 | invoice | 31",
        "NAN-a.4 | NAN-RBILL/2026/03/0001 | G-5 | credit_note | 31",
        "NAN-a.6 | NAN-BILL/2026/03/0002 | F-78 | invoice | 31",
        "NAN-a.7 | NAN-BILL/2026/03/0002 | F-78 | invoice | 31",
    ]
    columns = (
        "po_line_id",
        "quantity_invoiced",
        "invoice_unit",
        "invoice_unit_price",
        "line_amount",
    )
    assert loaded.shown("invoices", *columns, by="invoice_line_id") == [
        "NAN-l.2 | 2 | DZN | 27 | 54",
        "NAN-l.1 | -4 | C62 | 2.5 | -10",
        "NAN-l.1 | 20 | C62 | 2.5 | 50",
        " | 1 |  | 7 | 7",
    ]


def test_the_tax_of_a_bill_is_its_lines_only_where_it_has_one(loaded: Loaded) -> None:
    columns = ("tax_amount", "due_at", "happened_at", "known_at")
    assert loaded.shown("invoices", *columns, by="invoice_line_id") == [
        "10.8 | 2026-04-25 | 2026-03-11 | 2026-03-12 09:00:00",
        "-2 |  | 2026-03-16 | 2026-03-16 09:00:00",
        " |  | 2026-03-17 | 2026-03-17 09:00:00",
        " |  | 2026-03-17 | 2026-03-17 09:00:00",
    ]


def test_stock_is_what_lies_inside_and_is_not_reserved(loaded: Loaded) -> None:
    columns = ("site_id", "item_id", "on_hand", "quantity_reserved", "quantity_in_inspection")
    assert loaded.shown("stock_levels", *columns, "happened_at", by="item_id") == [
        "NAN | BOLT-8 | 19.5 | 6 | 3 | 2026-03-31 18:00:00",
        "NAN | FLOUR | -0.5 | 0 | 0 | 2026-03-31 18:00:00",
    ]


def test_items_have_the_reference_that_only_they_have(loaded: Loaded) -> None:
    columns = ("item_id", "item_name", "category", "subcategory", "base_unit", "unit_cost")
    assert loaded.shown("items", *columns) == [
        "10 | Nut L | Bought |  | C62 | 0.4",
        "9 | Nut |  |  | C62 | 0.4",
        "BOLT-8 | Bolt | Metal | M8 | C62 | 2.1",
        "FLOUR | Flour | Food |  | KGM | 0.9",
        "shop.washer | Washer |  |  | C62 | 0.1",
    ]
    assert loaded.shown("item_units", "item_id", "unit", "base_units", by="item_id") == [
        "BOLT-8 | DZN | 12",
        "FLOUR | GRM | 0.001",
    ]


def test_suppliers_are_partners_that_something_was_bought_from(loaded: Loaded) -> None:
    columns = ("supplier_id", "supplier_name", "country", "payment_term", "vat_id")
    assert loaded.shown("suppliers", *columns) == [
        "31 | Forge SA | France | 45 | FR123456789",
        "32 | Moulin & Cie | Belgium | 0 | ",
    ]


def test_technical_values_in_typed_columns_mean_what_labels_in_texts_mean(
    tmp_path: Path, loaded: Loaded
) -> None:
    technical = dict(TABLES)
    for label, value in LABELS.items():
        technical = {name: table.replace(label, value) for name, table in technical.items()}
    assert technical != TABLES
    other = SourceFolder(tmp_path, SITE, technical, typed=True).load()
    assert not any(other.refused.values())
    for name, table in loaded.tables.items():
        assert other.tables[name].equals(table), name


def test_a_state_in_another_language_is_put_aside_until_the_site_names_it(tmp_path: Path) -> None:
    french = changed(LINES, "| Purchase Order ", "| Bon de commande ")
    apart = load(tmp_path / "apart", "purchase_orders", purchase__order__line=french)
    assert (
        apart.aside("purchase_orders")
        == ["line_state 'Bon de commande' is not one of open, closed_short, cancelled"] * 2
    )
    named = SITE.replace("[tables.sites]", 'ordered = "Bon de commande|Locked"\n[tables.sites]')
    known = load(tmp_path / "named", "purchase_orders", named, purchase__order__line=french)
    assert not known.aside("purchase_orders")


def test_a_unit_of_another_kind_is_put_aside_and_not_counted_as_one(tmp_path: Path) -> None:
    mixed = changed(LINES, "| 500.0       | g    ", "| 500.0       | Units")
    loaded = load(tmp_path, "purchase_orders", purchase__order__line=mixed)
    assert loaded.aside("purchase_orders") == ["quantity_ordered is missing"]


def test_exported_units_take_the_place_of_the_usual_ones(tmp_path: Path) -> None:
    units = """
        name   | category_id | factor_inv
        -------+-------------+-----------
        Units  | Unit        | 1.0
        Dozens | Unit        | 10.0
        kg     | Weight      | 1.0
        g      | Weight      | 0.001
    """
    other = load(tmp_path, "item_units", uom__uom=units, purchase__order__line=LINES)
    assert other.shown("item_units", "item_id", "base_units", by="item_id")[0] == "BOLT-8 | 10"


ORDERS = """
    name   | partner_id | currency_id | date_approve        | state          | order_line/id | order_line/product_id/id              | order_line/display_type | order_line/product_qty | order_line/product_uom | order_line/price_unit | order_line/date_planned
    -------+------------+-------------+---------------------+----------------+---------------+---------------------------------------+-------------------------+------------------------+------------------------+-----------------------+------------------------
    P00010 | Forge SA   | EUR         | 2026-03-02 12:00:00 | Purchase Order | l.1           | __export__.product_product_7_0a1b2c3d |                         | 24.0                   | Units                  | 2.50                  | 2026-03-09 00:00:00
           |            |             |                     |                | l.2           | __export__.product_product_7_0a1b2c3d |                         | 3.0                    | Dozens                 | 27.00                 | 2026-03-10 00:00:00
           |            |             |                     |                | l.3           |                                       | Section                 | 0.0                    |                        | 0.0                   |
    P00014 | Moulin & Cie | USD       |                     | RFQ            | l.8           | __export__.product_product_8_1b2c3d4e |                         | 7.0                    | kg                     | 1.00                  | 2026-03-12 00:00:00
    P00015 | Moulin & Cie | USD       | 2026-03-04 12:00:00 | Purchase Order | l.9           | __export__.product_product_8_1b2c3d4e |                         | 7.0                    | kg                     | 1.00                  | 2026-03-12 00:00:00
"""


def test_rows_of_an_order_have_the_cells_of_its_first_row(tmp_path: Path) -> None:
    grouped = load(tmp_path, "purchase_orders", purchase__order_grouped=ORDERS)
    columns = ("po_line_id", "po_id", "supplier_id", "quantity_ordered", "currency", "happened_at")
    assert grouped.shown("purchase_orders", *columns) == [
        "NAN-l.1 | NAN-P00010 | 31 | 24 | EUR | 2026-03-02 12:00:00",
        "NAN-l.2 | NAN-P00010 | 31 | 36 | EUR | 2026-03-02 12:00:00",
        "NAN-l.9 | NAN-P00015 | 32 | 7 | USD | 2026-03-04 12:00:00",
    ]


def test_a_line_in_both_exports_is_one_line_and_was_ordered_when_approved(tmp_path: Path) -> None:
    both = load(
        tmp_path, "purchase_orders", purchase__order__line=LINES, purchase__order_grouped=ORDERS
    )
    columns = ("po_line_id", "quantity_ordered", "happened_at")
    assert both.shown("purchase_orders", *columns) == [
        "NAN-l.1 | 24 | 2026-03-02 12:00:00",
        "NAN-l.2 | 36 | 2026-03-02 12:00:00",
        "NAN-l.5 | 0.5 | 2026-03-02 09:00:00",
        "NAN-l.6 | 2 | 2026-03-02 09:00:00",
        "NAN-l.9 | 7 | 2026-03-04 12:00:00",
    ]


def test_without_a_site_the_warehouse_of_a_line_is_where_its_goods_go(tmp_path: Path) -> None:
    site = SITE.replace('site_id = "NAN"\ntime', "time")
    several = load(
        tmp_path, "purchase_orders", site, purchase__order__line=LINES, stock__move=MOVES
    )
    assert several.shown("purchase_orders", "po_line_id", "site_id") == [
        "NAN-l.1 | NAN",
        "NAN-l.2 | NAN",
        "NAN-l.5 | NAN",  # on its way
    ]
    assert len(several.aside("purchase_orders")) == 1  # nothing says where l.6 was to go


DELIVERIES = """
    id  | origin | product_id/id                         | product_uom_qty | quantity | product_uom | location_id      | location_dest_id   | date                | date_deadline       | state
    ----+--------+---------------------------------------+-----------------+----------+-------------+------------------+--------------------+---------------------+---------------------+-----------
    d.1 | S1     | __export__.product_product_7_0a1b2c3d | 1.0             | 1.0      | Dozens      | NAN/Stock        | Partners/Customers | 2026-03-10 22:30:00 | 2026-03-10 08:00:00 | Done
    d.2 | S1     | __export__.product_product_7_0a1b2c3d | 5.0             | 5.0      | Units       | NAN/Stock        | Partners/Customers | 2026-03-10 23:30:00 | 2026-03-10 08:00:00 | Done
    d.3 | S2     | __export__.product_product_7_0a1b2c3d | 7.0             | 0.0      | Units       | NAN/Stock        | Partners/Customers | 2026-03-11 08:00:00 | 2026-03-11 08:00:00 | Waiting Availability
    d.4 | S3     | __export__.product_product_7_0a1b2c3d | 7.0             | 0.0      | Units       | NAN/Stock        | Partners/Customers | 2026-03-11 08:00:00 | 2026-03-11 08:00:00 | Cancelled
    d.5 | S4     | __export__.product_product_7_0a1b2c3d | 7.0             | 0.0      | Units       | NAN/Stock        | Partners/Customers | 2026-03-20 08:00:00 | 2026-03-20 08:00:00 | Available
    d.6 | P1     | __export__.product_product_7_0a1b2c3d | 7.0             | 7.0      | Units       | Partners/Vendors | NAN/Stock          | 2026-03-12 08:00:00 | 2026-03-11 08:00:00 | Done
"""


def test_demand_is_short_of_what_had_not_left_by_the_end_of_the_day_it_was_due(
    tmp_path: Path,
) -> None:
    loaded = load(tmp_path, "order_lines", stock__move=DELIVERIES)
    columns = ("order_line_id", "order_id", "site_id", "item_id", "quantity_demanded")
    assert loaded.shown("order_lines", *columns, "quantity_short", "known_at") == [
        "NAN-d.1 | NAN-S1 | NAN | BOLT-8 | 12 | 0 | 2026-03-10 23:00:00",  # 23:30 in Paris
        "NAN-d.2 | NAN-S1 | NAN | BOLT-8 | 5 | 5 | 2026-03-10 23:00:00",  # 00:30 in Paris
        "NAN-d.3 | NAN-S2 | NAN | BOLT-8 | 7 | 7 | 2026-03-11 23:00:00",
    ]
