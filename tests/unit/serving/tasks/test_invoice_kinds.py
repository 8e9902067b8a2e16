"""Kinds of invoice documents and how they are settled, each beside its sibling beyond the limit."""

import pytest

from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from serving.policy.sections import Level
from tests.support.invoice_lines import TASK, codes, earlier, found, line, ordered, receipt
from tests.support.synthetic_recommendations import ASKED_AT, POLICY, example_fields

CREDIT = {"document_type": "credit_note"}
PREPAID = {"document_type": "prepayment"}
BILLED = earlier("7", 420.0, 100)


def returned(quantity):
    return {"receipts": [receipt(100), receipt(-quantity)], "earlier_invoices": [BILLED]}


CREDIT_NOTES = [
    # The source writes amounts of credit notes above zero.
    (line(12, **CREDIT, **returned(12)), []),
    (line(13, **CREDIT, **returned(12)), ["QTY_OVER_RECEIVED"]),
    (line(12, 4.5, 50.4, charge_amount=-3.6, **CREDIT, **returned(12)), []),  # with its allowance
    (line(12, tax_amount=9.58, **CREDIT, **returned(12)), []),
    (line(12, earlier_invoices=[BILLED, earlier("8", 50.4, 12, **CREDIT)]), []),
    (
        line(13, earlier_invoices=[BILLED, earlier("8", 50.4, 12, **CREDIT)]),
        ["QTY_OVER_ORDERED", "QTY_OVER_RECEIVED"],
    ),
    (line(-12, 4.2, 50.4, **CREDIT, **returned(12)), ["LINE_ARITHMETIC"]),
    (line(12, -4.2, -50.4, **returned(12)), ["LINE_ARITHMETIC"]),
    # What was charged above the order's price is given back, on all pieces.
    (line(-100, 0.3, **CREDIT, earlier_invoices=[earlier("7", 450.0, 100)]), []),
    (
        line(-100, 0.31, **CREDIT, earlier_invoices=[earlier("7", 450.0, 100)]),
        ["PRICE_VARIANCE"],
    ),
]
REVERSALS = [
    (line(-100, earlier_invoices=[earlier("2026-00417", 420.0, 100)]), []),
    (line(-99, earlier_invoices=[earlier("2026-00417", 420.0, 100)]), ["QTY_OVER_RECEIVED"]),
    # It was reversed before.
    (
        line(
            -100,
            earlier_invoices=[
                earlier("2026-00417", 420.0, 100),
                earlier("2026-00417", -420.0, -100, known_at="2026-03-05T00:00:00Z"),
            ],
        ),
        ["QTY_OVER_RECEIVED"],
    ),
    (line(-20_000, reverses_line_id="x", earlier_invoices=[]), []),  # above the limit of a line
    (
        line(-20_000, **CREDIT, receipts=[receipt(20_000), receipt(-20_000)]),
        ["AMOUNT_LIMIT"],
    ),
]
PREPAYMENTS = [
    (line(1, 210.0, **PREPAID, earlier_invoices=[earlier("1", 210.0, **PREPAID)]), []),
    (
        line(1, 211.0, **PREPAID, earlier_invoices=[earlier("1", 210.0, **PREPAID)]),
        ["PRICE_VARIANCE"],
    ),
    (line(earlier_invoices=[earlier("1", 126.0, **PREPAID)]), []),
    (line(amount=294.0, earlier_invoices=[earlier("1", 126.0, **PREPAID)]), []),  # less prepaid
    (
        line(amount=293.0, earlier_invoices=[earlier("1", 126.0, **PREPAID)]),
        ["LINE_ARITHMETIC", "PRICE_VARIANCE"],
    ),
    (line(-1, 126.0, earlier_invoices=[earlier("1", 126.0, **PREPAID)]), []),  # settled
    (
        line(-1, 127.0, earlier_invoices=[earlier("1", 126.0, **PREPAID)]),
        ["PRICE_VARIANCE", "QTY_OVER_RECEIVED"],
    ),
]
DEBIT = {"document_type": "subsequent_debit"}
DEBITS = [
    (line(0, None, 20.0, **DEBIT, earlier_invoices=[earlier("7", 400.0, 100)]), []),
    (line(0, None, 28.4, **DEBIT, earlier_invoices=[earlier("7", 400.0, 100)]), []),
    (
        line(0, None, 28.41, **DEBIT, earlier_invoices=[earlier("7", 400.0, 100)]),
        ["PRICE_VARIANCE"],
    ),
]


def entry(quantity, **more):
    clocks = {"happened_at": "2026-03-01T10:00:00Z", "known_at": "2026-03-01T10:00:00Z"}
    return {"event_kind": "service_entry", "event_quantity": quantity} | clocks | more


SERVICE = {"line_type": "service", "receipts": []}
SERVICES = [
    (line(12, **SERVICE, events=[entry(12)]), []),
    (line(13, **SERVICE, events=[entry(12)]), ["QTY_OVER_RECEIVED"]),
    (line(12, **SERVICE, events=[entry(6), entry(6, happened_at="2026-03-02T10:00:00Z")]), []),
    (line(12, **SERVICE, events=[entry(6), entry(6)]), ["QTY_OVER_RECEIVED"]),  # sent again
    (line(12, **SERVICE, events=[entry(None)]), []),
    (line(12, **SERVICE | {"receipts": [receipt(10)]}), ["QTY_OVER_RECEIVED"]),
    (line(12, line_type="two_way", receipts=[receipt(10)]), []),
]
CHARGES = [
    (line(amount=441.0, charge_amount=21.0), []),
    (line(amount=441.1, charge_amount=21.1), ["FREIGHT_CHARGES"]),
    (line(amount=430.0, charge_amount=10.0, freight_amount=11.0), []),
    (line(amount=430.0, charge_amount=10.0, freight_amount=11.1), ["FREIGHT_CHARGES"]),
    (line(document_at="2026-03-11T00:00:00Z"), []),  # tomorrow, in the supplier's time zone
    (line(document_at="2026-03-12T00:00:00Z"), ["DATE_VARIANCE"]),
    (line(amount=499.8, tax_amount=79.8), ["LINE_ARITHMETIC", "PRICE_VARIANCE"]),
    (line(amount=499.8, tax_amount=77.0), ["LINE_ARITHMETIC", "PRICE_VARIANCE", "TAX_VARIANCE"]),
]
NOTHING_KNOWN = dict.fromkeys(
    ("quantity_ordered", "po_unit_price", "line_value", "ordered_at", "promised_at")
)
REFERENCES = [
    (line(receipts=[], **NOTHING_KNOWN), ["PO_REFERENCE"]),
    (line(receipts=[], **NOTHING_KNOWN | {"quantity_ordered": 100}), ["NO_RECEIPT"]),
    (line(po_line_id=None), ["PO_REFERENCE"]),
]
KILOS = {"base_unit": "KGM", "order_unit": "KGM"} | ordered(100, 4.2)
CASES_OF_SIX = {
    "base_unit": "CS",
    "order_unit": "CS",
    "item_units": [{"unit": "EA", "base_units": 0.166667, "known_at": "2026-01-01T00:00:00Z"}],
} | ordered(11, 25.2)
CONVERSIONS = [
    (line(220.46, 1.9051, invoice_unit="LBR") | KILOS, []),
    (line(220.5, 1.9051, invoice_unit="lbs") | KILOS, []),  # 220.462 to one digit
    (
        line(220.6, 1.9051, invoice_unit="LBR") | KILOS,
        ["QTY_OVER_ORDERED", "QTY_OVER_RECEIVED"],
    ),
    (line(66, 4.2, invoice_unit="EA") | CASES_OF_SIX, []),
    (
        line(67, 4.2, invoice_unit="EA") | CASES_OF_SIX,
        ["QTY_OVER_ORDERED", "QTY_OVER_RECEIVED"],
    ),
    # Packs that no table states, seen by price, order and receipts; and a price that doubled.
    (line(20, 21.0), ["UNIT_OF_MEASURE"]),
    (line(20, 21.0, receipts=[receipt(20)]), ["PRICE_VARIANCE"]),
    (line(19, 21.0), ["PRICE_VARIANCE"]),
    (line(1, 420.0, invoice_unit="PAL", pack_size=10), ["NOT_COMPUTED"]),  # of many packs
]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        *CREDIT_NOTES,
        *REVERSALS,
        *PREPAYMENTS,
        *DEBITS,
        *SERVICES,
        *CHARGES,
        *REFERENCES,
        *CONVERSIONS,
    ],
)
def test_a_document_of_its_kind_has_the_findings_of_a_clerk(changes, expected):
    assert codes(**changes) == expected


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            line(1, 211.0, **PREPAID, earlier_invoices=[earlier("1", 210.0, **PREPAID)]),
            "With this prepayment the 421.00 EUR prepaid are above the order line's 420.00 EUR.",
        ),
        (
            line(0, None, 40.0, **DEBIT, earlier_invoices=[earlier("7", 400.0, 100)]),
            (
                "With this debit 440.00 EUR are invoiced on the order line of 420.00 EUR, "
                "20.00 EUR more; 2.0% is allowed."
            ),
        ),
        (
            line(-100, 0.31, **CREDIT, earlier_invoices=[earlier("7", 450.0, 100)]),
            "31.00 EUR credited for the price, 30.00 EUR were charged above the order's.",
        ),
        (
            line(amount=411.6),
            (
                "The line does not add up: 100 at 4.20 make 420.00 EUR, the amount is 411.60 EUR, "
                "8.40 EUR less, as with a discount of 2% that is not stated."
            ),
        ),
        (
            line(price=4.998, amount=420.0, tax_amount=79.8),
            (
                "The line does not add up: 100 at 4.998 make 499.80 EUR, the amount is 420.00 EUR, "
                "79.80 EUR less, as if the price had the tax in it."
            ),
        ),
        (
            line(0.083, 110.0, 9.17) | ordered(1, 110.0),
            (
                "The line does not add up: 0.083 at 110.00 make 9.13 EUR, the amount is 9.17 EUR, "
                "0.04 EUR more."
            ),
        ),
        (
            line(amount=412.0),
            (
                "The line does not add up: 100 at 4.20 make 420.00 EUR, the amount is 412.00 EUR, "
                "8.00 EUR less."
            ),
        ),
        (line(13, **SERVICE, events=[entry(12)]), "13 invoiced, 12 confirmed: 8.3% more."),
        (
            line(6, 50.4, invoice_unit="DZN") | ordered(60, 4.2),
            "72 invoiced (6 DZN here), 60 ordered: 20.0% more.",
        ),
        (
            line(100_000.3, 0.01) | ordered(100_000, 0.01),
            "100,000.3 invoiced, 100,000 ordered: 0.3 too many.",
        ),
        (line(receipts=[]), "No goods receipt is posted for the order line, promised for 1 Mar."),
        (
            line(line_state="cancelled", state_known_at="2026-03-02T00:00:00Z"),
            "Order line po-5521-2 was cancelled on 2 Mar; 100 received nevertheless.",
        ),
        (
            line(12, tax_amount=19.58, **CREDIT, **returned(12)),
            ("Tax of 19.58 EUR credited; 19% of the line is 9.58 EUR, 10.00 EUR too much."),
        ),
        (
            line(tax_amount=50.0, tax_rate_expected=0.08875),
            "Tax of 50.00 EUR charged; 8.875% of the line is 37.28 EUR, 12.72 EUR too much.",
        ),
        (
            line(po_line_id=None),
            "The line names order po-5521 but none of its lines, so nothing can be matched.",
        ),
    ],
)
def test_a_finding_of_a_document_reads_as_a_clerk_would_say_it(changes, sentence):
    assert sentence in [finding.sentence for finding in found(**changes)]


def test_quantities_beyond_any_sense_are_compared_too():
    most = {"quantity_invoiced": 1e12, "invoice_unit": "CS", "pack_size": 1e12}
    assert "QTY_OVER_ORDERED" in codes(**line() | most)


@pytest.mark.parametrize(
    ("changes", "suggestion", "level"),
    [
        (line(price=3.5), "nothing is paid too much", None),
        (line(price=4.62), "agree a credit note or amend the order", None),
        (line(receipts=[receipt(100), receipt(-8)]), "credit note over the goods", None),
        (line(receipts=[receipt(92)]), "whether goods arrived", None),
        (line(-12, receipts=[receipt(100)], earlier_invoices=[BILLED]), "return is posted", None),
        (line(13, **SERVICE, events=[entry(12)]), "was rendered", None),
        (line(1, 500.0, **PREPAID), "Hold the prepayment", None),
        (line(0, None, 500.0, **DEBIT), "later charge was agreed", None),
        (line(-12, 3.0, **CREDIT, **returned(12)), "invoice that it corrects", None),
        (line(amount=450.0, charge_amount=30.0), "charge was agreed", None),
        (line(document_at="2026-05-01T00:00:00Z"), "right date", None),
        (line(line_state="cancelled"), "return the goods", Level.ACT),
        (line(line_state="cancelled", receipts=[]), "send the invoice back", Level.ACT),
    ],
)
def test_what_is_suggested_follows_the_facts(changes, suggestion, level):
    case = example_fields(INVOICE_MISMATCH.name, **changes)
    evidence = TASK.evidence(case, TASK.rules(case, POLICY, ASKED_AT), ASKED_AT, POLICY)
    assert (suggestion in evidence.suggestion, evidence.level) == (True, level)


@pytest.mark.parametrize(
    ("changes", "amount", "formula"),
    [
        (line(1, 500.0, **PREPAID), 80.0, "amount above the order"),
        (
            line(-100, 0.31, **CREDIT, earlier_invoices=[earlier("7", 450.0, 100)]),
            1.0,
            "credit above the excess",
        ),
        (line(10, receipts=[receipt(100, 30)]), 42.0, "damaged quantity x price"),
        (line(20, **CREDIT, **returned(12)), 33.6, "excess quantity x price"),
    ],
)
def test_money_at_risk_of_a_document_is_what_is_disputed(changes, amount, formula):
    case = example_fields(INVOICE_MISMATCH.name, **changes)
    findings = TASK.rules(case, POLICY, ASKED_AT)
    assert TASK.amount_at_risk(case, findings) == (pytest.approx(amount), formula)
