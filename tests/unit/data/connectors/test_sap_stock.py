"""Stock and demand of the SAP connector, as a planner would count them."""

SITE = """
extends = "sap"
site = "ERP"
time_zone = "Europe/Berlin"
[parameters]
"""

COUNTS = {
    "MARD_20260331": """
        MATNR | WERKS | LGORT | LABST    | INSME | SPEME | RETME | UMLME
        12000 | 1000  | 0001  | 1.162,50 | 2,000 | 1,000 | 0,500 | 4,000
        12000 | 1000  | 0002  | 7,000    | 0,000 | 0,000 | 0,000 | 0,000
        12000 | 1100  | 0001  | 3,000-   | 0,000 | 0,000 | 0,000 | 0,000
    """,
    "MARD_20260430": """
        MATNR | WERKS | LGORT | LABST
        12000 | 1000  | 0001  | 5,000
    """,
    "MARC": """
        MATNR | WERKS | MINBE  | EISBE | TRAME
        12000 | 1000  | 20,000 | 0,000 | 6,000
    """,
    "RESB": """
        MATNR | WERKS | BDMNG  | ENMNG | XLOEK | KZEAR | SHKZG
        12000 | 1000  | 10,000 | 4,000 |       |       | H
        12000 | 1000  | 10,000 | 0,000 | X     |       | H
        12000 | 1000  | 10,000 | 0,000 |       | X     | H
        12000 | 1000  | 10,000 | 0,000 |       |       | S
    """,
}


def test_stock_is_one_row_a_plant_item_and_day_by_what_may_be_used(load, holds):
    frames = load(SITE, COUNTS, "stock_levels")
    holds(
        frames,
        "stock_levels",
        """
        site_id | item_id | on_hand | quantity_in_inspection | quantity_blocked | quantity_reserved | quantity_in_transit | reorder_point | safety_stock | happened_at
        1000    | 12000   | 1169.5  | 2                      | 1.5              |                   |                     | 20            |              | 2026-03-31 23:59:59
        1100    | 12000   | -3      | 0                      | 0                |                   |                     |               |              | 2026-03-31 23:59:59
        1000    | 12000   | 5       |                        | 0                | 6                 | 6                   | 20            |              | 2026-04-30 23:59:59
        """,
    )


def test_a_count_without_a_day_in_its_name_has_the_stated_one(load, holds):
    count = {"MARD": COUNTS["MARD_20260430"]}
    frames = load(SITE + 'stock_day = "2026-04-30"\n', count, "stock_levels")
    holds(frames, "stock_levels", "on_hand | known_at\n5 | 2026-04-30 23:59:59")


MOVEMENTS = """
    MBLNR      | MJAHR | ZEILE | BWART | MATNR | WERKS | SHKZG | MENGE   | INSMK | SOBKZ | KZBEW | KZVBR | GRUND | BUDAT_MKPF | CPUDT_MKPF | CPUTM_MKPF
    4900000001 | 2026  | 0001  | 101   | 12000 | 1000  | S     | 10,000  |       |       | B     |       | 0000  | 20260303   | 20260304   | 081500
    4900000002 | 2026  | 0001  | 102   | 12000 | 1000  | H     | 10,000- |       |       | B     |       | 0000  | 20260303   | 20260304   | 091500
    4900000003 | 2026  | 0001  | 122   | 12000 | 1000  | H     | 1,000   |       |       | B     |       | 0001  | 20260304   | 20260304   | 091500
    4900000004 | 2026  | 0001  | 601   | 12000 | 1000  | H     | 2,000   |       |       | L     |       | 0000  | 20260304   | 20260304   | 091500
    4900000005 | 2026  | 0001  | 602   | 12000 | 1000  | S     | 2,000   |       |       | L     |       | 0000  | 20260304   | 20260304   | 091500
    4900000006 | 2026  | 0001  | 201   | 12000 | 1000  | H     | 3,000   |       |       |       | V     | 0000  | 20260304   | 20260304   | 091500
    4900000007 | 2026  | 0001  | 301   | 12000 | 1000  | H     | 4,000   |       |       |       |       | 0000  | 20260304   | 20260304   | 091500
    4900000007 | 2026  | 0002  | 301   | 12000 | 1100  | S     | 4,000   |       |       |       |       | 0000  | 20260304   | 20260304   | 091500
    4900000008 | 2026  | 0001  | 551   | 12000 | 1000  | H     | 1,000   |       |       |       |       | 0002  | 20260304   | 20260304   | 091500
    4900000009 | 2026  | 0001  | 702   | 12000 | 1000  | H     | 1,000   |       |       |       |       | 0000  | 20260304   | 20260304   |
    4900000010 | 2026  | 0001  | 321   | 12000 | 1000  | H     | 5,000   | X     |       |       |       | 0000  | 20260304   | 20260304   | 091500
    4900000010 | 2026  | 0002  | 321   | 12000 | 1000  | S     | 5,000   |       |       |       |       | 0000  | 20260304   | 20260304   | 091500
    4900000011 | 2026  | 0001  | 101   | 12000 | 1000  | S     | 6,000   |       | K     | B     |       | 0000  | 20260304   | 20260304   | 091500
    4900000012 | 2026  | 0001  | 101   | 12000 | 1000  | S     | 7,000   |       |       | B     | V     | 0000  | 20260304   | 20260304   | 091500
    4900000013 | 2026  | 0001  | 101   |       | 1000  | S     | 8,000   |       |       | B     |       | 0000  | 20260304   | 20260304   | 091500
    4900000014 | 2026  | 0001  | 103   | 12000 | 1000  | S     | 9,000   |       |       | B     |       | 0000  | 20260304   | 20260304   | 091500
    4900000015 | 2026  | 0001  | 653   | 12000 | 1000  | S     | 1,000   |       |       | L     |       | 0000  | 20260304   | 20260304   | 091500
    4900000016 | 2026  | 0001  | Z01   | 12000 | 1000  | H     | 1,000   |       |       |       |       | 0000  | 20260304   | 20260304   | 091500
"""


def test_movements_are_signed_and_only_those_of_free_own_stock(load, holds):
    frames = load(SITE, {"MSEG": MOVEMENTS}, "stock_movements")
    holds(
        frames,
        "stock_movements",
        """
        movement_id          | site_id | movement_kind | quantity_moved | adjustment_reason      | happened_at | known_at
        4900000001-2026-0001 | 1000    | receipt       | 10             |                        | 2026-03-03  | 2026-03-04 08:15:00
        4900000002-2026-0001 | 1000    | receipt       | -10            |                        | 2026-03-03  | 2026-03-04 09:15:00
        4900000003-2026-0001 | 1000    | receipt       | -1             |                        | 2026-03-04  | 2026-03-04 09:15:00
        4900000004-2026-0001 | 1000    | issue         | -2             |                        | 2026-03-04  | 2026-03-04 09:15:00
        4900000005-2026-0001 | 1000    | issue         | 2              |                        | 2026-03-04  | 2026-03-04 09:15:00
        4900000006-2026-0001 | 1000    | issue         | -3             |                        | 2026-03-04  | 2026-03-04 09:15:00
        4900000007-2026-0001 | 1000    | transfer_out  | -4             |                        | 2026-03-04  | 2026-03-04 09:15:00
        4900000007-2026-0002 | 1100    | transfer_in   | 4              |                        | 2026-03-04  | 2026-03-04 09:15:00
        4900000008-2026-0001 | 1000    | scrap         | -1             | scrapped, reason 2     | 2026-03-04  | 2026-03-04 09:15:00
        4900000009-2026-0001 | 1000    | adjustment    | -1             | stock count            | 2026-03-04  | 2026-03-04 23:59:59
        4900000010-2026-0002 | 1000    | adjustment    | 5              | released or blocked    | 2026-03-04  | 2026-03-04 09:15:00
        4900000015-2026-0001 | 1000    | receipt       | 1              |                        | 2026-03-04  | 2026-03-04 09:15:00
        4900000016-2026-0001 | 1000    | adjustment    | -1             | movement type Z01      | 2026-03-04  | 2026-03-04 09:15:00
        """,
    )


def test_dates_of_movements_come_from_their_header_or_from_s4(load, holds):
    """Older releases keep the dates in MKPF; S/4HANA has one table for both."""
    tables = {
        "MSEG": """
            MBLNR      | MJAHR | ZEILE | BWART | MATNR | WERKS | SHKZG | MENGE
            4900000001 | 2026  | 0001  | 101   | 12000 | 1000  | S     | 10,000
        """,
        "MKPF": """
            MBLNR      | MJAHR | BUDAT    | CPUDT    | CPUTM
            4900000001 | 2026  | 20260303 | 20260304 | 081500
        """,
        "MATDOC": """
            RECORD_TYPE | MBLNR      | MJAHR | ZEILE | BWART | MATNR | WERKS | SHKZG | MENGE  | BUDAT    | CPUDT    | CPUTM
            MDOC        | 4900000002 | 2026  | 0001  | 601   | 12000 | 1000  | H     | 3,000  | 20260305 | 20260305 | 091500
            MDOC_CP     | 4900000002 | 2026  | 0001  | 601   | 12000 | 1000  | H     | 3,000  | 20260305 | 20260305 | 091500
        """,
    }
    frames = load(SITE, tables, "stock_movements")
    holds(
        frames,
        "stock_movements",
        """
        movement_id          | movement_kind | quantity_moved | happened_at | known_at
        4900000001-2026-0001 | receipt       | 10             | 2026-03-03  | 2026-03-04 08:15:00
        4900000002-2026-0001 | issue         | -3             | 2026-03-05  | 2026-03-05 09:15:00
        """,
    )


SALES = {
    "VBAK": """
        VBELN      | WAERK | VBTYP | ERDAT    | ERZET  | VDATU
        0010000001 | EUR   | C     | 20260301 | 101500 | 20260305
        0010000002 | EUR   | H     | 20260301 | 101500 | 20260305
    """,
    "VBAP": """
        VBELN      | POSNR  | MATNR | WERKS | KWMENG | VRKME | UMVKZ | UMVKN | NETPR | KPEIN | KMEIN | ABGRU | ERDAT
        0010000001 | 000010 | 12000 | 1000  | 10,000 | ST    |       |       | 3,00  | 1     | ST    |       | 20260301
        0010000001 | 000020 | 12000 | 1000  | 2,000  | KAR   | 12    | 1     | 36,00 | 1     | KAR   |       | 20260301
        0010000001 | 000030 | 12000 | 1000  | 2,000  | PAL   |       |       | 3,00  | 10    | ST    |       | 20260301
        0010000001 | 000040 | 12000 | 1000  | 2,000  | ST    |       |       | 3,00  | 1     | ST    | 10    | 20260301
        0010000001 | 000050 | 12000 | 1000  | 2,000  | ST    |       |       | 3,00  | 1     | ST    |       | 20260301
        0010000001 | 000060 | 12000 | 1000  | 2,000  | ST    |       |       | 3,00  | 1     | ST    |       | 20260301
        0010000002 | 000010 | 12000 | 1000  | 2,000  | ST    |       |       | 3,00  | 1     | ST    |       | 20260301
    """,
    "VBEP": """
        VBELN      | POSNR  | EDATU    | WMENG
        0010000001 | 000050 | 20260309 | 2,000
        0010000001 | 000050 | 20260320 | 0,000
        0010000001 | 000060 | 20260311 | 2,000
    """,
    "LIPS": """
        VBELN      | POSNR  | VGBEL      | VGPOS  | LFIMG | WADAT_IST
        0090000001 | 000010 | 0010000001 | 000010 | 6,000 | 20260305
        0090000002 | 000010 | 0010000001 | 000010 | 3,000 | 20260306
        0090000003 | 000010 | 0010000001 | 000020 | 2,000 |
        0090000004 | 000010 | 0010000001 | 000050 | 2,000 | 20260310
        0090000005 | 000010 | 0010000001 | 000030 | 2,000 | 00000000
    """,
    "LIKP": """
        VBELN      | WADAT_IST
        0090000003 | 20260304
    """,
    "MARM": """
        MATNR | MEINH | UMREZ | UMREN
        12000 | PAL   | 480   | 1
    """,
    "MARA": """
        MATNR | MEINS
        12000 | ST
    """,
}


def test_demand_is_short_of_what_was_not_issued_when_it_was_due(load, holds):
    """Line 40 was rejected, line 60 is due after the last day seen, 10000002 is a return."""
    frames = load(SITE, SALES, "order_lines")
    holds(
        frames,
        "order_lines",
        """
        order_line_id | order_id | quantity_demanded | quantity_short | sales_price | happened_at | known_at
        10000001-10   | 10000001 | 10                | 4              | 3           | 2026-03-05  | 2026-03-05 23:59:59
        10000001-20   | 10000001 | 24                | 0              | 3           | 2026-03-05  | 2026-03-05 23:59:59
        10000001-30   | 10000001 | 960               | 960            | 0.3         | 2026-03-05  | 2026-03-05 23:59:59
        10000001-50   | 10000001 | 2                 | 2              | 3           | 2026-03-09  | 2026-03-09 23:59:59
        """,
    )
