"""What a clerk finds on an invoice line, kind by kind, each with its sibling beyond the limit."""

import pytest

from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from serving.policy.sections import Level
from tests.support.invoice_lines import TASK, codes, earlier, found, line, ordered, receipt
from tests.support.synthetic_recommendations import ASKED_AT, POLICY, example_fields

KILOS = {"base_unit": "KG", "order_unit": "KG", "invoice_unit": "KG"}
PRICES = [
    (line(), []),
    (line(price=4.284), []),  # exactly 2 % is allowed
    (line(price=4.285), ["PRICE_VARIANCE"]),
    (line(price=3.99), []),  # exactly 5 % below
    (line(price=3.98), ["PRICE_VARIANCE"]),
    # Below needs the amount as above does: 1.60 and 2.40 on the line.
    (line(4, 1.2) | ordered(4, 1.6), []),
    (line(6, 1.2) | ordered(6, 1.6), ["PRICE_VARIANCE"]),
    # A price that is printed rounded: the amount is what is owed.
    (line(1000, 0.06, 55.8) | ordered(1000, 0.0558), []),
    (line(1000, 0.06, 58.9) | ordered(1000, 0.0558), ["PRICE_VARIANCE"]),
    (line(1000, 55.8, 55.8, price_base_quantity=1000) | ordered(1000, 0.0558), []),
    (
        line(1000, 60.0, 60.0, price_base_quantity=1000) | ordered(1000, 0.0558),
        ["PRICE_VARIANCE"],
    ),
    # Without a printed price the amount gives it.
    (line(price=None, amount=420.0), []),
    (line(price=None, amount=4200.0), ["PRICE_VARIANCE"]),
    # An order without a price has one by its value.
    (line(po_unit_price=None), []),
    (line(po_unit_price=None, line_value=42.0), ["PRICE_VARIANCE"]),
]
ARITHMETIC = [
    (line(3, 6.3333, 19.0) | ordered(3, 6.3333), []),
    (line(amount=419.0), ["LINE_ARITHMETIC"]),
    (line(amount=425.0, charge_amount=5.0), []),
    (line(amount=425.0, charge_amount=6.0), ["LINE_ARITHMETIC"]),
    (line(amount=4200.0), ["LINE_ARITHMETIC", "PRICE_VARIANCE"]),
    (line(-100, 4.2, 420.0), ["LINE_ARITHMETIC"]),
    (line(amount=420.02), []),  # two cents of rounding
    (line(amount=420.03), []),  # the price may be a rounded one
    (line(5000, 1.2, 6002.0) | ordered(5000, 1.2), []),
    # The price is the order's own, and the order has it exactly: nothing was rounded away.
    (line(5000, 1.2, 6002.01) | ordered(5000, 1.2), ["LINE_ARITHMETIC"]),
    (line(5000, 1.21, 6052.01) | ordered(5000, 1.2), []),
    (line(3, 1.2, 3.62) | ordered(3, 1.2), []),
    (line(3, 1.2, 3.63) | ordered(3, 1.2), ["LINE_ARITHMETIC"]),
    # An allowance brings the price to what was agreed, and one that does not.
    (line(price=4.41, amount=420.0, charge_amount=-21.0), []),
    (line(price=4.41, amount=435.0, charge_amount=-6.0), ["PRICE_VARIANCE"]),
    (line(0, None, 420.0), ["LINE_ARITHMETIC"]),
    (line(0, None, 0.0), []),
]
PRICE_BASES = [
    (line(price=420.0, amount=420.0), ["PRICE_BASE"]),
    (line(price=4200.0, amount=420.0), ["PRICE_BASE"]),
    (line(price=420.0, amount=420.0, price_base_quantity=100), []),
    (line(price=4.2, amount=420.0, price_base_quantity=100), ["PRICE_BASE"]),
    (line(price=50.4, amount=420.0), ["PRICE_BASE"]),  # by the dozen
    (line(price=105.0, amount=420.0, pack_size=25), ["PRICE_BASE"]),
    (line(price=105.0, amount=420.0), ["LINE_ARITHMETIC"]),
    (line(price=420.0, amount=428.4), ["LINE_ARITHMETIC"]),
    # The order's price is for 100 too, its value says so.
    (line(price=420.0, amount=420.0, po_unit_price=420.0), ["PRICE_BASE", "ORDER_ARITHMETIC"]),
    (line(price=430.0, amount=430.0), ["LINE_ARITHMETIC", "PRICE_VARIANCE"]),
    (line(price=420.0, amount=420.0, po_unit_price=None, line_value=None), ["PRICE_BASE"]),
    (line(price=42.0, amount=420.0, po_unit_price=None, line_value=None), ["LINE_ARITHMETIC"]),
]
ORDERS = [
    (line(line_value=42.0), ["ORDER_ARITHMETIC"]),
    (line(line_value=428.4), []),
    (line(line_value=429.0), ["ORDER_ARITHMETIC"]),
    (line(line_value=420.0, po_unit_price=42.0), ["ORDER_ARITHMETIC"]),
    (line(line_value=420.0, po_unit_price=0.42), ["ORDER_ARITHMETIC", "PRICE_VARIANCE"]),
    (line(line_value=300.0, po_unit_price=42.0), ["ORDER_ARITHMETIC", "PRICE_VARIANCE"]),
    # The order's price is rounded, its value is not.
    (line(1000, 0.0374, 37.4) | ordered(1000, 0.04, line_value=37.4), []),
    (line(1000, 0.0334, 33.4) | ordered(1000, 0.04, line_value=37.4), ["PRICE_VARIANCE"]),
    (line(1000, 0.04, 37.4) | ordered(1000, 0.04, line_value=37.4), []),
    (line(1000, 0.05, 50.0) | ordered(1000, 0.04, line_value=37.4), ["PRICE_VARIANCE"]),
    (line(po_unit_price=None, line_value=0.0), ["PRICE_VARIANCE"]),  # free of charge
    (line(po_unit_price=None, line_value=None), []),
]
ZERO = [
    (line(price=0.0) | ordered(100, 0.0), []),
    (line() | ordered(100, 0.0), ["PRICE_VARIANCE"]),
    (line() | ordered(0, 4.2, receipts=[receipt(100)]), ["QTY_OVER_ORDERED"]),
    (
        line() | ordered(0, 0.0, receipts=[receipt(100)]),
        ["PRICE_VARIANCE", "QTY_OVER_ORDERED"],
    ),
]
QUANTITIES = [
    (line(0.2, 50.0) | KILOS | ordered(0.3, 50.0, earlier_invoices=[earlier("9", 5.0, 0.1)]), []),
    (
        line(0.21, 50.0) | KILOS | ordered(0.3, 50.0, earlier_invoices=[earlier("9", 5.0, 0.1)]),
        ["QTY_OVER_ORDERED", "QTY_OVER_RECEIVED"],
    ),
    (line(receipts=[]), ["NO_RECEIPT"]),
    (line(receipts=[receipt(80)]), ["QTY_OVER_RECEIVED"]),
    (line(receipts=[receipt(100), receipt(-100)]), ["QTY_OVER_RECEIVED"]),  # sent back
    (line(receipts=[receipt(100), receipt(-100, posting_kind="reversal")]), ["NO_RECEIPT"]),
    (line(receipts=[receipt(100, 5)]), ["QUALITY_HOLD"]),
    (line(quantity_ordered=90, line_value=378.0), ["QTY_OVER_ORDERED"]),
    (line(line_state="cancelled"), ["PO_REFERENCE"]),
]
UNITS = [
    (line(invoice_unit="C62"), []),
    (line(invoice_unit="pcs", base_unit="H87"), []),
    (line(order_unit="CS", pack_size=10), []),
    (line(5, 50.4, invoice_unit="DZN", pack_size=6) | ordered(60, 4.2), []),
    (
        line(6, 50.4, invoice_unit="DZN", pack_size=6) | ordered(60, 4.2),
        ["QTY_OVER_ORDERED", "QTY_OVER_RECEIVED"],
    ),
    (line(1000, 0.0042, 4.2, invoice_unit="GRM", base_unit="KGM") | ordered(1, 4.2), []),
    (line(10, 42.0, invoice_unit="CS", pack_size=10), []),
    (
        line(11, 42.0, invoice_unit="cs", pack_size=10),
        ["QTY_OVER_ORDERED", "QTY_OVER_RECEIVED"],
    ),
    (
        line(
            2,
            210.0,
            invoice_unit="PX",
            pack_size=10,
            item_units=[
                {"unit": "XPX", "base_units": 50.0, "known_at": "2026-01-01T00:00:00Z"},
            ],
        ),
        [],
    ),
    # Nobody knows what one holds: nothing is multiplied.
    (line(invoice_unit="BLOB", pack_size=10), ["NOT_COMPUTED"]),
    (line(10, 42.0, invoice_unit="BLOB", pack_size=10), ["NOT_COMPUTED"]),
    (line(10, 50.0, invoice_unit="BLOB", pack_size=10), ["UNIT_OF_MEASURE", "NOT_COMPUTED"]),
    (line(10, 42.0, invoice_unit="CS"), ["NOT_COMPUTED"]),
    (line(invoice_unit="SET", pack_size=10), ["NOT_COMPUTED"]),  # no usual pack
    (line(90, 4.8, invoice_unit="KGM"), ["UNIT_OF_MEASURE", "NOT_COMPUTED"]),
    # A case billed as a piece, and a piece as a case.
    (line(10, 42.0, pack_size=10), ["UNIT_OF_MEASURE"]),
    (line(100, 4.2, invoice_unit="CS", pack_size=10), ["UNIT_OF_MEASURE"]),
    (line(100, 42.0, pack_size=10), ["PRICE_VARIANCE"]),  # 100 ordered: no cases
]
CREDITS = [
    (line(-100, earlier_invoices=[earlier("7", 420.0, 100)]), ["QTY_OVER_RECEIVED"]),
    (
        line(
            -100,
            receipts=[receipt(100), receipt(-100)],
            earlier_invoices=[earlier("7", 420.0, 100)],
        ),
        [],
    ),
    (
        line(
            -12, receipts=[receipt(100), receipt(-12)], earlier_invoices=[earlier("7", 420.0, 100)]
        ),
        [],
    ),
    (
        line(
            -13, receipts=[receipt(100), receipt(-12)], earlier_invoices=[earlier("7", 420.0, 100)]
        ),
        ["QTY_OVER_RECEIVED"],
    ),
    # Billed 100, received 88: the credit note of the rest, and one too many.
    (line(-12, receipts=[receipt(88)], earlier_invoices=[earlier("7", 420.0, 100)]), []),
    (
        line(-13, receipts=[receipt(88)], earlier_invoices=[earlier("7", 420.0, 100)]),
        ["QTY_OVER_RECEIVED"],
    ),
    (
        line(-40, receipts=[receipt(100), receipt(-40)], earlier_invoices=[earlier("7", 84.0, 20)]),
        ["QTY_OVER_ORDERED"],
    ),
    (line(0, None, -20.0, earlier_invoices=[earlier("7", 440.0, 100)]), []),  # of the price
]
KINDS = [
    (line(receipts=[], line_type="two_way"), []),
    (line(receipts=[], line_type="2-way match"), []),
    (line(receipts=[], order_type="consignment"), []),
    (line(receipts=[], line_type="service"), []),
    (line(receipts=[], document_type="prepayment"), []),
    (line(1, 421.0, document_type="prepayment", receipts=[]), ["PRICE_VARIANCE"]),
    (line(0, None, 20.0, document_type="subsequent_debit"), []),
    (line(0, None, 21.0, document_type="delivery_cost", receipts=[]), []),
    (line(0, None, 21.1, document_type="delivery_cost", receipts=[]), ["FREIGHT_CHARGES"]),
    (line(101, line_type="two_way", receipts=[]), ["QTY_OVER_ORDERED"]),
]
CHARGES = [
    (line(tax_amount=79.8), []),
    (line(tax_amount=80.8), []),  # 1.00 is allowed
    (line(tax_amount=80.81), ["TAX_VARIANCE"]),
    (line(freight_amount=20.0, tax_amount=83.6), []),
    (line(freight_amount=20.0, tax_amount=79.8), ["TAX_VARIANCE"]),
    (line(freight_amount=20.0, tax_amount=79.8, tax_jurisdiction="US-CA"), []),
    (line(freight_amount=20.0, tax_amount=83.6, tax_jurisdiction="US-CA"), ["TAX_VARIANCE"]),
    (line(freight_amount=21.0), []),
    (line(freight_amount=21.1), ["FREIGHT_CHARGES"]),
    (line(document_at="2026-01-30T00:00:00Z"), []),  # 30 days before 1 March
    (line(document_at="2026-01-29T00:00:00Z"), ["DATE_VARIANCE"]),
]


def in_currency(code, quantity, price, **more):
    return line(quantity, price, currency=code, po_currency=code) | ordered(quantity, price) | more


MONEY = [
    (line(currency="eur"), []),
    (line(po_currency="USD"), ["CURRENCY_RATE"]),
    (in_currency("EUR", 100, 500.0), []),  # the limit itself
    (in_currency("EUR", 100, 500.01), ["AMOUNT_LIMIT"]),
    (in_currency("JPY", 100, 700.0), []),
    (in_currency("GBP", 100, 480.0), ["AMOUNT_LIMIT"]),
    (in_currency("GBP", 100, 480.0, exchange_rate=1.0), []),
    (in_currency("QQQ", 100, 480.0), ["NOT_COMPUTED"]),
    (in_currency("QQQ", 100, 480.0, exchange_rate=2.0), ["AMOUNT_LIMIT"]),
    (in_currency("JPY", 100, 700.0, tax_amount=13_304.0), []),  # 4 yen
    (in_currency("JPY", 100, 700.0, tax_amount=13_500.0), ["TAX_VARIANCE"]),
    (in_currency("KWD", 10, 1.0, tax_amount=2.2), []),
    (in_currency("KWD", 10, 1.0, tax_amount=2.3), ["TAX_VARIANCE"]),
]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        *PRICES,
        *ARITHMETIC,
        *PRICE_BASES,
        *ORDERS,
        *ZERO,
        *QUANTITIES,
        *UNITS,
        *CREDITS,
        *KINDS,
        *CHARGES,
        *MONEY,
    ],
)
def test_an_invoice_line_has_the_findings_of_a_clerk(changes, expected):
    assert codes(**changes) == expected


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            line(1000, 0.04, 40.0) | ordered(1000, 0.0374),
            (
                "The price of 0.04 is 7.0% above the order's 0.0374, 2.60 EUR on the line; "
                "2.0% is allowed."
            ),
        ),
        (
            line() | ordered(100, 0.0),
            "Ordered free of charge, 420.00 EUR is charged.",
        ),
        (
            line(earlier_invoices=[earlier("2026/417")]),
            "Probable duplicate of 2026/417, booked 4 Mar: same number and amount.",
        ),
        (
            in_currency("GBP", 100, 480.0),
            "The line of 48,000.00 GBP (56,160.00 EUR) is above the limit of 50,000.00 EUR.",
        ),
        (
            line(receipts=[receipt(100), receipt(-100)]),
            "100 invoiced, 0 received (100 returned): 100 too many.",
        ),
        (
            line(freight_amount=20.0, tax_amount=79.8),
            (
                "Tax of 79.80 EUR charged; 19% of the line with freight is 83.60 EUR, "
                "3.80 EUR too little."
            ),
        ),
        (
            line(10, 42.0, pack_size=10),
            "The unit EA does not fit: price and quantity are those of packs of 10.",
        ),
        (
            line(100, 4.2, invoice_unit="CS", pack_size=10),
            (
                "The unit CS does not fit: price and quantity are those of single units, not of "
                "packs of 10."
            ),
        ),
        (
            line(amount=4200.0),
            (
                "The line does not add up: 100 at 4.20 make 420.00 EUR, the amount is 4,200.00 EUR, "
                "3,780.00 EUR more."
            ),
        ),
        (
            line(amount=499.8, tax_amount=79.8),
            (
                "The line does not add up: 100 at 4.20 make 420.00 EUR, the amount is 499.80 EUR, "
                "79.80 EUR more, which is the tax."
            ),
        ),
        (
            line(0, None, 420.0),
            "The line does not add up: no quantity is invoiced, the amount is 420.00 EUR.",
        ),
        (
            line(price=420.0, amount=420.0),
            (
                "The price of 420.00 seems to be for 100: 100 x 420.00 / 100 make the amount of "
                "420.00 EUR."
            ),
        ),
        (
            line(line_value=42.0),
            (
                "The order does not add up: 100 at 4.20 make 420.00 EUR, its value is 42.00 EUR; "
                "the invoice agrees with the price."
            ),
        ),
        (
            line(po_unit_price=42.0),
            (
                "The order does not add up: 100 at 42.00 make 4,200.00 EUR, its value is "
                "420.00 EUR; the invoice agrees with the value."
            ),
        ),
    ],
)
def test_a_finding_reads_as_a_clerk_would_say_it(changes, sentence):
    assert sentence in [finding.sentence for finding in found(**changes)]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"po_unit_price": 5e-324}, "PRICE_VARIANCE"),
        (line(quantity_ordered=5e-324), "QTY_OVER_ORDERED"),
        (line(receipts=[receipt(5e-324)]), "QTY_OVER_RECEIVED"),
    ],
)
def test_ratios_to_a_tiny_amount_stay_finite(changes, code):
    by_code = {finding.code: finding for finding in found(**changes)}
    assert 1e14 < by_code[code].measured <= 1e15


@pytest.mark.parametrize(
    ("changes", "amount", "formula"),
    [
        (line(price=4.62), 42.0, "price difference x quantity"),
        (line(quantity_ordered=90), 42.0, "excess quantity x price"),
        (line(tax_amount=84.0), 4.2, "tax difference"),
        (line(earlier_invoices=[earlier()]), 420.0, "net amount of the invoice line"),
        (line(receipts=[]), 420.0, "net amount of the invoice line"),
        (line(), 420.0, "net amount of the invoice line"),
        (
            line(price=4.62, tax_amount=97.78),
            52.0,
            "price difference x quantity + tax difference",
        ),
    ],
)
def test_money_at_risk_is_the_part_that_is_disputed(changes, amount, formula):
    case = example_fields(INVOICE_MISMATCH.name, **changes)
    findings = TASK.rules(case, POLICY, ASKED_AT)
    assert TASK.amount_at_risk(case, findings) == (pytest.approx(amount), formula)


@pytest.mark.parametrize(
    ("changes", "code", "level"),
    [
        (line(earlier_invoices=[earlier()]), "DUPLICATE", Level.ACT),
        (line(amount=4200.0), "LINE_ARITHMETIC", Level.ACT),
        (line(amount=4200.0, earlier_invoices=[earlier(amount=4200.0)]), "DUPLICATE", Level.ACT),
        (line(price=4.62), "PRICE_VARIANCE", None),
        (line(price=4.62, line_value=42.0), "PRICE_VARIANCE", None),
    ],
)
def test_what_a_rule_computed_leads_whatever_the_model_says(changes, code, level):
    case = example_fields(INVOICE_MISMATCH.name, **changes)
    evidence = TASK.evidence(case, TASK.rules(case, POLICY, ASKED_AT), ASKED_AT, POLICY)
    assert (evidence.codes[0], evidence.level) == (code, level)


@pytest.mark.parametrize("changes", [line(price=420.0, amount=420.0), line(line_value=42.0)])
def test_what_only_informs_leads_nothing(changes):
    case = example_fields(INVOICE_MISMATCH.name, **changes)
    findings = TASK.rules(case, POLICY, ASKED_AT)
    assert [finding.flags for finding in findings] == [False]
    assert TASK.evidence(case, findings, ASKED_AT, POLICY) is None


def test_where_no_rule_found_anything_it_is_for_the_model():
    case = example_fields(INVOICE_MISMATCH.name, **line())
    findings = TASK.rules(case, POLICY, ASKED_AT)
    assert findings == []
    assert TASK.evidence(case, findings, ASKED_AT, POLICY) is None
