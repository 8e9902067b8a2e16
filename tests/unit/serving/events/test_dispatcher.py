"""Events come in order, at least once, and what cannot be delivered does not hold up the rest."""

import hmac
import signal
import subprocess
import sys
from base64 import b64encode

import pytest

from serving.audit.log.entry_kind import EntryKind
from serving.audit.log.process_lock import process_lock
from serving.events.dispatcher import IDLE_ENTRIES, skip_event
from tests.support.audit_drafts import decision_draft, draft_of_kind, recommendation_recorded_at
from tests.support.webhook_receiver import SECRETS

pytestmark = pytest.mark.slow(7)


def drain(dispatcher):
    while dispatcher.round():
        pass


def test_everything_is_told_in_the_order_of_the_record(dispatcher, store, receiver):
    drafts = [
        recommendation_recorded_at(1),
        draft_of_kind(EntryKind.CHECKPOINT),
        decision_draft(1),
        recommendation_recorded_at(2),
    ]
    store.append(drafts)
    drain(dispatcher)
    assert receiver.ids == [draft.id for draft in drafts if draft.kind is not EntryKind.CHECKPOINT]
    drain(dispatcher)
    assert len(receiver.ids) == 3


def test_entries_older_than_the_subscription_are_not_sent(store, receiver, dispatcher):
    assert dispatcher.outbox.begin() == dispatcher.outbox.cursor()
    store.append([recommendation_recorded_at(1)])
    assert dispatcher.outbox.begin().sequence == 0


def test_each_carries_the_signatures_of_its_own_bytes(dispatcher, store, receiver, clock):
    store.append([recommendation_recorded_at(1)])
    drain(dispatcher)
    (headers,), (body,) = receiver.headers, receiver.bodies
    assert headers["content-type"].startswith("application/cloudevents+json")
    assert headers["webhook-timestamp"] == str(int(clock().timestamp()))
    text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    made = ["v1," + b64encode(hmac.digest(one, text, "sha256")).decode() for one in SECRETS]
    assert headers["webhook-signature"].split() == made


def test_a_failure_waits_and_the_next_one_waits_behind_it(dispatcher, store, receiver, clock):
    receiver.answers = [(500, {}), (503, {"Retry-After": "60"})]
    first, second = recommendation_recorded_at(1), recommendation_recorded_at(2)
    store.append([first, second])
    assert not dispatcher.round()
    assert not dispatcher.round()
    assert receiver.ids == [first.id]  # not before its time
    clock.forward(1)
    drain(dispatcher)
    clock.forward(59)
    drain(dispatcher)
    assert receiver.ids == [first.id] * 2  # as long as the receiver asked for
    clock.forward(1)
    drain(dispatcher)
    assert receiver.ids == [first.id] * 3 + [second.id]
    assert dispatcher.outbox.dead() == []


def fail(dispatcher, receiver, clock, times=3):
    receiver.answers = [(500, {})] * times
    for _ in range(times):
        dispatcher.round()
        clock.forward(300)


def test_a_permanent_failure_becomes_a_dead_letter_and_delivery_goes_on(
    dispatcher, store, receiver, clock
):
    store.append([recommendation_recorded_at(1), recommendation_recorded_at(2)])
    fail(dispatcher, receiver, clock)
    drain(dispatcher)
    (letter,) = dispatcher.outbox.dead()
    assert (letter.id, letter.attempts, letter.error) == (
        recommendation_recorded_at(1).id,
        3,
        "HTTP 500",
    )
    assert letter.type == "recommendation.given"
    assert receiver.first_ids == [
        recommendation_recorded_at(1).id,
        recommendation_recorded_at(2).id,
    ]


def test_a_dead_letter_is_sent_again_under_its_own_id(dispatcher, store, receiver, clock):
    store.append([recommendation_recorded_at(1)])
    fail(dispatcher, receiver, clock)
    assert dispatcher.outbox.resend("no such") == 0
    assert dispatcher.outbox.resend(recommendation_recorded_at(1).id) == 1
    receiver.answers = [(500, {})]
    drain(dispatcher)
    (letter,) = dispatcher.outbox.dead()
    assert (letter.attempts, letter.resend) == (4, False)
    dispatcher.outbox.resend()
    drain(dispatcher)
    assert dispatcher.outbox.dead() == []
    assert set(receiver.ids) == {recommendation_recorded_at(1).id}


def test_an_operator_skips_what_holds_up_the_others(dispatcher, store, receiver, clock):
    (entry, _) = store.append([recommendation_recorded_at(1), recommendation_recorded_at(2)])
    fail(dispatcher, receiver, clock, times=1)
    skip_event(dispatcher.outbox, dispatcher.outbox.cursor(), entry, clock().isoformat())
    drain(dispatcher)
    assert receiver.ids == [recommendation_recorded_at(1).id, recommendation_recorded_at(2).id]
    assert [letter.id for letter in dispatcher.outbox.dead()] == [recommendation_recorded_at(1).id]


def test_a_receiver_that_is_gone_is_left_in_peace(dispatcher, store, receiver, clock):
    receiver.answers = [(410, {})]
    store.append([recommendation_recorded_at(1), recommendation_recorded_at(2)])
    drain(dispatcher)
    clock.forward(9999)
    drain(dispatcher)
    assert len(receiver.ids) == 1
    assert "410" in dispatcher.outbox.cursor().stopped
    assert dispatcher.outbox.dead() == []


def test_no_redirect_is_followed(dispatcher, store, receiver):
    receiver.answers = [(307, {"Location": receiver.url})]
    store.append([recommendation_recorded_at(1)])
    drain(dispatcher)
    assert len(receiver.ids) == 1
    assert dispatcher.outbox.cursor().last_error == "HTTP 307"


def test_entries_that_are_nobodys_business_are_not_searched_for_ever(dispatcher, store, receiver):
    store.append([draft_of_kind(EntryKind.SHADOW) for _ in range(IDLE_ENTRIES)])
    drain(dispatcher)
    assert dispatcher.outbox.cursor().sequence == IDLE_ENTRIES
    assert receiver.ids == []


def test_one_process_at_a_time_dispatches_events(store):
    engine = store.engine
    with (
        process_lock(engine, "events", "for events") as mine,
        process_lock(engine, "events", "for events") as second,
        process_lock(engine, "other", "for others") as other,
    ):
        assert (mine, second, other) == (True, False, True)
    with process_lock(store.engine, "events", "for events") as again:
        assert again


def test_killed_in_the_middle_nothing_is_lost_and_the_order_stays(
    store, audit_url, receiver, dispatcher, secret_file
):
    """Several times, with events that come meanwhile; what comes twice has the same id."""
    command = [sys.executable, "-m", "tests.support.dispatching_process", audit_url, receiver.url]
    wanted: list[str] = []
    for cycle in range(3):
        drafts = [recommendation_recorded_at(100 * cycle + n) for n in range(80)]
        store.append(drafts)
        wanted += [draft.id for draft in drafts]
        process = subprocess.Popen([*command, str(secret_file)])
        least = len(receiver.ids) + 30
        try:
            receiver.wait(lambda least=least: len(receiver.ids) >= least)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
    drain(dispatcher)
    assert receiver.first_ids == wanted
