"""What a buyer is told of an order line: its state, the days at the site, the supplier's last word."""

import pytest

from models.tasks.supplier_delay import SUPPLIER_DELAY
from serving.policy.policy import Level
from tests.support.synthetic_recommendations import (
    ASKED_AT,
    CATALOGUE,
    POLICY,
    example_fields,
    make_score,
)

DELAY = SUPPLIER_DELAY.name
SERVED = CATALOGUE[DELAY]
# Asked on 10 March 2026 at 8:00 UTC; 60 ordered.
LINE = {
    "quantity_ordered": 60,
    "po_unit_price": 2.5,
    "promised_at": "2026-03-20T00:00:00Z",
    "requested_at": "2026-03-22T00:00:00Z",
    "events": [],
}
OVERDUE = LINE | {"promised_at": "2026-03-05T00:00:00Z", "requested_at": "2026-03-05T00:00:00Z"}


def at(day, hour="09:00"):
    return f"2026-{day}T{hour}:00Z"


def said(kind, day, expected=None, **more):
    row = {"event_kind": kind, "happened_at": at(day), "known_at": at(day)}
    return row | ({"expected_at": at(expected, "00:00")} if expected else {}) | more


def ack(day, status):
    return said("acknowledgement", day, ack_status=status)


def came(quantity, day="03-08", **more):
    return {"quantity_received": quantity, "happened_at": at(day), "known_at": at(day)} | more


def look(**changes):
    """The codes of the findings, and the evidence."""
    case = example_fields(DELAY, **changes)
    findings = SERVED.rules(case, POLICY, ASKED_AT)
    evidence = SERVED.evidence(case, findings, ASKED_AT, POLICY)
    return [finding.code for finding in findings], evidence


DAYS = [
    # due today in UTC, and until the day is over
    ({"promised_at": at("03-10", "00:00")}, []),
    ({"promised_at": at("03-09", "18:00")}, ["PROMISE_PASSED"]),
    # 9 March, 22:00 in Chicago is 10 March, 03:00 in UTC
    ({"promised_at": at("03-10", "03:00"), "time_zone": "America/Chicago"}, ["PROMISE_PASSED"]),
    ({"promised_at": at("03-10", "06:00"), "time_zone": "America/Chicago"}, []),
    # midnight UTC is that calendar day wherever the site is
    ({"promised_at": at("03-10", "00:00"), "time_zone": "America/Chicago"}, []),
    ({"promised_at": at("03-09", "00:00"), "time_zone": "Pacific/Auckland"}, ["PROMISE_PASSED"]),
    # a message for the promised day says nothing of lateness, one for the next day does
    ({"events": [said("asn", "03-04", expected_at=at("03-20", "16:00"))]}, []),
    ({"events": [said("asn", "03-04", expected_at=at("03-21", "01:00"))]}, ["ASN_AFTER_PROMISE"]),
    ({"events": [said("asn", "03-04", expected_at=at("03-21", "01:00"))],
      "time_zone": "America/New_York"}, []),
    ({"events": [said("revised_promise", "03-04", expected_at=at("03-22", "15:00"))]},
     ["REVISED_AFTER_PROMISE"]),
    ({"events": [said("revised_promise", "03-04", expected_at=at("03-23", "00:00"))]},
     ["REVISED_AFTER_NEED"]),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "codes"), DAYS)
def test_a_promise_is_a_day_at_the_site(changes, codes):
    assert look(**(LINE | changes))[0] == codes


LAST_WORDS = [
    ([ack("03-02", "IA"), ack("03-03", "IR")], ["SUPPLIER_REFUSED"]),
    ([ack("03-03", "IR"), ack("03-04", "IA")], []),
    # a later word takes the date back, whichever kind of message it is
    ([said("delay_notice", "03-03", "03-28"), said("asn", "03-05", "03-19")], []),
    ([said("asn", "03-03", "03-19"), said("delay_notice", "03-05", "03-28")],
     ["REVISED_AFTER_NEED"]),
    # unless it is a ship notice of a part only
    ([said("delay_notice", "03-03", "03-28"), said("asn", "03-05", "03-19", event_quantity=20)],
     ["REVISED_AFTER_NEED"]),
    # an older word that came in last
    ([said("delay_notice", "03-03", "03-28"),
      said("revised_promise", "03-01", "03-20", known_at=at("03-07"))], ["REVISED_AFTER_NEED"]),
]  # fmt: skip


@pytest.mark.parametrize(("events", "codes"), LAST_WORDS)
def test_the_last_word_is_the_last_by_its_own_time(events, codes):
    assert look(**LINE | {"events": events})[0] == codes


LATE_NOTICE = [said("delay_notice", "03-01", "03-30")]
NOTHING_OPEN = [
    ({"receipts": [came(60)]}, "Received in full on 8 Mar."),
    ({"receipts": [came(60, "03-07"), came(-5, "03-08", posting_kind="return")]},
     "Received in full on 7 Mar."),
    ({"quantity_ordered": 0.3, "receipts": [came(0.1, "03-07"), came(0.2)]},
     "Received in full on 8 Mar."),
    ({"receipts": [came(55, final=True)]},
     "Closed short on 8 Mar: 55 of 60 received, nothing is open."),
    ({"line_state": "closed_short", "state_known_at": at("03-09"), "receipts": [came(10)]},
     "Closed short on 9 Mar: 10 of 60 received, nothing is open."),
    ({"line_state": "cancelled", "state_known_at": at("03-09")},
     ("Cancelled on 9 Mar; nothing is open. A later promise from the supplier needs a word with "
     "them.")),
    ({"events": [*LATE_NOTICE, said("order_change", "03-02", event_quantity=0)]},
     ("Cancelled on 2 Mar; nothing is open. A later promise from the supplier needs a word with "
     "them.")),
    ({"events": [said("order_change", "03-02", detail="Delete Purchase Order Item")]},
     ("Cancelled on 2 Mar; nothing is open. A later promise from the supplier needs a word with "
     "them.")),
    ({"events": [said("order_change", "03-02", event_quantity=40)], "receipts": [came(40)]},
     "Received in full on 8 Mar."),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "sentence"), NOTHING_OPEN)
def test_where_nothing_is_open_nothing_is_late_and_the_state_is_said(changes, sentence):
    codes, evidence = look(**OVERDUE | {"events": LATE_NOTICE} | changes)
    assert codes == []
    assert (evidence.sentence, evidence.level, evidence.settled) == (sentence, Level.NONE, True)
    case = example_fields(DELAY, **OVERDUE | {"events": LATE_NOTICE} | changes)
    assert SERVED.amount_at_risk(case, []) == (0.0, "nothing is open on the line")
    assert SERVED.levers(case, ASKED_AT) == ()


STILL_OPEN = [
    ({"receipts": [came(59)]}, "Due 5 Mar, 1 open."),
    ({"receipts": [came(55)]}, "Due 5 Mar, 5 open."),
    # a reversed receipt never was, and closes nothing
    ({"receipts": [came(60, "03-07"), came(-60, posting_kind="reversal")]}, "Due 5 Mar, 60 open."),
    ({"receipts": [came(60, "03-07"), came(-60)]}, "Due 5 Mar, 60 open."),
    ({"receipts": [came(55, "03-07", final=True), came(-55, posting_kind="reversal")]},
     "Due 5 Mar, 60 open."),
    ({"receipts": [came(60, "03-07"), came(-20, posting_kind="reversal")]}, "Due 5 Mar, 20 open."),
    # not known yet when asked
    ({"line_state": "cancelled", "state_known_at": at("03-11")}, "Due 5 Mar, 60 open."),
    ({"line_state": "open", "state_known_at": at("03-01")}, "Due 5 Mar, 60 open."),
    # changed, not cancelled; and brought back after that
    ({"events": [said("order_change", "03-02", event_quantity=70)]}, "Due 5 Mar, 70 open."),
    ({"events": [said("order_change", "03-02", detail="price")]}, "Due 5 Mar, 60 open."),
    ({"events": [said("order_change", "03-02", event_quantity=0),
                 said("order_change", "03-03", event_quantity=30)]}, "Due 5 Mar, 30 open."),
    ({"events": [said("asn", "03-08", "03-13")]}, "Due 5 Mar, 60 open; ship notice says 13 Mar."),
    # the goods of the notice have come since
    ({"events": [said("asn", "03-06", "03-08", event_quantity=20)], "receipts": [came(20)]},
     "Due 5 Mar, 40 open."),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "sentence"), STILL_OPEN)
def test_what_is_open_after_its_day_is_overdue(changes, sentence):
    codes, evidence = look(**OVERDUE | changes)
    assert codes[0] == "PROMISE_PASSED"
    assert (evidence.sentence, evidence.level) == (sentence, Level.ACT)


@pytest.mark.parametrize(
    ("status", "verb"), [("ID", "deleted"), ("IR", "rejected")], ids=["deleted", "rejected"]
)
def test_what_the_supplier_took_back_will_not_come(status, verb):
    codes, evidence = look(**OVERDUE | {"events": [ack("03-02", "IA"), ack("03-04", status)]})
    assert codes == ["SUPPLIER_REFUSED"]
    assert evidence.level is Level.ACT
    assert evidence.sentence == (
        f"The supplier {verb} the line on 4 Mar (855 status {status}). It will not come: 60 open."
    )
    assert "replacement" in evidence.suggestion


SUPPLIER_DATES = [
    ("03-24", Level.ACT, "Supplier now says 24 Mar, 2 days after the requested day of 22 Mar."),
    ("03-21", Level.WATCH, "Supplier now says 21 Mar, 1 day after the promise of 20 Mar."),
]


@pytest.mark.parametrize(("day", "level", "sentence"), SUPPLIER_DATES)
def test_the_suppliers_own_later_date_leads_over_a_forecast(day, level, sentence):
    _, evidence = look(**LINE | {"events": [said("revised_promise", "03-04", day)]})
    assert (evidence.sentence, evidence.level) == (sentence, level)
    assert not evidence.settled


def test_a_day_in_another_year_is_said_with_its_year():
    _, evidence = look(**LINE | {"events": [said("revised_promise", "03-04",
                                 expected_at="2027-01-08T00:00:00Z")]})  # fmt: skip
    assert evidence.sentence.startswith("Supplier now says 8 Jan 2027, 292 days after")


def test_without_evidence_the_model_speaks_alone():
    assert look(**LINE) == ([], None)


AMOUNTS = [
    ({}, 150.0, "open quantity 60 x 2.50 EUR"),
    ({"receipts": [came(51)]}, 22.5, "open quantity 9 x 2.50 EUR"),
    ({"po_unit_price": None, "line_value": 120}, 120.0, "open quantity 60 x 2.00 EUR"),
    ({"po_unit_price": None, "line_value": None}, None, "open quantity x unit price"),
]


@pytest.mark.parametrize(("changes", "amount", "how"), AMOUNTS)
def test_the_open_part_of_the_line_is_at_stake(changes, amount, how):
    case = example_fields(DELAY, **LINE | changes)
    assert SERVED.amount_at_risk(case, []) == (amount, how)


def test_days_of_delay_are_left_out_where_they_contradict_the_probability():
    case = example_fields(DELAY, **LINE | {"supplier_name": "Acme Tools"})
    late, punctual = make_score(DELAY, 0.8), make_score(DELAY, 0.2)
    assert "Most likely 2 days late" in SERVED.expectation(case, late, [], POLICY)
    words = SERVED.expectation(case, punctual, [], POLICY)
    assert "Most likely" not in words
    assert words.startswith(
        "Order line po-5521-2 from Acme Tools (supplier_17) is expected on time"
    )
