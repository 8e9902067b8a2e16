"""Purchase orders, receipts and messages of the SAP connector, as a buyer would count them."""

SITE = """
extends = "sap"
site = "ERP"
time_zone = "Europe/Berlin"
[parameters]
"""

ORDERS = """
    EBELN      | BUKRS | BSTYP | BSART | LOEKZ | AEDAT    | LIFNR      | RESWK | WAERS | BEDAT
    4500000001 | 1000  | F     | NB    |       | 20260302 | 0000100221 |       | EUR   | 20260301
"""
LINES = """
    EBELN      | EBELP | LOEKZ | AEDAT    | MATNR              | WERKS | MATKL | MENGE   | MEINS | BPRME | UMREZ | UMREN | NETPR    | PEINH | NETWR     | PSTYP | WEPOS | ELIKZ | RETPO
    4500000001 | 00010 |       | 20260302 | 000000000000012017 | 1100  | ELEK  | 41,000  | KAR   | ST    | 12    | 1     | 36,71    | 1     | 18.061,32 | 0     | X     |       |
"""


def line(**cells):
    """The order line above with other cells."""
    header, row = (one.split("|") for one in LINES.strip().splitlines())
    values = {name.strip(): cell.strip() for name, cell in zip(header, row, strict=True)} | cells
    return " | ".join(values.values())


def lines(*rows):
    return "\n".join((LINES.strip().splitlines()[0], *rows))


def test_quantities_count_base_units_and_prices_are_for_one_of_them(load, holds):
    tables = {
        "EKKO": ORDERS,
        "EKPO": lines(
            line(),  # cartons of 12, priced by the piece
            line(EBELP="00020", BPRME="KAR", NETPR="440,52"),  # priced by the carton
            line(EBELP="00030", BPRME="KAR", NETPR="44.052,00", PEINH="100"),  # by 100 cartons
            line(EBELP="00040", MEINS="ST", UMREZ="1", NETPR="3,60", PEINH="100"),
            line(EBELP="00050", MEINS="ST", UMREZ="1", BPRME="KG", NETPR="9,00"),
            line(EBELP="00060", MEINS="ST", UMREZ="1", BPRME="XX", NETPR="9,00"),
        ),
        "MARM": """
            MATNR              | MEINH | UMREZ | UMREN
            000000000000012017 | KG    | 5     | 2
        """,
        "MARA": """
            MATNR              | MEINS
            000000000000012017 | ST
        """,
    }
    frames = load(SITE, tables, "purchase_orders")
    holds(
        frames,
        "purchase_orders",
        """
        po_line_id    | item_id | supplier_id | site_id | quantity_ordered | order_unit | po_unit_price | currency
        4500000001-10 | 12017   | 100221      | 1100    | 492              | XCT        | 36.71         | EUR
        4500000001-20 | 12017   | 100221      | 1100    | 492              | XCT        | 36.71         | EUR
        4500000001-30 | 12017   | 100221      | 1100    | 492              | XCT        | 36.71         | EUR
        4500000001-40 | 12017   | 100221      | 1100    | 41               | H87        | 0.036         | EUR
        4500000001-50 | 12017   | 100221      | 1100    | 41               | H87        | 3.6           | EUR
        4500000001-60 | 12017   | 100221      | 1100    | 41               | H87        |               | EUR
        """,
    )


def test_a_price_unit_of_the_order_itself_goes_before_the_material_s(load, holds):
    """BPUMZ / BPUMN are price units in one order unit: 1 carton is 4 kg here."""
    table = "\n".join(
        f"{row} | {more}"
        for row, more in zip(
            lines(line(BPRME="KG", NETPR="9,00")).splitlines(),
            ("BPUMZ | BPUMN", "4 | 1"),
            strict=True,
        )
    )
    frames = load(SITE, {"EKKO": ORDERS, "EKPO": table}, "purchase_orders")
    holds(frames, "purchase_orders", "po_line_id | po_unit_price\n4500000001-10 | 3")


def test_only_orders_order(load, holds):
    """Contracts (K) and requests for quotation (A) do not; scheduling agreements (L) do."""
    orders = """
        EBELN      | BUKRS | BSTYP | LIFNR      | RESWK | WAERS | BEDAT    | AEDAT
        4500000001 | 1000  | F     | 0000100221 |       | EUR   | 20260301 | 20260301
        4500000002 | 1000  | K     | 0000100221 |       | EUR   | 20260301 | 20260301
        4500000003 | 1000  | A     | 0000100221 |       | EUR   | 20260301 | 20260301
        4500000004 | 1000  | L     | 0000100221 |       | EUR   | 20260301 | 20260301
        4500000005 | 1000  | F     |            | 1000  | EUR   | 20260301 | 20260301
        4500000006 | 2000  | F     | 0000100221 |       | EUR   | 20260301 | 20260301
    """
    numbers = [f"450000000{n}" for n in range(1, 7)]
    tables = {
        "EKKO": orders,
        "EKPO": lines(
            *(
                line(EBELN=number, MENGE="0,000" if number.endswith("4") else "2,000")
                for number in numbers
            )
        ),
        "EKET": """
            EBELN      | EBELP | EINDT    | MENGE
            4500000004 | 00010 | 20260305 | 3,000
            4500000004 | 00010 | 20260312 | 4,000
        """,
    }
    frames = load(SITE + 'company_code = "1000"\n', tables, "purchase_orders", "suppliers")
    holds(
        frames,
        "purchase_orders",
        """
        po_id      | supplier_id | quantity_ordered
        4500000001 | 100221      | 24
        4500000004 | 100221      | 84
        4500000005 | plant 1000  | 24
        """,
    )
    holds(
        frames,
        "suppliers",
        "supplier_id | supplier_name\nplant 1000 | 1000",
    )


def test_states_of_lines_and_since_when_they_are_known(load, holds):
    tables = {
        "EKKO": """
            EBELN      | LOEKZ | AEDAT    | LIFNR      | WAERS | BEDAT
            4500000001 |       | 20260302 | 0000100221 | EUR   | 20260301
            4500000002 | L     | 20260302 | 0000100221 | EUR   | 20260301
        """,
        "EKPO": lines(
            line(),
            line(EBELP="00020", LOEKZ="L", AEDAT="20260310"),
            line(EBELP="00030", LOEKZ="S"),  # locked is not deleted
            line(EBELP="00040", RETPO="X"),
            line(EBELP="00050", ELIKZ="X", AEDAT="20260320"),  # given up, nothing came
            line(EBELP="00060", LOEKZ="L"),  # deleted after its receipt
            line(EBELP="00070", LOEKZ="L"),  # a change document says when
            line(EBELP="00080", ELIKZ="X"),  # closed by its receipt
            line(EBELP="00090", ELIKZ="X", AEDAT="20260320"),  # given up after a part
            line(EBELN="4500000002"),
        ),
        "EKBE": """
            EBELN      | EBELP | GJAHR | BELNR      | BUZEI | BEWTP | BWART | BUDAT    | MENGE  | SHKZG | CPUDT    | CPUTM
            4500000001 | 00060 | 2026  | 5000000001 | 0001  | E     | 101   | 20260305 | 41,000 | S     | 20260306 | 081500
            4500000001 | 00080 | 2026  | 5000000002 | 0001  | E     | 101   | 20260305 | 40,000 | S     | 20260306 | 081500
            4500000001 | 00090 | 2026  | 5000000003 | 0001  | E     | 101   | 20260305 | 40,000 | S     | 20260306 | 081500
        """,
        "CDHDR": """
            OBJECTCLAS | OBJECTID   | CHANGENR | UDATE    | UTIME
            EINKBELEG  | 4500000001 | 0000001  | 20260304 | 101500
        """,
        "CDPOS": """
            OBJECTCLAS | OBJECTID   | CHANGENR | TABNAME | TABKEY             | FNAME | VALUE_NEW
            EINKBELEG  | 4500000001 | 0000001  | EKPO    | 100450000000100070 | LOEKZ | L
        """,
    }
    frames = load(SITE, tables, "purchase_orders", "receipts")
    holds(
        frames,
        "purchase_orders",
        """
        po_line_id    | line_type | line_state   | state_known_at      | happened_at | known_at
        4500000001-10 | standard  | open         |                     | 2026-03-01  | 2026-03-02 23:59:59
        4500000001-20 | standard  | cancelled    | 2026-03-10 23:59:59 | 2026-03-01  | 2026-03-02 23:59:59
        4500000001-30 | standard  | open         |                     | 2026-03-01  | 2026-03-02 23:59:59
        4500000001-40 | return    | closed_short | 2026-03-02 23:59:59 | 2026-03-01  | 2026-03-02 23:59:59
        4500000001-50 | standard  | closed_short | 2026-03-20 23:59:59 | 2026-03-01  | 2026-03-02 23:59:59
        4500000001-60 | standard  | cancelled    | 2026-03-06 23:59:59 | 2026-03-01  | 2026-03-02 23:59:59
        4500000001-70 | standard  | cancelled    | 2026-03-04 10:15:00 | 2026-03-01  | 2026-03-02 23:59:59
        4500000001-80 | standard  | open         |                     | 2026-03-01  | 2026-03-02 23:59:59
        4500000001-90 | standard  | closed_short | 2026-03-20 23:59:59 | 2026-03-01  | 2026-03-02 23:59:59
        4500000002-10 | standard  | cancelled    | 2026-03-02 23:59:59 | 2026-03-01  | 2026-03-02 23:59:59
        """,
    )
    holds(
        frames,
        "receipts",
        """
        po_line_id    | quantity_received | final
        4500000001-60 | 492               | no
        4500000001-80 | 480               | yes
        4500000001-90 | 480               | no
        """,
    )


def test_a_line_without_material_is_kept_under_its_material_group(load, holds):
    tables = {
        "EKKO": ORDERS,
        "EKPO": lines(
            line(MATNR="", MATKL="DIENST", PSTYP="9", MEINS="LE", BPRME="LE", UMREZ="1"),
            line(EBELP="00020", MATNR="", MATKL="", PSTYP="D", WEPOS=""),
            line(EBELP="00030", WEPOS=""),
            line(EBELP="00040", PSTYP="5"),
        ),
    }
    frames = load(SITE, tables, "purchase_orders")
    holds(
        frames,
        "purchase_orders",
        """
        po_line_id    | item_id               | category | line_type   | channel   | order_unit
        4500000001-10 | material group DIENST | DIENST   | service     | warehouse | C62
        4500000001-20 | no material           |          | service     | warehouse | XCT
        4500000001-30 | 12017                 | ELEK     | two-way     | warehouse | XCT
        4500000001-40 | 12017                 | ELEK     | third-party | direct    | XCT
        """,
    )


def test_the_promise_is_what_was_first_confirmed_in_full_or_else_the_scheduled_day(load, holds):
    tables = {
        "EKKO": ORDERS,
        "EKPO": lines(*(line(EBELP=f"000{n}0") for n in range(1, 6))),
        "EKET": """
            EBELN      | EBELP | EINDT    | SLFDT    | MENGE
            4500000001 | 00010 | 20260320 | 20260310 | 41,000
            4500000001 | 00020 | 20260310 | 20260310 | 41,000
            4500000001 | 00030 | 20260310 | 20260310 | 20,000
            4500000001 | 00030 | 20260317 | 20260317 | 21,000
            4500000001 | 00040 | 20260310 | 20260310 | 41,000
            4500000001 | 00050 | 20260310 | 20260310 | 41,000
        """,
        "EKES": """
            EBELN      | EBELP | ETENS | EBTYP | EINDT    | ERDAT    | EZEIT  | MENGE  | XBLNR | VBELN
            4500000001 | 00020 | 0001  | AB    | 20260311 | 20260304 | 101500 | 20,000 | A1    |
            4500000001 | 00020 | 0002  | AB    | 20260318 | 20260305 | 101500 | 21,000 | A2    |
            4500000001 | 00020 | 0003  | AB    | 20260325 | 20260309 | 101500 | 41,000 | A3    |
            4500000001 | 00040 | 0001  | LA    | 20260309 | 20260306 | 101500 | 41,000 | L1    | 0180000001
            4500000001 | 00050 | 0001  | AB    | 20260310 | 20260304 |        | 41,000 | A4    |
        """,
    }
    frames = load(SITE, tables, "purchase_orders", "supplier_events")
    holds(
        frames,
        "purchase_orders",
        """
        po_line_id    | requested_at | promised_at | known_at
        4500000001-10 | 2026-03-10   | 2026-03-10  | 2026-03-02 23:59:59
        4500000001-20 | 2026-03-10   | 2026-03-18  | 2026-03-05 10:15:00
        4500000001-30 | 2026-03-17   | 2026-03-17  | 2026-03-02 23:59:59
        4500000001-40 | 2026-03-10   | 2026-03-10  | 2026-03-02 23:59:59
        4500000001-50 | 2026-03-10   | 2026-03-10  | 2026-03-04 23:59:59
        """,
    )
    holds(
        frames,
        "supplier_events",
        """
        po_line_id    | event_kind      | ack_status | message_number | expected_at | event_quantity | known_at
        4500000001-20 | acknowledgement | DR         | A1             | 2026-03-11  | 240            | 2026-03-04 10:15:00
        4500000001-20 | acknowledgement | DR         | A2             | 2026-03-18  | 252            | 2026-03-05 10:15:00
        4500000001-20 | revised_promise |            | A3             | 2026-03-25  | 492            | 2026-03-09 10:15:00
        4500000001-40 | asn             |            | L1             | 2026-03-09  | 492            | 2026-03-06 10:15:00
        4500000001-50 | acknowledgement | IA         | A4             | 2026-03-10  | 492            | 2026-03-04 23:59:59
        """,
    )


HISTORY = """
    EBELN      | EBELP | ZEKKN | GJAHR | BELNR      | BUZEI | BEWTP | BWART | BUDAT    | MENGE   | SHKZG | CPUDT    | CPUTM
    4500000001 | 00010 | 00    | 2026  | 5000000001 | 0001  | E     | 101   | 20260305 | 14,000  | S     | 20260305 | 133243
    4500000001 | 00010 | 00    | 2026  | 5000000002 | 0001  | E     | 102   | 20260305 | 14,000  | H     | 20260305 | 163243
    4500000001 | 00010 | 00    | 2026  | 5000000003 | 0001  | E     | 101   | 20260305 | 41,000  | S     | 20260306 | 073243
    4500000001 | 00010 | 00    | 2026  | 5000000004 | 0001  | E     | 122   | 20260307 | 5,000   | H     | 20260307 | 102556
    4500000001 | 00010 | 00    | 2026  | 5000000005 | 0001  | E     | 123   | 20260308 | 1,000   | S     | 20260308 | 102556
    4500000001 | 00010 | 00    | 2026  | 5000000006 | 0001  | E     | 161   | 20260309 | 2,000   | H     | 20260309 | 102556
    4500000001 | 00010 | 01    | 2026  | 5000000007 | 0001  | E     | 101   | 20260310 | 1,000-  | S     | 20260309 | 102556
    4500000001 | 00010 | 00    | 2026  | 5000000008 | 0001  | E     | 103   | 20260310 | 9,000   | S     | 20260310 | 102556
    4500000001 | 00010 | 00    | 2026  | 5000000009 | 0001  | E     | 105   | 20260311 | 9,000   | S     | 20260311 |
    4500000001 | 00010 | 00    | 2026  | 5105600002 | 0001  | Q     |       | 20260312 | 41,000  | S     | 20260312 | 071403
    4500000001 | 00010 | 00    | 2026  | 5105600003 | 0001  | C     |       | 20260312 | 0,000   | S     | 20260312 | 071403
    4500000001 | 00010 | 00    | 2026  | 5105600004 | 0001  | N     |       | 20260312 | 41,000  | S     | 20260312 | 071403
    4500000001 | 00010 | 00    | 2026  | 1000000001 | 0001  | D     |       | 20260312 | 3,000   | S     | 20260313 | 071403
    4500000099 | 00010 | 00    | 2026  | 5000000010 | 0001  | E     | 101   | 20260312 | 3,000   | S     | 20260313 | 071403
"""


def test_receipts_are_goods_only_signed_and_in_base_units(load, holds):
    frames = load(
        SITE,
        {"EKKO": ORDERS, "EKPO": lines(line()), "EKBE": HISTORY},
        "receipts",
        "supplier_events",
    )
    holds(
        frames,
        "receipts",
        """
        receipt_id             | po_line_id    | quantity_received | posting_kind | happened_at | known_at
        5000000001-2026-0001   | 4500000001-10 | 168               | receipt      | 2026-03-05  | 2026-03-05 13:32:43
        5000000002-2026-0001   | 4500000001-10 | -168              | reversal     | 2026-03-05  | 2026-03-05 16:32:43
        5000000003-2026-0001   | 4500000001-10 | 492               | receipt      | 2026-03-05  | 2026-03-06 07:32:43
        5000000004-2026-0001   | 4500000001-10 | -60               | return       | 2026-03-07  | 2026-03-07 10:25:56
        5000000005-2026-0001   | 4500000001-10 | 12                |              | 2026-03-08  | 2026-03-08 10:25:56
        5000000006-2026-0001   | 4500000001-10 | -24               | return       | 2026-03-09  | 2026-03-09 10:25:56
        5000000007-2026-0001-1 | 4500000001-10 | 12                | receipt      | 2026-03-09  | 2026-03-09 10:25:56
        5000000009-2026-0001   | 4500000001-10 | 108               | receipt      | 2026-03-11  | 2026-03-11 23:59:59
        5000000010-2026-0001   | 4500000099-10 |                   | receipt      | 2026-03-12  | 2026-03-13 07:14:03
        """,
    )
    holds(
        frames,
        "supplier_events",
        """
        event_id                   | event_kind    | event_quantity | happened_at | known_at
        entry-1000000001-2026-0001 | service_entry | 36             | 2026-03-12  | 2026-03-13 07:14:03
        """,
    )


def test_what_the_history_says_about_completion_goes_before_the_item(load, holds):
    history = """
        EBELN      | EBELP | GJAHR | BELNR      | BUZEI | BEWTP | BWART | BUDAT    | MENGE  | SHKZG | ELIKZ
        4500000001 | 00010 | 2026  | 5000000001 | 0001  | E     | 101   | 20260305 | 14,000 | S     | X
        4500000001 | 00010 | 2026  | 5000000002 | 0001  | E     | 101   | 20260306 | 1,000  | S     |
        4500000001 | 00020 | 2026  | 5000000003 | 0001  | E     | 101   | 20260305 | 14,000 | S     |
        4500000001 | 00020 | 2026  | 5000000004 | 0001  | E     | 101   | 20260306 | 1,000  | S     |
        4500000001 | 00020 | 2026  | 5000000005 | 0001  | E     | 122   | 20260307 | 1,000  | H     |
    """
    items = lines(line(ELIKZ="X"), line(EBELP="00020", ELIKZ="X"))
    frames = load(SITE, {"EKKO": ORDERS, "EKPO": items, "EKBE": history}, "receipts")
    holds(
        frames,
        "receipts",
        """
        receipt_id           | final
        5000000001-2026-0001 | yes
        5000000002-2026-0001 | no
        5000000003-2026-0001 | no
        5000000004-2026-0001 | yes
        5000000005-2026-0001 | no
        """,
    )


def test_an_export_of_another_company_reads_with_its_own_marks(load, holds):
    """Days, marks, language and plants are those of the site; UMREZ and BSTYP were not exported."""
    site = """
        extends = "sap"
        site = "US1"
        time_zone = "America/Chicago"
        encoding = "utf-8"
        delimiter = "|"
        decimal = "."
        thousands = ","
        formats = ["%m/%d/%Y", "%m/%d/%Y %H:%M:%S"]
    """
    tables = {
        "EKKO": "EBELN;LIFNR;WAERS;BEDAT\n4700000001;V-ACME;USD;03/01/2026",
        "EKPO": "EBELN;EBELP;MATNR;WERKS;MENGE;MEINS;NETPR;PEINH\n"
        "4700000001;00010;BOLT-7;US01;1,200.000;CAR;1,440.00;100",
        "MARA": "MATNR;MEINS\nBOLT-7;EA",
        "MARM": "MATNR;MEINH;UMREZ;UMREN\nBOLT-7;CAR;24;1",
    }
    frames = load(
        site, {name: text.replace(";", " | ") for name, text in tables.items()}, "purchase_orders"
    )
    holds(
        frames,
        "purchase_orders",
        """
        po_line_id    | site_id | supplier_id | item_id | quantity_ordered | po_unit_price | happened_at
        4700000001-10 | US01    | V-ACME      | BOLT-7  | 28800            | 0.6           | 2026-03-01
        """,
        zone="America/Chicago",
    )
