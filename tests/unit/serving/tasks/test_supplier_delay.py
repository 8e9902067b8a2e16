"""What a buyer is told of an order line: its state, the days at the site, the supplier's last word."""

from dataclasses import replace

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


def ack(day, status, **more):
    return said("acknowledgement", day, ack_status=status, **more)


def came(quantity, day="03-08", **more):
    return {"quantity_received": quantity, "happened_at": at(day), "known_at": at(day)} | more


def named(sentence):
    """The sentence as a buyer reads it, behind the name of the order line."""
    return f"Order line po-5521-2 from supplier_17: {sentence[0].lower()}{sentence[1:]}"


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
     "Received in full on 7 Mar, 5 returned since."),
    ({"receipts": [came(66, quantity_damaged=2)]},
     "Received in full on 8 Mar, 6 more than ordered, 2 damaged or held for quality."),
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
    assert (evidence.sentence, evidence.level) == (named(sentence), Level.NONE)
    assert evidence.settled
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
    ({"events": [said("asn", "03-08")]},
     "Due 5 Mar, 60 open; a ship notice of 8 Mar names no day."),
    ({"events": [said("asn", "03-06", event_quantity=20)], "receipts": [came(20)]},
     "Due 5 Mar, 40 open."),
    # the goods of the notice have come since
    ({"events": [said("asn", "03-06", "03-08", event_quantity=20)], "receipts": [came(20)]},
     "Due 5 Mar, 40 open."),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "sentence"), STILL_OPEN)
def test_what_is_open_after_its_day_is_overdue(changes, sentence):
    codes, evidence = look(**OVERDUE | changes)
    assert codes[0] == "PROMISE_PASSED"
    assert (evidence.sentence, evidence.level) == (named(sentence), Level.ACT)


@pytest.mark.parametrize(
    ("status", "verb"), [("ID", "deleted"), ("IR", "rejected")], ids=["deleted", "rejected"]
)
def test_what_the_supplier_took_back_will_not_come(status, verb):
    codes, evidence = look(**OVERDUE | {"events": [ack("03-02", "IA"), ack("03-04", status)]})
    assert codes == ["SUPPLIER_REFUSED"]
    assert evidence.level is Level.ACT
    assert evidence.sentence == named(
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
    assert (evidence.sentence, evidence.level) == (named(sentence), level)
    assert not evidence.settled


ENDED = [
    # the end, what came or was said after it, what is told, level, money at stake
    ([said("order_change", "03-02", event_quantity=0), said("revised_promise", "03-04", "03-28")],
     [], ("Cancelled on 2 Mar; nothing is open. On 4 Mar the supplier promised 28 Mar: a promise "
     "after that needs a word with them."), Level.WATCH, 0.0),
    ([said("order_change", "03-02", event_quantity=0),
      said("asn", "03-04", "03-12", event_quantity=60)],
     [], ("Cancelled on 2 Mar; nothing is open. A ship notice of 4 Mar announces goods all the "
     "same, for 12 Mar."), Level.ACT, 150.0),
    ([said("asn", "03-07", "03-12", event_quantity=20)], [came(40, "03-06", final=True)],
     ("Closed short on 6 Mar: 40 of 60 received, nothing is open. A ship notice of 7 Mar announces "
     "goods all the same, for 12 Mar."), Level.ACT, 50.0),
    ([said("order_change", "03-02", event_quantity=0)], [came(60)],
     ("Cancelled on 2 Mar; 60 of 60 received, nothing more is open. Goods came after that, last on "
     "8 Mar."), Level.WATCH, 0.0),
    # what was said or came before is overtaken
    ([said("revised_promise", "03-01", "03-28"), said("order_change", "03-02", event_quantity=0)],
     [], ("Cancelled on 2 Mar; nothing is open. A later promise from the supplier needs a word with "
     "them."), Level.NONE, 0.0),
    ([said("order_change", "03-02", event_quantity=0)], [came(60, "03-01")],
     "Received in full on 1 Mar.", Level.NONE, 0.0),
    ([said("order_change", "03-02", event_quantity=0), ack("03-03", "IA")], [],
     ("Cancelled on 2 Mar; nothing is open. A later promise from the supplier needs a word with "
     "them."), Level.NONE, 0.0),
    ([said("asn", "03-09", "03-12")], [came(60)], "Received in full on 8 Mar.", Level.NONE, 0.0),
]  # fmt: skip


@pytest.mark.parametrize(("events", "receipts", "sentence", "level", "money"), ENDED)
def test_what_is_announced_or_comes_after_the_end_of_a_line_needs_a_word(
    events, receipts, sentence, level, money
):
    changes = LINE | {"events": events, "receipts": receipts}
    codes, evidence = look(**changes)
    assert codes == []
    assert (evidence.sentence, evidence.level) == (named(sentence), level)
    assert SERVED.amount_at_risk(example_fields(DELAY, **changes), [])[0] == money


ANSWERS = [
    # a date in an acknowledgement counts where it is after the promise of 20 March
    ([ack("03-02", "IA", expected_at=at("03-28", "00:00"))], ["REVISED_AFTER_NEED"], Level.ACT,
     "Supplier confirmed 28 Mar, 6 days after the requested day of 22 Mar."),
    ([ack("03-02", "DR", expected_at=at("03-21", "00:00"))],
     ["REVISED_AFTER_PROMISE", "SUPPLIER_REFUSED"], Level.WATCH,
     "Supplier rescheduled the line to 21 Mar, 1 day after the promise of 20 Mar."),
    ([ack("03-02", "IB", expected_at=at("03-28", "00:00"))],
     ["REVISED_AFTER_NEED", "SUPPLIER_REFUSED"], Level.ACT,
     "Supplier backordered the line until 28 Mar, 6 days after the requested day of 22 Mar."),
    ([ack("03-02", "IA", expected_at=at("03-20", "00:00"))], [], None, None),
    # an answer that accepts the promise again does not take a later word back
    ([said("delay_notice", "03-03", "03-28"),
      ack("03-04", "IA", expected_at=at("03-20", "00:00"))], ["REVISED_AFTER_NEED"], Level.ACT,
     "Supplier now says 28 Mar, 6 days after the requested day of 22 Mar."),
    # a refusal that was followed by a date, or by goods, is overtaken
    ([ack("03-02", "IR"), said("revised_promise", "03-04", "03-28")], ["REVISED_AFTER_NEED"],
     Level.ACT, "Supplier now says 28 Mar, 6 days after the requested day of 22 Mar."),
    ([ack("03-02", "IB"), said("asn", "03-04", "03-19")], [], None, None),
    ([said("revised_promise", "03-02", "03-28"), ack("03-04", "IR")], ["SUPPLIER_REFUSED"],
     Level.ACT,
     "The supplier rejected the line on 4 Mar (855 status IR). It will not come: 60 open."),
    # a delay without a date
    ([said("delay_notice", "03-03", detail="material")], ["DELAY_WITHOUT_DATE"], Level.ACT,
     "Supplier announced a delay on 3 Mar (material), without a date."),
    ([said("delay_notice", "03-03"), said("revised_promise", "03-04", "03-20")], [], None, None),
    ([said("revised_promise", "03-02", "03-20"), said("delay_notice", "03-03")],
     ["DELAY_WITHOUT_DATE"], Level.ACT, "Supplier announced a delay on 3 Mar, without a date."),
    ([said("revised_promise", "03-02", "03-28"), said("delay_notice", "03-03")],
     ["REVISED_AFTER_NEED"], Level.ACT,
     "Supplier now says 28 Mar, 6 days after the requested day of 22 Mar."),
    # less than was ordered
    ([ack("03-02", "IQ", event_quantity=50)], ["QUANTITY_NOT_CONFIRMED"], Level.WATCH,
     "Supplier confirmed 50 of 60 on 2 Mar: 10 not confirmed."),
    ([ack("03-02", "IQ", event_quantity=60)], [], None, None),
    ([ack("03-02", "IA", event_quantity=50), ack("03-02", "BP", event_quantity=10)], [], None,
     None),
    ([ack("03-02", "IA", event_quantity=60), said("order_change", "03-03", event_quantity=70)],
     ["QUANTITY_NOT_CONFIRMED"], Level.WATCH,
     "Supplier confirmed 60 of 70 on 2 Mar: 10 not confirmed."),
    ([ack("03-02", "IA", event_quantity=60), said("order_change", "03-03", event_quantity=50)],
     [], None, None),
    # a part of what is open
    ([said("asn", "03-03", "03-19", event_quantity=40),
      said("asn", "03-04", "03-21", event_quantity=20)], ["ASN_AFTER_PROMISE"], Level.WATCH,
     "Ship notice says 21 Mar for 20 of 60, 1 day after the promise of 20 Mar."),
]  # fmt: skip


@pytest.mark.parametrize(("events", "codes", "level", "sentence"), ANSWERS)
def test_what_the_supplier_answered_is_said_with_its_date_and_quantity(
    events, codes, level, sentence
):
    found, evidence = look(**LINE | {"events": events})
    assert found == codes
    told = (None, None) if evidence is None else (evidence.level, evidence.sentence)
    assert told == (level, sentence and named(sentence))


BUYERS_DAYS = [
    # the buyer asks for a later day, and for an earlier one that nobody has confirmed
    ("03-05", [said("order_change", "03-02", "03-12")], []),
    ("03-05", [said("order_change", "03-02", "03-09")], ["PROMISE_PASSED"]),
    ("03-12", [said("order_change", "03-02", "03-09")], []),
    ("03-05", [said("order_change", "03-02", "03-12"), said("asn", "03-04", "03-12")], []),
    ("03-05", [said("order_change", "03-02", "03-12"), said("asn", "03-04", "03-13")],
     ["ASN_AFTER_PROMISE"]),
]  # fmt: skip


@pytest.mark.parametrize(("promised", "events", "codes"), BUYERS_DAYS)
def test_a_line_that_the_buyer_puts_off_is_due_on_the_later_day(promised, events, codes):
    promise = {"promised_at": at(promised, "00:00"), "requested_at": None}
    assert look(**LINE | promise | {"events": events})[0] == codes


def test_the_supplier_has_to_confirm_a_day_to_which_the_buyer_puts_a_line_off():
    put_off = said("order_change", "03-02", "03-12")
    _, evidence = look(**OVERDUE | {"events": [put_off]})
    assert evidence.sentence == named(
        "Put off by the buyer to 12 Mar; the supplier has not answered that."
    )
    assert (evidence.level, evidence.settled) == (Level.WATCH, True)
    assert evidence.suggestion == "Have the supplier confirm 12 Mar."
    _, evidence = look(**OVERDUE | {"events": [put_off, ack("03-03", "IA")]})
    assert (evidence.sentence, evidence.settled) == (
        named("Put off by the buyer to 12 Mar."),
        False,
    )
    sooner = LINE | {"events": [put_off]}
    _, evidence = look(**sooner)
    assert evidence.sentence == named(
        "The buyer asks for 12 Mar; the supplier has not answered that."
    )
    assert (evidence.level, evidence.settled) == (Level.WATCH, False)
    _, evidence = look(**sooner | {"events": [put_off, ack("03-03", "IA")]})
    assert evidence is None
    _, evidence = look(**LINE | {"events": [said("order_change", "03-02", "03-20")]})
    assert evidence is None


@pytest.mark.parametrize(
    ("status", "words"), [("IB", "elsewhere"), ("IH", "on hold"), ("IS", "other item")]
)
def test_an_answer_that_does_not_accept_the_line_says_what_to_do(status, words):
    _, evidence = look(**LINE | {"events": [ack("03-02", status)]})
    assert evidence.level is Level.WATCH
    assert words in evidence.suggestion


def test_a_date_of_the_supplier_that_is_over_is_past():
    _, evidence = look(**OVERDUE | {"events": [said("revised_promise", "03-06", "03-08")]})
    assert evidence.sentence == named("Due 5 Mar, 60 open; supplier last said 8 Mar.")
    _, evidence = look(**OVERDUE | {"events": [said("asn", "03-06", "03-09")]})
    assert evidence.sentence == named("Due 5 Mar, 60 open; ship notice said 9 Mar.")
    _, evidence = look(**OVERDUE | {"events": [said("asn", "03-06", "03-10")]})
    assert evidence.sentence == named("Due 5 Mar, 60 open; ship notice says 10 Mar.")


@pytest.mark.parametrize(
    ("promised", "words"),
    [("03-20", "Most likely 9 days early"), ("03-18", "Most likely 8 days early")],
)
def test_a_line_that_has_not_come_is_not_expected_in_the_past(promised, words):
    case = example_fields(DELAY, **LINE | {"promised_at": at(promised, "00:00")})
    score = make_score(DELAY, 0.2)
    score = replace(score, quantiles={"0.1": -12.0, "0.5": -9.0, "0.9": 1.0})
    told = SERVED.expectation(case, score, [], POLICY)
    assert words in told
    days = 10 if promised == "03-20" else 8
    assert f"between {days} days early and 1 day late" in told


def test_a_day_in_another_year_is_said_with_its_year():
    _, evidence = look(**LINE | {"events": [said("revised_promise", "03-04",
                                 expected_at="2027-01-08T00:00:00Z")]})  # fmt: skip
    assert evidence.sentence.startswith(named("Supplier now says 8 Jan 2027, 292 days after"))


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
