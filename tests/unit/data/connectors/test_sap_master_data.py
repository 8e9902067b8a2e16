"""Items, suppliers, sites and rates of the SAP connector."""

SITE = """
extends = "sap"
site = "ERP"
time_zone = "Europe/Berlin"
[parameters]
"""

ITEMS = {
    "MARA": """
        MATNR              | MEINS | MATKL | PRDHA    | ERSDA    | BSTME
        000000000000012000 | ST    | SCHL  | 00010002 | 20140101 |
        000000000000012001 | KG    | ELEK  |          | 20140101 | PAL
        A-0012             | ST    | ELEK  |          |          |
    """,
    "MAKT": """
        MATNR              | SPRAS | MAKTX
        000000000000012000 | D     | Schleifscheibe
        000000000000012000 | E     | Grinding disc
        000000000000012001 | F     | Vis
        000000000000012001 | E     | Screw
        A-0012             | P     | Tarcza
    """,
    "MARM": """
        MATNR              | MEINH | UMREZ | UMREN
        000000000000012000 | ST    | 1     | 1
        000000000000012000 | KAR   | 10    | 1
        000000000000012000 | PAL   | 400   | 1
        000000000000012001 | SA    | 25    | 1
        000000000000012001 | PAL   | 1.000 | 1
        000000000000012001 | G     | 1     | 1000
    """,
    "MBEW": """
        MATNR              | BWKEY | BWTAR | VPRSV | STPRS | VERPR | PEINH
        000000000000012000 | 1000  |       | S     | 10,29 | 11,00 | 1
        000000000000012000 | 1100  |       | S     | 12,00 | 11,00 | 1
        000000000000012001 | 1000  |       | V     | 0,00  | 0,00  | 1
        000000000000012001 | 1100  |       | V     | 9,00  | 42,00 | 100
    """,
    "T001K": """
        BWKEY | BUKRS
        1000  | DE01
        1100  | CH01
    """,
    "T001": """
        BUKRS | WAERS
        DE01  | EUR
        CH01  | CHF
    """,
}


def test_items_have_their_name_pack_and_cost(load, holds):
    frames = load(SITE, ITEMS, "items", "item_units")
    holds(
        frames,
        "items",
        """
        item_id | item_name      | category | subcategory | base_unit | pack_size | unit_cost | currency | known_at
        12000   | Schleifscheibe | SCHL     | 00010002    | H87       | 10        | 10.29     | EUR      | 2014-01-01
        12001   | Screw          | ELEK     |             | KG        | 1000      | 0.42      | CHF      | 2014-01-01
        A-0012  | Tarcza         | ELEK     |             | H87       |           |           |          | 2000-01-01
        """,
    )
    holds(
        frames,
        "item_units",
        """
        item_id | unit | base_units
        12000   | H87  | 1
        12000   | XCT  | 10
        12000   | PAL  | 400
        12001   | SA   | 25
        12001   | PAL  | 1000
        12001   | G    | 0.001
        """,
    )


def test_names_are_in_the_language_asked_for(load, holds):
    frames = load(SITE + 'language = "E"\n', ITEMS, "items")
    holds(
        frames,
        "items",
        """
        item_id | item_name
        12000   | Grinding disc
        12001   | Screw
        A-0012  | Tarcza
        """,
    )


SUPPLIERS = {
    "EKKO": "EBELN | LIFNR | WAERS | BEDAT",
    "LFA1": """
        LIFNR      | NAME1             | LAND1 | ERDAT    | STCEG       | STCD1
        0000100200 | Groß & Söhne GmbH | DE    | 20150304 | DE123456789 |
        0000100201 | Acme              | US    | 20150304 |             | 12-3456789
        VENDOR-X   | Kowalski          | PL    | 00000000 |             |
    """,
    "LFB1": """
        LIFNR      | BUKRS | ZTERM
        0000100200 | 1000  | ZB60
        0000100200 | 2000  | Z014
        0000100201 | 1000  | Z030
        VENDOR-X   | 1000  | ????
    """,
}


def test_suppliers_have_their_names_numbers_and_terms(load, holds):
    stated = 'company_code = "1000"\npayment_terms = "ZB60=60 Z014=14"\n'
    terms = {"T052": "ZTERM | ZTAG1 | ZTAG2 | ZTAG3\nZ030 | 10 | 30 | 0\nZB60 | 60 | 0 | 0"}
    frames = load(SITE + stated, SUPPLIERS | terms, "suppliers")
    holds(
        frames,
        "suppliers",
        """
        supplier_id | supplier_name     | country | payment_term | vat_id      | known_at
        100200      | Groß & Söhne GmbH | DE      | 60           | DE123456789 | 2015-03-04
        100201      | Acme              | US      | 30           | 12-3456789  | 2015-03-04
        VENDOR-X    | Kowalski          | PL      |              |             | 2000-01-01
        """,
    )


def test_terms_that_nobody_states_are_not_guessed(load, holds):
    stated = 'company_code = "1000"\npayment_terms = "ZB60=60"\n'
    frames = load(SITE + stated, SUPPLIERS, "suppliers")
    holds(
        frames,
        "suppliers",
        """
        supplier_id | payment_term
        100200      | 60
        100201      |
        VENDOR-X    |
        """,
    )


def test_sites_are_the_plants_in_use(load, holds):
    tables = {
        "T001W": """
            WERKS | NAME1   | LAND1 | REGIO
            1000  | Hamburg | DE    | 02
            1100  | Austin  | US    | TX
            9999  | Unused  | DE    | 02
        """,
        "EKKO": "EBELN | LIFNR | WAERS | BEDAT\n45 | 1 | EUR | 20260301",
        "EKPO": "EBELN | EBELP | MATNR | WERKS | MENGE | MEINS | NETPR | PEINH\n45 | 10 | 1 | 1000 | 1 | ST | 1 | 1",
        "MARD": "MATNR | WERKS | LABST\n1 | 1100 | 1",
    }
    frames = load(SITE, tables, "sites")
    holds(
        frames,
        "sites",
        """
        site_id | site_name | country | region | tax_jurisdiction | time_zone
        1000    | Hamburg   | DE      | DE-02  | DE               | Europe/Berlin
        1100    | Austin    | US      | US-TX  | US-TX            | Europe/Berlin
        """,
    )


def test_rates_are_average_rates_by_the_day_they_begin(load, holds):
    """GDATU counts down from 99999999; a rate below zero is for one unit of the other currency."""
    tables = {
        "TCURR": """
            KURST | FCURR | TCURR | GDATU    | UKURS    | FFACT | TFACT
            M     | USD   | EUR   | 79739698 | 0,92000  | 1     | 1
            M     | PLN   | EUR   | 79739698 | 4,00000- | 1     | 1
            M     | JPY   | EUR   | 79739698 | 0,62000  | 100   | 1
            B     | USD   | EUR   | 79739698 | 0,90000  | 1     | 1
        """,
    }
    frames = load(SITE, tables, "exchange_rates")
    holds(
        frames,
        "exchange_rates",
        """
        currency | reporting_currency | exchange_rate | happened_at
        USD      | EUR                | 0.92          | 2026-03-01
        PLN      | EUR                | 0.25          | 2026-03-01
        JPY      | EUR                | 0.0062        | 2026-03-01
        """,
    )
