"""Tables of a small company on Business Central: a site in Chicago that buys chairs by the piece and
paint by the box of six tins, in dollars and in euros."""

SITE = """
extends = "business_central"
site = "SRC"
[parameters]
time_zone = "America/Chicago"
prefix = "BC-"
currency = "USD"
"""

ITEMS = """
    No.  | Description | Base Unit of Measure | Unit Cost | Item Category Code | Reorder Point | SystemCreatedAt
    -----+-------------+----------------------+-----------+--------------------+---------------+---------------------
    1900 | Chair       | PCS                  | 40.5      | CHAIR              | 5             | 2025-01-07T15:00:00Z
    P-01 | Paint       | TIN                  | 3         | PAINT              | 0             | 2025-01-07T15:00:00Z
"""

UNITS = """
    Item No. | Code | Qty. per Unit of Measure
    ---------+------+-------------------------
    1900     | PCS  | 1
    P-01     | TIN  | 1
    P-01     | BOX  | 6
"""

VENDORS = """
    No. | Name       | Country/Region Code | Payment Terms Code | VAT Registration No.
    ----+------------+---------------------+--------------------+---------------------
    V10 | Chairs Inc | US                  | 30 DAYS            | 12-345
    V20 | Farben AG  | DE                  | CM                 |
"""

TERMS = """
    Code    | Due Date Calculation
    --------+---------------------
    30 DAYS | 30D
    CM      | CM+10D
"""

LOCATIONS = """
    Code | Name         | Country/Region Code | Use As In-Transit
    -----+--------------+---------------------+------------------
    EAST | East Depot   | US                  | No
    WEST | West Depot   | US                  | No
    OWN  | Own Log.     |                     | Yes
"""

HEADERS = """
    Document Type | No.  | Buy-from Vendor No. | Order Date | Currency Code | Location Code | Prices Including VAT | Shipment Method Code | Expected Receipt Date | SystemCreatedAt
    --------------+------+---------------------+------------+---------------+---------------+----------------------+----------------------+-----------------------+---------------------
    Order         | 1001 | V10                 | 2026-03-02 |               | EAST          | No                   | DAP                  | 2026-03-12            | 2026-03-02T16:00:00Z
    Order         | 1002 | V20                 | 2026-03-03 | EUR           | WEST          | Yes                  |                      | 2026-03-20            | 2026-03-03T16:00:00Z
    Quote         | 1001 | V20                 | 2026-03-03 |               | EAST          | No                   |                      | 2026-03-20            | 2026-03-03T16:00:00Z
"""

LINES = """
    Document Type | Document No. | Line No. | Type          | No.  | Location Code | Unit of Measure Code | Quantity | Qty. per Unit of Measure | Quantity (Base) | Direct Unit Cost | Line Discount % | VAT % | Line Amount | Promised Receipt Date | SystemCreatedAt
    --------------+--------------+----------+---------------+------+---------------+----------------------+----------+--------------------------+-----------------+------------------+-----------------+-------+-------------+-----------------------+---------------------
    Order         | 1001         | 10000    | Item          | 1900 | EAST          | PCS                  | 20       | 1                        | 20              | 50               | 10              | 0     | 900         | 2026-03-10            | 2026-03-02T16:00:00Z
    Order         | 1001         | 20000    |               |      |               |                      | 0        | 0                        | 0               | 0                | 0               | 0     | 0           | 0001-01-01            | 2026-03-02T16:00:00Z
    Order         | 1001         | 30000    | G/L Account   | 8210 |               |                      | 1        | 1                        | 1               | 15               | 0               | 0     | 15          | 0001-01-01            | 2026-03-04T16:00:00Z
    Order         | 1002         | 10000    | Item          | P-01 | WEST          | BOX                  | 4        | 6                        | 24              | 23.8             | 0               | 19    | 95.2        | 0001-01-01            | 2026-03-03T16:00:00Z
    Quote         | 1001         | 10000    | Item          | 1900 | EAST          | PCS                  | 99       | 1                        | 99              | 50               | 0               | 0     | 4950        | 2026-03-10            | 2026-03-03T16:00:00Z
"""

ARCHIVED = """
    Document Type | Document No. | Version No. | Line No. | Type | No.  | Location Code | Unit of Measure Code | Quantity | Qty. per Unit of Measure | Quantity (Base) | Direct Unit Cost | Promised Receipt Date | Order Date | Buy-from Vendor No.
    --------------+--------------+-------------+----------+------+------+---------------+----------------------+----------+--------------------------+-----------------+------------------+-----------------------+------------+--------------------
    Order         | 1001         | 1           | 10000    | Item | 1900 | EAST          | PCS                  | 10       | 1                        | 10              | 45               | 2026-03-09            | 2026-03-02 | V10
    Order         | 1000         | 1           | 10000    | Item | 1900 | EAST          | PCS                  | 6        | 1                        | 6               | 45               | 2026-03-05            | 2026-03-01 | V10
    Order         | 1000         | 2           | 10000    | Item | 1900 | EAST          | PCS                  | 8        | 1                        | 8               | 45               | 2026-03-05            | 2026-03-01 | V10
"""

RECEIPT_HEADERS = """
    No.  | Currency Code | Order Date
    -----+---------------+-----------
    R100 |               | 2026-02-20
    R101 |               | 2026-03-02
    R102 | EUR           | 2026-03-03
"""

RECEIPTS = """
    Document No. | Line No. | Buy-from Vendor No. | Type | No.  | Location Code | Unit of Measure Code | Quantity | Qty. per Unit of Measure | Quantity (Base) | Direct Unit Cost | Order No. | Order Line No. | Posting Date | Promised Receipt Date | Correction | SystemCreatedAt
    -------------+----------+---------------------+------+------+---------------+----------------------+----------+--------------------------+-----------------+------------------+-----------+----------------+--------------+-----------------------+------------+---------------------
    R100         | 10000    | V10                 | Item | 1900 | EAST          | PCS                  | 3        | 1                        | 3               | 44               | 999       | 10000          | 2026-02-27   | 2026-02-28            | No         | 2026-02-27T20:00:00Z
    R101         | 10000    | V10                 | Item | 1900 | EAST          | PCS                  | 12       | 1                        | 12              | 50               | 1001      | 10000          | 2026-03-09   | 2026-03-10            | Yes        | 2026-03-09T20:00:00Z
    R101         | 20000    | V10                 | Item | 1900 | EAST          | PCS                  | -12      | 1                        | -12             | 50               | 1001      | 10000          | 2026-03-09   | 2026-03-10            | Yes        | 2026-03-09T22:00:00Z
    R102         | 10000    | V20                 | Item | P-01 | WEST          | BOX                  | 2        | 6                        | 12              | 23.8             | 1002      | 10000          | 2026-03-18   | 0001-01-01            | No         | 2026-03-19T15:00:00Z
    R102         | 20000    | V20                 |      |      |               |                      | 0        | 0                        | 0               | 0                | 1002      | 20000          | 2026-03-18   | 0001-01-01            | No         | 2026-03-19T15:00:00Z
    R103         | 10000    | V20                 | Item | P-01 | WEST          | BOX                  | 1        | 6                        | 6               | 20               |           | 0              | 2026-03-18   | 0001-01-01            | No         | 2026-03-19T15:00:00Z
"""

RETURNS = """
    Document No. | Line No. | Type | No.  | Quantity | Qty. per Unit of Measure | Quantity (Base) | Posting Date | Appl.-to Item Entry | SystemCreatedAt
    -------------+----------+------+------+----------+--------------------------+-----------------+--------------+---------------------+---------------------
    S200         | 10000    | Item | P-01 | 1        | 6                        | 6               | 2026-03-23   | 4                   | 2026-03-23T15:00:00Z
    S200         | 20000    | Item | P-01 | 1        | 6                        | 6               | 2026-03-23   | 0                   | 2026-03-23T15:00:00Z
"""

INVOICE_HEADERS = """
    No.  | Buy-from Vendor No. | Vendor Invoice No. | Order No. | Posting Date | Document Date | Due Date   | Currency Code | Location Code | Prices Including VAT | SystemCreatedAt
    -----+---------------------+--------------------+-----------+--------------+---------------+------------+---------------+---------------+----------------------+---------------------
    I300 | V20                 | RE-7               |           | 2026-03-25   | 2026-03-20    | 2026-04-10 | EUR           | WEST          | Yes                  | 2026-03-25T15:00:00Z
    I301 | V10                 | 5543               | 1001      | 2026-03-26   | 2026-03-26    | 2026-04-25 |               | EAST          | No                   | 2026-03-26T15:00:00Z
"""

INVOICES = """
    Document No. | Line No. | Type          | No.     | Unit of Measure Code | Quantity | Direct Unit Cost | VAT % | Amount | Amount Including VAT | Receipt No. | Receipt Line No. | Order No. | Order Line No.
    -------------+----------+---------------+---------+----------------------+----------+------------------+-------+--------+----------------------+-------------+------------------+-----------+---------------
    I300         | 10000    |               |         |                      | 0        | 0                | 0     | 0      | 0                    |             | 0                |           | 0
    I300         | 20000    | Item          | P-01    | BOX                  | 2        | 23.8             | 19    | 40     | 47.6                 | R102        | 10000            |           | 0
    I300         | 30000    | Charge (Item) | FREIGHT |                      | 1        | 11.9             | 19    | 10     | 11.9                 |             | 0                |           | 0
    I301         | 10000    | Item          | 1900    | PCS                  | 12       | 45               | 0     | 540    | 540                  |             | 0                |           | 0
    I301         | 30000    | G/L Account   | 8210    |                      | 1        | 15               | 0     | 15     | 15                   |             | 0                | 1001      | 30000
"""

CREDIT_HEADERS = """
    No.  | Buy-from Vendor No. | Vendor Cr. Memo No. | Posting Date | Document Date | Currency Code | Location Code | Prices Including VAT | SystemCreatedAt
    -----+---------------------+---------------------+--------------+---------------+---------------+---------------+----------------------+---------------------
    C400 | V10                 | CM-1                | 2026-03-27   | 2026-03-27    |               | EAST          | No                   | 2026-03-27T15:00:00Z
    C401 | V20                 | GS-2                | 2026-03-28   | 2026-03-28    | EUR           | WEST          | No                   | 2026-03-28T15:00:00Z
"""

CREDITS = """
    Document No. | Line No. | Type          | No.  | Unit of Measure Code | Quantity | Direct Unit Cost | VAT % | Amount | Amount Including VAT | Order No. | Order Line No. | Appl.-to Item Entry
    -------------+----------+---------------+------+----------------------+----------+------------------+-------+--------+----------------------+-----------+----------------+--------------------
    C400         | 10000    |               |      |                      | 0        | 0                | 0     | 0      | 0                    |           | 0              | 0
    C400         | 20000    | Item          | 1900 | PCS                  | 12       | 45               | 0     | 540    | 540                  | 1001      | 10000          | 0
    C401         | 10000    | Item          | P-01 | BOX                  | 1        | 20               | 19    | 20     | 23.8                 |           | 0              | 4
"""

CANCELLED = """
    Source ID | Cancelled Doc. No. | Cancelled By Doc. No.
    ----------+--------------------+----------------------
    122       | I301               | C400
    112       | I300               | C401
"""

LEDGER = """
    Entry No. | Item No. | Posting Date | Entry Type      | Document No. | Document Line No. | Location Code | Quantity | Remaining Quantity | SystemCreatedAt
    ----------+----------+--------------+-----------------+--------------+-------------------+---------------+----------+--------------------+---------------------
    1         | 1900     | 2026-02-27   | Purchase        | R100         | 10000             | EAST          | 3        | 1                  | 2026-02-27T20:00:00Z
    4         | P-01     | 2026-03-18   | Purchase        | R102         | 10000             | WEST          | 12       | 6                  | 2026-03-19T15:00:00Z
    5         | P-01     | 2026-03-23   | Purchase        | S200         | 10000             | WEST          | -6       | 0                  | 2026-03-23T15:00:00Z
    6         | 1900     | 2026-03-24   | Sale            | SH1          | 10000             | EAST          | -1       | 0                  | 2026-03-24T15:00:00Z
    7         | 1900     | 2026-03-24   | Transfer        | T1           | 10000             | EAST          | -1       | 0                  | 2026-03-24T16:00:00Z
    8         | 1900     | 2026-03-24   | Transfer        | T1           | 10000             | OWN           | 1        | 1                  | 2026-03-24T16:00:00Z
    9         | P-01     | 2026-03-30   | Positive Adjmt. | ADJ          | 10000             | WEST          | 2        | 2                  | 2026-03-30T16:00:00Z
"""

RATES = """
    Currency Code | Starting Date | Exchange Rate Amount | Relational Exch. Rate Amount | Relational Currency Code
    --------------+---------------+----------------------+------------------------------+-------------------------
    EUR           | 2026-03-01    | 100                  | 112.5                        |
"""

TABLES = {
    "Item.csv": ITEMS,
    "Item Unit of Measure.csv": UNITS,
    "Vendor.csv": VENDORS,
    "Payment Terms.csv": TERMS,
    "Location.csv": LOCATIONS,
    "Purchase Header.csv": HEADERS,
    "Purchase Line.csv": LINES,
    "Purchase Line Archive.csv": ARCHIVED,
    "Purch. Rcpt. Header.csv": RECEIPT_HEADERS,
    "Purch. Rcpt. Line.csv": RECEIPTS,
    "Return Shipment Line.csv": RETURNS,
    "Purch. Inv. Header.csv": INVOICE_HEADERS,
    "Purch. Inv. Line.csv": INVOICES,
    "Purch. Cr. Memo Hdr..csv": CREDIT_HEADERS,
    "Purch. Cr. Memo Line.csv": CREDITS,
    "Cancelled Document.csv": CANCELLED,
    "Item Ledger Entry.csv": LEDGER,
    "Currency Exchange Rate.csv": RATES,
}

NUMBERS = {
    "    Order  ": "    1      ",
    "    Quote  ": "    0      ",
    "| Item  ": "| 2     ",
    "| G/L Account ": "| 1           ",
    "| Charge (Item) ": "| 5             ",
    "| Purchase ": "| 0        ",
    "| Sale ": "| 1    ",
    "| Transfer ": "| 4        ",
    "| Positive Adjmt. ": "| 2               ",
    "| Yes ": "| true ",
    "| No  ": "| false ",
}
"""Captions of options and the numbers that the database has for them."""
