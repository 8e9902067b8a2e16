"""Decisions on their way: kept until the service has them, and never sent as another one."""

import stat
from uuid import UUID

import pytest

from serving.examples.outbox import MAX_UNAVAILABLE, DecisionReport, DeliveryState, Outbox
from serving.examples.outcome import Answered, ProcessStep, Refused, Unavailable

DECISION = {"action": "followed", "role": "planner", "person": "u-4711"}


class Service:
    """Ends calls as it is told to, the last way for good, and keeps what it was sent."""

    def __init__(self, *outcomes):
        self.outcomes, self.sent = list(outcomes), []

    def decide(self, recommendation, decision, step):
        self.sent.append((recommendation, dict(decision), step))
        return self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]


@pytest.fixture
def outbox(tmp_path):
    return Outbox.at(tmp_path / "outbox.db")


def report(number):
    return DecisionReport(ProcessStep(UUID(int=1), UUID(int=number)), f"r-{number}", DECISION)


def test_undelivered_requests_are_delivered_later_under_the_same_key(outbox):
    outbox.put(report(1))
    away, back = Service(Unavailable("503")), Service(Answered({}))
    outbox.deliver(away)
    assert [(r.recommendation, r.why) for r in outbox.reports(DeliveryState.WAITING)] == [
        ("r-1", "503")
    ]
    Outbox.at(outbox.path).deliver(back)
    assert back.sent == away.sent == [("r-1", DECISION, report(1).step)]
    outbox.deliver(back)
    assert len(back.sent) == 1


def test_a_step_that_runs_again_after_a_crash_does_not_report_twice(outbox):
    service = Service(Answered({}))
    for _ in range(2):
        outbox.put(report(1))
        outbox.deliver(service)
    assert len(service.sent) == 1


def test_delivered_requests_hold_no_person_any_more(outbox):
    outbox.put(report(1))
    outbox.deliver(Service(Answered({})))
    (delivered,) = outbox.reports(DeliveryState.DELIVERED)
    assert delivered.decision == {}
    assert stat.S_IMODE(outbox.path.stat().st_mode) == 0o600


def test_a_refused_report_is_kept_with_the_reason_and_not_sent_again(outbox):
    outbox.put(report(1))
    service = Service(Refused("409: was decided before"))
    outbox.deliver(service)
    outbox.deliver(service)
    (refused,) = outbox.reports(DeliveryState.REFUSED)
    assert (refused.why, refused.decision) == ("409: was decided before", DECISION)
    assert len(service.sent) == 1


def test_a_service_that_is_away_is_not_asked_for_every_report(outbox):
    for number in range(10):
        outbox.put(report(number))
    service = Service(Unavailable("not reached"))
    outbox.deliver(service)
    assert len(service.sent) == MAX_UNAVAILABLE


def test_reports_that_never_get_through_do_not_hold_up_the_others(outbox):
    for number in range(MAX_UNAVAILABLE + 1):
        outbox.put(report(number))
    outbox.deliver(Service(Unavailable("500")))
    service = Service(Answered({}), Unavailable("500"))
    outbox.deliver(service)
    assert [r.recommendation for r in outbox.reports(DeliveryState.DELIVERED)] == [
        f"r-{MAX_UNAVAILABLE}"
    ]
