"""Exports of a small company on Odoo 17: bolts and nuts in Units, flour in kg, and its two habits of
ordering, by the dozen and by the gram."""

SITE = """
extends = "odoo"
site = "SRC"
[parameters]
site_id = "NAN"
time_zone = "Europe/Paris"
prefix = "NAN-"
currency = "EUR"
[tables.sites]
rows = [{ site_id = "NAN", time_zone = "Europe/Paris", happened_at = "2020-01-01T00:00:00Z", known_at = "2020-01-01T00:00:00Z" }]
"""

PRODUCTS = """
    id                                       | default_code | name   | categ_id                     | uom_id | standard_price | create_date
    -----------------------------------------+--------------+--------+------------------------------+--------+----------------+--------------------
    __export__.product_product_7_0a1b2c3d    | BOLT-8       | Bolt   | All / Saleable / Metal / M8  | Units  | 2.10           | 2025-02-03 09:00:00
    __export__.product_product_8_1b2c3d4e    | FLOUR        | Flour  | All / Food                   | kg     | 0.90           | 2025-02-03 09:00:00
    __export__.product_product_9_2c3d4e5f    | NUT-8        | Nut    | All                          | Units  | 0.40           | 2025-02-03 09:00:00
    __export__.product_product_10_3d4e5f60   | NUT-8        | Nut L  | Bought                       | Units  | 0.40           | 2025-02-03 09:00:00
    shop.washer                              |              | Washer | All / Expenses               | Units  | 0.10           | 2025-02-03 09:00:00
"""

PARTNERS = """
    id                                 | name         | country_id | vat         | supplier_rank | property_supplier_payment_term_id | create_date
    -----------------------------------+--------------+------------+-------------+---------------+-----------------------------------+--------------------
    __export__.res_partner_31_aa00aa00 | Forge SA     | France     | FR123456789 | 4             | 45 Days                           | 2025-01-06 08:00:00
    __export__.res_partner_32_bb00bb00 | Moulin & Cie | Belgium    |             | 1             | Immediate Payment                 | 2025-01-06 08:00:00
    __export__.res_partner_33_cc00cc00 | A Customer   | France     |             | 0             |                                   | 2025-01-06 08:00:00
"""

LINES = """
    id     | order_id | partner_id/id                      | product_id/id                             | display_type | product_qty | product_uom | price_unit | discount | price_subtotal | currency_id | date_order          | date_planned        | state           | create_date         | write_date
    -------+----------+------------------------------------+-------------------------------------------+--------------+-------------+-------------+------------+----------+----------------+-------------+---------------------+---------------------+-----------------+---------------------+--------------------
    l.1    | P00010   | __export__.res_partner_31_aa00aa00 | __export__.product_product_7_0a1b2c3d     |              | 24.0        | Units       | 2.50       | 0.0      | 60.00          | EUR         | 2026-03-02 08:15:00 | 2026-03-09 00:00:00 | Purchase Order  | 2026-03-02 08:00:00 | 2026-03-02 08:15:00
    l.2    | P00010   | __export__.res_partner_31_aa00aa00 | __export__.product_product_7_0a1b2c3d     |              | 3.0         | Dozens      | 30.00      | 10.0     | 81.00          | EUR         | 2026-03-02 08:15:00 | 2026-03-09 23:30:00 | Purchase Order  | 2026-03-03 10:00:00 | 2026-03-03 10:00:00
    l.3    | P00010   | __export__.res_partner_31_aa00aa00 |                                           | Section      | 0.0         |             | 0.0        | 0.0      | 0.0            | EUR         | 2026-03-02 08:15:00 |                     | Purchase Order  | 2026-03-02 08:00:00 | 2026-03-02 08:00:00
    l.4    | P00010   | __export__.res_partner_31_aa00aa00 |                                           | Note         | 0.0         |             | 0.0        | 0.0      | 0.0            | EUR         | 2026-03-02 08:15:00 |                     | Purchase Order  | 2026-03-02 08:00:00 | 2026-03-02 08:00:00
    l.5    | P00011   | __export__.res_partner_32_bb00bb00 | __export__.product_product_8_1b2c3d4e     |              | 500.0       | g           | 0.002      | 0.0      | 1.00           | USD         | 2026-03-02 09:00:00 | 2026-03-09 22:30:00 | Locked          | 2026-03-02 09:00:00 | 2026-03-02 09:00:00
    l.6    | P00012   | __export__.res_partner_32_bb00bb00 | __export__.product_product_8_1b2c3d4e     |              | 2.0         | kg          | 1.00       | 0.0      | 2.00           | EUR         | 2026-03-02 09:00:00 | 2026-03-09 00:00:00 | Cancelled       | 2026-03-02 09:00:00 | 2026-03-05 16:00:00
    l.7    | P00013   | __export__.res_partner_32_bb00bb00 | __export__.product_product_8_1b2c3d4e     |              | 2.0         | kg          | 1.00       | 0.0      | 2.00           | EUR         | 2026-03-02 09:00:00 | 2026-03-09 00:00:00 | RFQ Sent        | 2026-03-02 09:00:00 | 2026-03-02 09:00:00
"""

MOVES = """
    id   | reference    | product_id/id                         | quantity | product_uom | location_id                                  | location_dest_id                            | purchase_line_id/id | date                | state
    -----+--------------+---------------------------------------+----------+-------------+----------------------------------------------+---------------------------------------------+---------------------+---------------------+-----------
    m.1  | NAN/IN/1     | __export__.product_product_7_0a1b2c3d | 24.0     | Units       | Partners/Vendors                             | NAN/Stock                                   | l.1                 | 2026-03-09 07:00:00 | Done
    m.2  | NAN/IN/2     | __export__.product_product_7_0a1b2c3d | 2.0      | Dozens      | Partners/Vendors                             | NAN/Stock                                   | l.2                 | 2026-03-10 07:00:00 | Done
    m.3  | NAN/IN/2     | __export__.product_product_7_0a1b2c3d | 1.0      | Dozens      | Partners/Vendors                             | NAN/Stock                                   | l.2                 | 2026-03-10 07:00:00 | Cancelled
    m.4  | NAN/OUT/1    | __export__.product_product_7_0a1b2c3d | 4.0      | Units       | NAN/Stock                                    | Partners/Vendors                            | l.1                 | 2026-03-12 07:00:00 | Done
    m.5  | NAN/IN/3     | __export__.product_product_8_1b2c3d4e | 500.0    | g           | Partners/Vendors                             | NAN/Input                                   | l.5                 | 2026-03-20 07:00:00 | Available
    m.6  | NAN/DS/1     | __export__.product_product_7_0a1b2c3d | 1.0      | Dozens      | Partners/Vendors                             | Partners/Customers                          | l.2                 | 2026-03-13 07:00:00 | Done
    m.7  | NAN/INT/1    | __export__.product_product_7_0a1b2c3d | 10.0     | Units       | NAN/Input                                    | NAN/Stock                                   |                     | 2026-03-13 08:00:00 | Done
    m.8  | NAN/OUT/2    | __export__.product_product_7_0a1b2c3d | 5.0      | Units       | NAN/Stock                                    | Partners/Customers                          |                     | 2026-03-14 08:00:00 | Done
    m.9  | Count        | __export__.product_product_7_0a1b2c3d | 1.0      | Units       | Virtual Locations/Inventory adjustment       | NAN/Stock                                   |                     | 2026-03-15 08:00:00 | Done
    m.10 | SP/1         | __export__.product_product_7_0a1b2c3d | 2.0      | Units       | NAN/Stock                                    | Virtual Locations/Scrap                     |                     | 2026-03-16 08:00:00 | Done
    m.11 | NAN/INT/2    | __export__.product_product_7_0a1b2c3d | 3.0      | Units       | NAN/Stock                                    | Physical Locations/Inter-warehouse transit  |                     | 2026-03-17 08:00:00 | Done
"""

BILLS = """
    id   | move_id           | move_id/ref | move_type     | parent_state | partner_id/id                      | product_id/id                         | display_type | quantity | product_uom_id | price_unit | discount | price_subtotal | amount_currency | currency_id | purchase_line_id/id | invoice_date | date_maturity | create_date
    -----+-------------------+-------------+---------------+--------------+------------------------------------+---------------------------------------+--------------+----------+----------------+------------+----------+----------------+-----------------+-------------+---------------------+--------------+---------------+--------------------
    a.1  | BILL/2026/03/0001 | F-77        | Vendor Bill   | Posted       | __export__.res_partner_31_aa00aa00 | __export__.product_product_7_0a1b2c3d | Product      | 2.0      | Dozens         | 30.00      | 10.0     | 54.00          | 54.00           | EUR         | l.2                 | 2026-03-11   |               | 2026-03-12 09:00:00
    a.2  | BILL/2026/03/0001 | F-77        | Vendor Bill   | Posted       | __export__.res_partner_31_aa00aa00 |                                       | Tax          | 0.0      |                | 0.0        | 0.0      | 0.0            | 10.80           | EUR         |                     | 2026-03-11   |               | 2026-03-12 09:00:00
    a.3  | BILL/2026/03/0001 | F-77        | Vendor Bill   | Posted       | __export__.res_partner_31_aa00aa00 |                                       | Payment Term | 0.0      |                | 0.0        | 0.0      | 0.0            | -64.80          | EUR         |                     | 2026-03-11   | 2026-04-25    | 2026-03-12 09:00:00
    a.4  | RBILL/2026/03/0001| G-5         | Refund        | Posted       | __export__.res_partner_31_aa00aa00 | __export__.product_product_7_0a1b2c3d | Product      | 4.0      | Units          | 2.50       | 0.0      | 10.00          | -10.00          | EUR         | l.1                 | 2026-03-16   |               | 2026-03-16 09:00:00
    a.5  | RBILL/2026/03/0001| G-5         | Refund        | Posted       | __export__.res_partner_31_aa00aa00 |                                       | Tax          | 0.0      |                | 0.0        | 0.0      | 0.0            | -2.00           | EUR         |                     | 2026-03-16   |               | 2026-03-16 09:00:00
    a.6  | BILL/2026/03/0002 | F-78        | Vendor Bill   | Draft        | __export__.res_partner_31_aa00aa00 | __export__.product_product_7_0a1b2c3d | Product      | 20.0     | Units          | 2.50       | 0.0      | 50.00          | 50.00           | EUR         | l.1                 | 2026-03-17   |               | 2026-03-17 09:00:00
    a.7  | BILL/2026/03/0002 | F-78        | Vendor Bill   | Draft        | __export__.res_partner_31_aa00aa00 |                                       | Product      | 1.0      |                | 7.00       | 0.0      | 7.00           | 7.00            | EUR         |                     | 2026-03-17   |               | 2026-03-17 09:00:00
    a.8  | BILL/2026/03/0002 | F-78        | Vendor Bill   | Draft        | __export__.res_partner_31_aa00aa00 |                                       | Tax          | 0.0      |                | 0.0        | 0.0      | 0.0            | 10.00           | EUR         |                     | 2026-03-17   |               | 2026-03-17 09:00:00
    a.9  | BILL/2026/03/0002 | F-78        | Vendor Bill   | Draft        | __export__.res_partner_31_aa00aa00 |                                       | Note         | 0.0      |                | 0.0        | 0.0      | 0.0            | 0.00            | EUR         |                     | 2026-03-17   |               | 2026-03-17 09:00:00
    a.10 | BILL/2026/03/0003 | F-79        | Vendor Bill   | Cancelled    | __export__.res_partner_31_aa00aa00 | __export__.product_product_7_0a1b2c3d | Product      | 20.0     | Units          | 2.50       | 0.0      | 50.00          | 50.00           | EUR         | l.1                 | 2026-03-17   |               | 2026-03-17 09:00:00
    a.11 | INV/2026/00001    | S1          | Customer Invoice | Posted    | __export__.res_partner_33_cc00cc00 | __export__.product_product_7_0a1b2c3d | Product      | 5.0      | Units          | 4.00       | 0.0      | 20.00          | -20.00          | EUR         |                     | 2026-03-17   |               | 2026-03-17 09:00:00
    a.12 | MISC/2026/03/0001 |             | Journal Entry | Posted       |                                    |                                       | Product      | 0.0      |                | 0.0        | 0.0      | 0.0            | 5.00            | EUR         |                     | 2026-03-17   |               | 2026-03-17 09:00:00
"""

QUANTS = """
    product_id/id                         | location_id                            | quantity | reserved_quantity | in_date
    --------------------------------------+----------------------------------------+----------+-------------------+--------------------
    __export__.product_product_7_0a1b2c3d | NAN/Stock                              | 20.0     | 6.0               | 2026-03-10 07:00:00
    __export__.product_product_7_0a1b2c3d | NAN/Stock/Shelf 1                      | 5.5      | 0.0               | 2026-03-31 18:00:00
    __export__.product_product_7_0a1b2c3d | NAN/Quality Control                    | 3.0      | 0.0               | 2026-03-11 07:00:00
    __export__.product_product_7_0a1b2c3d | Partners/Vendors                       | -48.0    | 0.0               | 2026-03-10 07:00:00
    __export__.product_product_7_0a1b2c3d | Virtual Locations/Inventory adjustment | -1.0     | 0.0               | 2026-03-15 08:00:00
    __export__.product_product_8_1b2c3d4e | NAN/Stock                              | -0.5     | 0.0               | 2026-03-20 07:00:00
"""

TABLES = {
    "product.product.csv": PRODUCTS,
    "res.partner.csv": PARTNERS,
    "purchase.order.line.csv": LINES,
    "stock.move.csv": MOVES,
    "account.move.line.csv": BILLS,
    "stock.quant.csv": QUANTS,
}

LABELS = {
    "| Purchase Order ": "| purchase       ",
    "| Locked ": "| done   ",
    "| RFQ Sent ": "| sent     ",
    "| Cancelled": "| cancel   ",
    "| Section ": "| line_section ",
    "| Note ": "| line_note ",
    "| Done": "| done",
    "| Available": "| assigned ",
    "| Vendor Bill ": "| in_invoice ",
    "| Refund ": "| in_refund ",
    "| Customer Invoice ": "| out_invoice ",
    "| Journal Entry ": "| entry ",
    "| Posted ": "| posted ",
    "| Draft ": "| draft ",
    "| Product ": "| product ",
    "| Tax ": "| tax ",
    "| Payment Term ": "| payment_term ",
}
"""Labels of the exports and the technical values of a database."""
