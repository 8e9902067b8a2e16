"""The ERPNext connector: documents with their states, stock by what may be used, demand."""

import pandas as pd
import pytest

from data.contracts.catalogue import TABLES

SITE = """
extends = "erpnext"
site = "ERP"
time_zone = "Asia/Kolkata"
[parameters]
"""
ZONE = "Asia/Kolkata"

WAREHOUSES = """
    name             | warehouse_name | parent_warehouse   | company | is_rejected_warehouse | warehouse_type
    All - A          | All Warehouses |                    | Acme    | 0                     |
    Pune - A         | Pune           | All - A            | Acme    | 0                     |
    Pune Stores - A  | Pune Stores    | Pune - A           | Acme    | 0                     |
    Pune Shelf - A   | Pune Shelf     | Pune Stores - A    | Acme    | 0                     |
    Pune Rejects - A | Pune Rejects   | Pune - A           | Acme    | 1                     |
    Transit - A      | Transit        | Pune - A           | Acme    | 0                     | Transit
    Goa - A          | Goa            | All - A            | Acme    | 0                     |
    Goa Rejects - A  | Goa Rejects    | All - A            | Acme    | 1                     |
"""
ORDERS = """
    name     | docstatus | status     | supplier | transaction_date | currency | set_warehouse | creation                   | modified                   | order_confirmation_no | order_confirmation_date | amended_from
    PO-1     | 1         | To Receive | Bolts Co | 2026-03-02       | INR      |               | 2026-03-02 09:30:00.123456 | 2026-03-20 10:00:00.000000 |                       |                         |
    PO-2     | 0         | Draft      | Bolts Co | 2026-03-02       | INR      |               | 2026-03-02 09:30:00.000000 | 2026-03-02 09:30:00.000000 |                       |                         |
    PO-3     | 2         | Cancelled  | Bolts Co | 2026-03-02       | INR      |               | 2026-03-02 09:30:00.000000 | 2026-03-03 11:00:00.000000 |                       |                         |
    PO-3-1   | 1         | To Receive | Bolts Co | 2026-03-02       | INR      |               | 2026-03-03 11:05:00.000000 | 2026-03-04 08:00:00.000000 | AB-77                 | 2026-03-04              | PO-3
    PO-4     | 1         | Closed     | Bolts Co | 2026-03-02       | INR      | Goa - A       | 2026-03-02 09:30:00.000000 | 2026-03-09 17:00:00.000000 |                       |                         |
"""
ORDER_LINES = """
    name | parent | idx | item_code | item_group | qty | uom | conversion_factor | stock_qty | rate   | net_rate | net_amount | schedule_date | expected_delivery_date | warehouse       | delivered_by_supplier
    pl1  | PO-1   | 1   | BOLT      | Metal      | 10  | Box | 12                | 120       | 130.00 | 120.00   | 1200.00    | 2026-03-10    | 2026-03-15             | Pune Shelf - A  | 0
    pl2  | PO-1   | 2   | VISIT     | Services   | 1   | Nos | 1                 |           | 500.00 | 500.00   | 500.00     | 2026-03-10    |                        |                 | 0
    pl3  | PO-2   | 1   | BOLT      | Metal      | 10  | Box | 12                | 120       | 120.00 | 120.00   | 1200.00    | 2026-03-10    |                        | Goa - A         | 0
    pl4  | PO-3   | 1   | BOLT      | Metal      | 10  | Box | 12                | 120       | 120.00 | 120.00   | 1200.00    | 2026-03-10    |                        | Goa - A         | 0
    pl5  | PO-3-1 | 1   | BOLT      | Metal      | 5   | Box | 12                |           | 120.00 |          |            | 2026-03-10    | 2026-03-12             | Goa - A         | 1
    pl6  | PO-4   | 1   | BOLT      | Metal      | 2   | Nos | 1                 | 2         | 10.00  | 10.00    | 20.00      | 2026-03-10    |                        |                 | 0
"""
ITEMS = """
    name  | item_name | item_group | stock_uom | purchase_uom | is_stock_item | valuation_rate | last_purchase_rate | safety_stock | creation
    BOLT  | Bolt M8   | Metal      | Nos       | Box          | 1             | 0.0            | 9.75               | 20           | 2025-01-06 08:00:00.000000
    VISIT | Visit     | Services   | Nos       |              | 0             | 0.0            | 0.0                | 0            | 2025-01-06 08:00:00.000000
"""
BASIC = {
    "tabWarehouse": WAREHOUSES,
    "tabPurchase Order": ORDERS,
    "tabPurchase Order Item": ORDER_LINES,
    "tabItem": ITEMS,
}


def test_orders_are_what_was_submitted_and_an_amended_one_is_cancelled(load, holds):
    frames = load(SITE + 'site = "Pune - A"\n', BASIC, "purchase_orders", "supplier_events")
    holds(
        frames,
        "purchase_orders",
        """
        po_line_id | po_id  | site_id  | line_state   | state_known_at      | known_at                   | promised_at | requested_at
        pl1        | PO-1   | Pune - A | open         |                     | 2026-03-02 09:30:00        | 2026-03-10  | 2026-03-10
        pl2        | PO-1   | Pune - A | open         |                     | 2026-03-02 09:30:00        | 2026-03-10  | 2026-03-10
        pl4        | PO-3   | Goa - A  | cancelled    | 2026-03-03 11:00:00 | 2026-03-02 09:30:00        | 2026-03-10  | 2026-03-10
        pl5        | PO-3-1 | Goa - A  | open         |                     | 2026-03-04 23:59:59        | 2026-03-12  | 2026-03-10
        pl6        | PO-4   | Goa - A  | closed_short | 2026-03-09 17:00:00 | 2026-03-02 09:30:00        | 2026-03-10  | 2026-03-10
        """,
        ZONE,
    )
    holds(
        frames,
        "purchase_orders",
        """
        po_line_id | item_id | quantity_ordered | order_unit | po_unit_price | line_value | line_type | channel
        pl1        | BOLT    | 120              | Box        | 10            | 1200       | stock     | warehouse
        pl2        | VISIT   | 1                | H87        | 500           | 500        | service   | warehouse
        pl4        | BOLT    | 120              | Box        | 10            | 1200       | stock     | warehouse
        pl5        | BOLT    | 60               | Box        | 10            |            | stock     | direct
        pl6        | BOLT    | 2                | H87        | 10            | 20         | stock     | warehouse
        """,
        ZONE,
    )
    holds(
        frames,
        "supplier_events",
        """
        po_line_id | event_kind      | ack_status | message_number | expected_at | event_quantity | known_at
        pl5        | acknowledgement | DR         | AB-77          | 2026-03-12  | 60             | 2026-03-04 23:59:59
        """,
        ZONE,
    )


RECEIPTS = {
    "tabPurchase Receipt": """
        name  | docstatus | posting_date | posting_time    | is_return | creation                   | modified
        PR-1  | 1         | 2026-03-09   | 10:00:00.500000 | 0         | 2026-03-09 12:00:00.000000 | 2026-03-09 12:00:00.000000
        PR-2  | 0         | 2026-03-09   | 10:00:00        | 0         | 2026-03-09 12:00:00.000000 | 2026-03-09 12:00:00.000000
        PR-3  | 2         | 2026-03-10   | 10:00:00        | 0         | 2026-03-10 12:00:00.000000 | 2026-03-11 16:00:00.000000
        PR-4  | 1         | 2026-03-12   | 9:05:00         | 1         | 2026-03-12 12:00:00.000000 | 2026-03-12 12:00:00.000000
        PR-5  | 1         | 2026-03-13   |                 | 0         | 2026-03-12 12:00:00.000000 | 2026-03-12 12:00:00.000000
        PR-6  | 2         | 2026-03-14   | 10:00:00        | 1         | 2026-03-14 12:00:00.000000 | 2026-03-15 12:00:00.000000
    """,
    "tabPurchase Receipt Item": """
        name | parent | item_code | qty  | rejected_qty | conversion_factor | purchase_order_item
        r1   | PR-1   | BOLT      | 7    | 1            | 12                | pl1
        r2   | PR-2   | BOLT      | 7    | 0            | 12                | pl1
        r3   | PR-3   | BOLT      | 2    | 0            | 12                | pl1
        r4   | PR-4   | BOLT      | -1   | 0            | 12                | pl1
        r5   | PR-5   | BOLT      | 3    | 0            | 1                 | pl6
        r6   | PR-6   | BOLT      | -1   | 0            | 1                 | pl6
        r7   | PR-1   | BOLT      | 5    | 0            | 1                 |
    """,
}


def test_a_cancelled_receipt_is_a_posting_and_its_reversal(load, holds):
    bills = {
        "tabPurchase Invoice": """
            name   | docstatus | supplier | posting_date | posting_time | currency | is_return | update_stock | creation            | modified
            PINV-1 | 1         | Bolts Co | 2026-03-16   | 11:00:00     | INR      | 0         | 1            | 2026-03-16 11:30:00 | 2026-03-16 11:30:00
            PINV-2 | 1         | Bolts Co | 2026-03-16   | 11:00:00     | INR      | 0         | 0            | 2026-03-16 11:30:00 | 2026-03-16 11:30:00
        """,
        "tabPurchase Invoice Item": """
            name | parent | idx | item_code | qty | uom | conversion_factor | rate   | amount | po_detail | warehouse
            b1   | PINV-1 | 1   | BOLT      | 1   | Box | 12                | 120.00 | 120.00 | pl1       | Goa - A
            b2   | PINV-2 | 1   | BOLT      | 1   | Box | 12                | 120.00 | 120.00 | pl1       | Goa - A
        """,
    }
    frames = load(SITE, BASIC | RECEIPTS | bills, "receipts")
    holds(
        frames,
        "receipts",
        """
        receipt_id   | po_line_id | quantity_received | quantity_damaged | posting_kind | happened_at         | known_at
        r1           | pl1        | 96                | 12               | receipt      | 2026-03-09 10:00:00 | 2026-03-09 12:00:00
        r3           | pl1        | 24                | 0                | receipt      | 2026-03-10 10:00:00 | 2026-03-10 12:00:00
        r3-cancelled | pl1        | -24               | 0                | reversal     | 2026-03-11 16:00:00 | 2026-03-11 16:00:00
        r4           | pl1        | -12               | 0                | return       | 2026-03-12 09:05:00 | 2026-03-12 12:00:00
        r5           | pl6        | 3                 | 0                | receipt      | 2026-03-13          | 2026-03-13
        r6           | pl6        | -1                | 0                | return       | 2026-03-14 10:00:00 | 2026-03-14 12:00:00
        r6-cancelled | pl6        | 1                 | 0                | receipt      | 2026-03-15 12:00:00 | 2026-03-15 12:00:00
        b1           | pl1        | 12                | 0                | receipt      | 2026-03-16 11:00:00 | 2026-03-16 11:30:00
        """,
        ZONE,
    )


BILLS = {
    "tabPurchase Invoice": """
        name   | docstatus | supplier | bill_no | bill_date  | posting_date | due_date   | currency | is_return | return_against | on_hold | total_taxes_and_charges | creation            | modified
        PINV-1 | 1         | Bolts Co | R-1     | 2026-03-08 | 2026-03-10   | 2026-04-08 | INR      | 0         |                | 0       | 28.00                   | 2026-03-10 10:00:00 | 2026-03-10 10:00:00
        PINV-2 | 2         | Bolts Co | R-2     | 2026-03-08 | 2026-03-10   |            | INR      | 0         |                | 0       | 18.00                   | 2026-03-10 10:00:00 | 2026-03-12 09:00:00
        PINV-3 | 1         | Bolts Co | G-1     |            | 2026-03-15   |            | INR      | 1         | PINV-4         | 0       | -18.00                  | 2026-03-15 10:00:00 | 2026-03-15 10:00:00
        PINV-4 | 1         | Bolts Co | R-4     | 2026-03-08 | 2026-03-10   |            | INR      | 0         |                | 0       | 0.00                    | 2026-03-10 10:00:00 | 2026-03-15 10:00:00
        PINV-5 | 1         | Bolts Co | R-5     | 2026-03-08 | 2026-03-10   |            | INR      | 0         |                | 1       | 0.00                    | 2026-03-10 10:00:00 | 2026-03-11 10:00:00
        PINV-6 | 0         | Bolts Co | R-6     | 2026-03-08 | 2026-03-10   |            | INR      | 0         |                | 0       | 0.00                    | 2026-03-10 10:00:00 | 2026-03-11 10:00:00
        PINV-7 | 1         | Bolts Co | R-7     | 2026-04-08 | 2026-04-09   |            | INR      | 0         |                | 0       | 0.00                    | 2026-04-09 10:00:00 | 2026-04-09 10:00:00
        PINV-8 | 1         | Bolts Co | R-8     | 2026-03-08 | 2026-03-10   |            | INR      | 0         |                | 0       | 0.00                    | 2026-03-10 10:00:01 | 2026-03-10 10:00:01
    """,
    "tabPurchase Invoice Item": """
        name | parent | idx | item_code | qty  | uom | conversion_factor | net_rate | net_amount | po_detail | warehouse
        b1   | PINV-1 | 1   | BOLT      | 1    | Box | 12                | 100.00   | 100.00     | pl1       | Pune Shelf - A
        b2   | PINV-1 | 2   | VISIT     | 1    | Nos | 1                 | 50.00    | 50.00      | pl2       |
        b3   | PINV-2 | 1   | BOLT      | 1    | Box | 12                | 100.00   | 100.00     | pl6       |
        b4   | PINV-3 | 1   | BOLT      | -1   | Box | 12                | 100.00   | -100.00    | pl5       | Goa - A
        b5   | PINV-4 | 1   | BOLT      | 1    | Box | 12                | 100.00   | 100.00     | pl5       | Goa - A
        b6   | PINV-5 | 1   | BOLT      | 1    | Box | 12                | 100.00   | 100.00     | pl5       | Goa - A
        b7   | PINV-6 | 1   | BOLT      | 1    | Box | 12                | 100.00   | 100.00     | pl5       | Goa - A
        b8   | PINV-7 | 1   | BOLT      | 1    | Box | 12                | 100.00   | 100.00     | pl5       | Goa - A
        b9   | PINV-8 | 1   | BOLT      | 1    | Box | 12                | 100.00   | 100.00     | pl5       | Goa - A
    """,
    "tabPurchase Taxes and Charges": """
        parent | parenttype       | account_head             | category            | add_deduct_tax | tax_amount
        PINV-1 | Purchase Invoice | IGST - A                 | Total               | Add            | 27.00
        PINV-1 | Purchase Invoice | TDS - A                  | Total               | Deduct         | 1.00
        PINV-1 | Purchase Invoice | Freight and Forwarding - A | Valuation and Total | Add            | 2.00
        PINV-1 | Purchase Invoice | Customs - A              | Valuation           | Add            | 9.00
        PINV-1 | Purchase Receipt | IGST - A                 | Total               | Add            | 99.00
    """,
}


def test_invoices_returns_and_what_was_cancelled(load, holds):
    site = SITE + 'site = "Pune - A"\n'
    frames = load(site, BASIC | BILLS, "invoices", "invoice_outcomes")
    holds(
        frames,
        "invoices",
        """
        invoice_line_id | invoice_id       | site_id  | document_type | reverses_line_id | invoice_number | quantity_invoiced | line_amount | freight_amount | tax_amount | happened_at | due_at     | known_at
        b1              | PINV-1           | Pune - A | invoice       |                  | R-1            | 1                 | 100         | 1.33           | 17.33      | 2026-03-08  | 2026-04-08 | 2026-03-10 10:00:00
        b2              | PINV-1           | Pune - A | invoice       |                  | R-1            | 1                 | 50          | 0.67           | 8.67       | 2026-03-08  | 2026-04-08 | 2026-03-10 10:00:00
        b3              | PINV-2           | Goa - A  | invoice       |                  | R-2            | 1                 | 100         |                | 18         | 2026-03-08  |            | 2026-03-10 10:00:00
        b3-cancelled    | PINV-2-cancelled | Goa - A  | credit_note   | b3               | R-2            | -1                | -100        |                | -18        | 2026-03-12  |            | 2026-03-12 09:00:00
        b4              | PINV-3           | Goa - A  | credit_note   |                  | G-1            | -1                | -100        |                | -18        | 2026-03-15  |            | 2026-03-15 10:00:00
        b5              | PINV-4           | Goa - A  | invoice       |                  | R-4            | 1                 | 100         |                | 0          | 2026-03-08  |            | 2026-03-10 10:00:00
        b6              | PINV-5           | Goa - A  | invoice       |                  | R-5            | 1                 | 100         |                | 0          | 2026-03-08  |            | 2026-03-10 10:00:00
        b8              | PINV-7           | Goa - A  | invoice       |                  | R-7            | 1                 | 100         |                | 0          | 2026-04-08  |            | 2026-04-09 10:00:00
        b9              | PINV-8           | Goa - A  | invoice       |                  | R-8            | 1                 | 100         |                | 0          | 2026-03-08  |            | 2026-03-10 10:00:01
        """,
        ZONE,
    )
    holds(
        frames,
        "invoice_outcomes",
        """
        invoice_line_id | exception_class | resolution  | known_at
        b1              | CLEAN           | NONE_NEEDED | 2026-04-09 10:00:00
        b2              | CLEAN           | NONE_NEEDED | 2026-04-09 10:00:00
        b3              |                 | REVERSED    | 2026-03-12 09:00:00
        b5              |                 | CREDIT_NOTE | 2026-03-15 10:00:00
        b6              |                 |             | 2026-03-11 10:00:00
        """,
        ZONE,
    )


LEDGER = {
    "tabStock Ledger Entry": """
        name | item_code | warehouse        | posting_date | posting_time    | voucher_type         | voucher_no | actual_qty | is_cancelled | creation
        s1   | BOLT      | Pune Shelf - A   | 2026-01-09   | 10:00:00.000000 | Purchase Receipt     | PR-1       | 84.0       | 0            | 2026-01-09 12:00:00.000000
        s2   | BOLT      | Pune Rejects - A | 2026-01-09   | 10:00:00.000000 | Purchase Receipt     | PR-1       | 12.0       | 0            | 2026-01-09 12:00:00.000000
        s3   | BOLT      | Pune Shelf - A   | 2026-01-20   | 10:00:00.000000 | Delivery Note        | DN-1       | -4.0       | 1            | 2026-01-20 12:00:00.000000
        s4   | BOLT      | Pune Shelf - A   | 2026-01-20   | 10:00:00.000000 | Delivery Note        | DN-1       | 4.0        | 1            | 2026-02-02 12:00:00.000000
        s5   | BOLT      | Pune Shelf - A   | 2026-02-10   | 10:00:00.000000 | Stock Entry          | SE-1       | -10.0      | 0            | 2026-02-10 12:00:00.000000
        s6   | BOLT      | Goa - A          | 2026-02-10   | 10:00:00.000000 | Stock Entry          | SE-1       | 10.0       | 0            | 2026-02-10 12:00:00.000000
        s7   | BOLT      | Goa - A          | 2026-02-11   | 10:00:00.000000 | Stock Entry          | SE-2       | -1.0       | 0            | 2026-02-11 12:00:00.000000
        s8   | BOLT      | Goa - A          | 2026-02-12   | 10:00:00.000000 | Stock Reconciliation | SR-1       | 2.0        | 0            | 2026-02-12 12:00:00.000000
        s9   | BOLT      | Goa - A          | 2026-02-12   | 10:00:00.000000 | Stock Reconciliation | SR-1       | 0.0        | 0            | 2026-02-12 12:00:00.000000
        s10  | BOLT      | Transit - A      | 2026-02-13   | 10:00:00.000000 | Stock Entry          | SE-3       | 3.0        | 0            | 2026-02-13 12:00:00.000000
    """,
    "tabStock Entry": """
        name | purpose
        SE-1 | Material Transfer
        SE-2 | Material Issue
        SE-3 | Material Transfer
    """,
    "tabBin_20260305": """
        item_code | warehouse        | actual_qty | reserved_qty | reserved_qty_for_production | ordered_qty | valuation_rate
        BOLT      | Pune Shelf - A   | 74.0       | 5.0          | 1.0                         | 120.0       | 9.5
        BOLT      | Pune Stores - A  | 6.0        | 0.0          | 0.0                         | 0.0         | 0
        BOLT      | Pune Rejects - A | 12.0       | 0.0          | 0.0                         | 0.0         | 9.5
        BOLT      | Transit - A      | 3.0        | 0.0          | 0.0                         | 0.0         | 9.5
        BOLT      | Goa - A          | 11.0       | 0.0          | 0.0                         | 0.0         | 9.5
        BOLT      | Goa Rejects - A  | 1.0        | 0.0          | 0.0                         | 0.0         | 9.5
    """,
    "tabItem Reorder": """
        parent | warehouse      | warehouse_reorder_level
        BOLT   | Pune Shelf - A | 40
    """,
}


def test_stock_is_what_may_be_used_now_and_at_the_ends_of_months(load, holds):
    site = SITE + 'warehouses = "Goa Rejects - A=Goa - A"\n'
    frames = load(site, BASIC | LEDGER, "stock_levels", "stock_movements", "sites")
    holds(
        frames,
        "stock_levels",
        """
        site_id  | item_id | on_hand | quantity_blocked | quantity_in_transit | quantity_reserved | on_order | reorder_point | safety_stock | known_at
        Pune - A | BOLT    | 86      |                  |                     |                   |          | 40            | 20           | 2026-01-31 23:59:59
        Pune - A | BOLT    | 80      |                  |                     |                   |          | 40            | 20           | 2026-02-28 23:59:59
        Pune - A | BOLT    | 80      | 12               | 3                   | 6                 | 120      | 40            | 20           | 2026-03-05 23:59:59
        Goa - A  | BOLT    | 11      |                  |                     |                   |          |               | 20           | 2026-02-28 23:59:59
        Goa - A  | BOLT    | 11      | 1                |                     | 0                 | 0        |               | 20           | 2026-03-05 23:59:59
        """,
        ZONE,
    )
    holds(
        frames,
        "stock_movements",
        """
        movement_id | site_id  | movement_kind | quantity_moved | adjustment_reason | happened_at         | known_at
        s1          | Pune - A | receipt       | 84             |                   | 2026-01-09 10:00:00 | 2026-01-09 12:00:00
        s3          | Pune - A | issue         | -4             |                   | 2026-01-20 10:00:00 | 2026-01-20 12:00:00
        s4          | Pune - A | issue         | 4              |                   | 2026-01-20 10:00:00 | 2026-02-02 12:00:00
        s5          | Pune - A | transfer_out  | -10            |                   | 2026-02-10 10:00:00 | 2026-02-10 12:00:00
        s6          | Goa - A  | transfer_in   | 10             |                   | 2026-02-10 10:00:00 | 2026-02-10 12:00:00
        s7          | Goa - A  | issue         | -1             |                   | 2026-02-11 10:00:00 | 2026-02-11 12:00:00
        s8          | Goa - A  | adjustment    | 2              | stock count       | 2026-02-12 10:00:00 | 2026-02-12 12:00:00
        """,
        ZONE,
    )
    holds(
        frames,
        "sites",
        "site_id | site_name | time_zone\nPune - A | Pune | Asia/Kolkata\nGoa - A | Goa | Asia/Kolkata",
        ZONE,
    )


SALES = {
    "tabSales Order": """
        name | docstatus | status     | order_type  | transaction_date | delivery_date | currency | creation
        SO-1 | 1         | To Deliver | Sales       | 2026-03-01       | 2026-03-06    | INR      | 2026-03-01 09:00:00
        SO-2 | 2         | Cancelled  | Sales       | 2026-03-01       | 2026-03-06    | INR      | 2026-03-01 09:00:00
        SO-3 | 1         | Closed     | Sales       | 2026-03-01       | 2026-03-06    | INR      | 2026-03-01 09:00:00
        SO-4 | 1         | To Bill    | Maintenance | 2026-03-01       | 2026-03-06    | INR      | 2026-03-01 09:00:00
    """,
    "tabSales Order Item": """
        name | parent | item_code | qty | conversion_factor | warehouse      | delivery_date | net_rate | delivered_by_supplier
        o1   | SO-1   | BOLT      | 2   | 12                | Pune Shelf - A | 2026-03-05    | 180.00   | 0
        o2   | SO-1   | BOLT      | 5   | 1                 | Pune Shelf - A |               | 15.00    | 0
        o3   | SO-1   | BOLT      | 5   | 1                 | Pune Shelf - A | 2026-03-07    | 15.00    | 0
        o4   | SO-1   | BOLT      | 5   | 1                 | Pune Shelf - A | 2026-03-05    | 15.00    | 1
        o5   | SO-2   | BOLT      | 5   | 1                 | Pune Shelf - A | 2026-03-05    | 15.00    | 0
        o6   | SO-3   | BOLT      | 5   | 1                 | Pune Shelf - A | 2026-03-05    | 15.00    | 0
        o7   | SO-4   | VISIT     | 5   | 1                 | Pune Shelf - A | 2026-03-05    | 15.00    | 0
    """,
    "tabDelivery Note": """
        name | docstatus | posting_date | is_return
        DN-1 | 1         | 2026-03-05   | 0
        DN-2 | 1         | 2026-03-06   | 0
        DN-3 | 2         | 2026-03-05   | 0
        DN-4 | 1         | 2026-03-05   | 1
    """,
    "tabDelivery Note Item": """
        parent | qty | conversion_factor | so_detail
        DN-1   | 1   | 12                | o1
        DN-2   | 1   | 12                | o1
        DN-2   | 5   | 1                 | o2
        DN-3   | 1   | 12                | o1
        DN-4   | 1   | 12                | o1
    """,
}


def test_demand_is_short_of_what_was_not_delivered_when_it_was_due(load, holds):
    frames = load(SITE, BASIC | SALES, "order_lines")
    holds(
        frames,
        "order_lines",
        """
        order_line_id | order_id | site_id  | quantity_demanded | quantity_short | sales_price | happened_at | known_at
        o1            | SO-1     | Pune - A | 24                | 12             | 15          | 2026-03-05  | 2026-03-05 23:59:59
        o2            | SO-1     | Pune - A | 5                 | 0              | 15          | 2026-03-06  | 2026-03-06 23:59:59
        """,
        ZONE,
    )


@pytest.mark.parametrize(("stated", "currency"), [("", "INR"), ('currency = "EUR"\n', "EUR")])
def test_master_data(load, holds, stated, currency):
    tables = BASIC | {
        "tabBin": LEDGER["tabBin_20260305"],
        "tabCompany": "name | default_currency | country\nAcme | INR | India",
        "tabUOM Conversion Detail": """
            parent | parenttype | uom | conversion_factor
            BOLT   | Item       | Nos | 1
            BOLT   | Item       | Box | 12
            BOLT   | Item       | Ton | 90000
            Loose  | UOM        | Box | 6
        """,
        "tabSupplier": """
            name     | supplier_name | country | tax_id   | payment_terms | creation
            Bolts Co | Bolts Company | India   | GSTIN-27 | Net 45        | 2025-01-06 08:00:00.000000
            Nuts Co  |               |         |          |               |
        """,
        "tabPayment Terms Template Detail": "parent | credit_days\nNet 45 | 15\nNet 45 | 45",
        "tabCurrency Exchange": """
            date       | from_currency | to_currency | exchange_rate | for_buying
            2026-03-01 | USD           | INR         | 83.0          | 0
            2026-03-01 | USD           | INR         | 83.5          | 1
        """,
    }
    wanted = ("items", "item_units", "suppliers", "exchange_rates")
    frames = load(SITE + stated, tables, *wanted)
    holds(
        frames,
        "items",
        f"""
        item_id | item_name | category | base_unit | pack_size | unit_cost | currency   | known_at
        BOLT    | Bolt M8   | Metal    | H87       | 12        | 9.5       | {currency} | 2025-01-06 08:00:00
        VISIT   | Visit     | Services | H87       |           |           | {currency} | 2025-01-06 08:00:00
        """,
        ZONE,
    )
    holds(
        frames,
        "item_units",
        "item_id | unit | base_units\nBOLT | H87 | 1\nBOLT | Box | 12\nBOLT | TNE | 90000",
        ZONE,
    )
    holds(
        frames,
        "suppliers",
        """
        supplier_id | supplier_name | country | payment_term | vat_id   | known_at
        Bolts Co    | Bolts Company | India   | 45           | GSTIN-27 | 2025-01-06 08:00:00
        Nuts Co     | Nuts Co       |         |              |          | 2000-01-01
        """,
        ZONE,
    )
    holds(
        frames,
        "exchange_rates",
        "currency | reporting_currency | exchange_rate | happened_at\nUSD | INR | 83.5 | 2026-03-01",
        ZONE,
    )


def test_typed_columns_of_a_database_read_as_texts_do(load):
    tables = BASIC | RECEIPTS | BILLS | LEDGER | SALES
    wanted = ("purchase_orders", "receipts", "invoices", "stock_movements", "order_lines")
    typed = load(SITE, tables, *wanted, typed=True)
    texts = load(SITE.replace('"ERP"', '"TXT"'), tables, *wanted)
    for name in wanted:
        key = str(TABLES[name].key[0])
        left, right = (f[name].sort_values(key, ignore_index=True) for f in (typed, texts))
        pd.testing.assert_frame_equal(left, right)
