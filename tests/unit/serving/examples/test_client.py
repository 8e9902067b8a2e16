"""Results of the client, whatever the server does."""

from uuid import UUID

import httpx
import pytest

from serving.examples.client import ADDRESS, KEY, MAX_PAUSE_SECONDS, TriageClient
from serving.examples.outcome import Answered, ProcessStep, Refused, Unavailable

STEP = ProcessStep(UUID(int=0x1234), UUID(int=0x5678 << 64))
CASE = {"site_id": "site_03", "item_id": "item_0042", "on_hand": 120}
GIVEN = httpx.Response(200, json={"recommendations": [{"id": "r-1"}]})


class Service:
    """Answers with one thing after the other, and keeps what it was asked and the pauses."""

    def __init__(self, *answers):
        self.answers, self.asked, self.pauses = list(answers), [], []
        http = httpx.Client(base_url="http://triage", transport=httpx.MockTransport(self.answer))
        self.triage = TriageClient(http, self.pauses.append)

    def answer(self, request):
        self.asked.append(request)
        now = self.answers.pop(0)
        if isinstance(now, Exception):
            raise now
        return now

    def score(self):
        return self.triage.score("stock_risk", CASE, STEP)


def problem(status, headers=None, **more):
    return httpx.Response(status, json={"detail": "not so", **more}, headers=headers)


def test_a_step_is_one_request_however_often_it_is_sent():
    service = Service(httpx.ConnectError("refused"), GIVEN)
    assert service.score() == Answered({"id": "r-1"})
    first, second = service.asked
    for name in ("idempotency-key", "traceparent"):
        assert first.headers[name] == second.headers[name]
    assert first.content == second.content
    assert str(STEP.instance) in first.headers["idempotency-key"]
    assert first.headers["traceparent"].split("-")[1] == STEP.instance.hex


def test_another_task_of_the_same_instance_is_another_request_of_the_same_trace():
    other = ProcessStep(STEP.instance, UUID(int=0x9999 << 64))
    assert other.key != STEP.key
    assert other.traceparent.split("-")[1] == STEP.traceparent.split("-")[1]
    assert other.traceparent != STEP.traceparent


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_service_that_cannot_now_is_away_and_says_why(status):
    service = Service(problem(status, {"Retry-After": "60"}))
    assert service.score() == Unavailable(f"{status}: not so")
    assert service.pauses == []


@pytest.mark.parametrize(
    "trouble",
    [httpx.ConnectError(""), httpx.ReadError(""), httpx.RemoteProtocolError("")],
)
def test_a_service_that_cannot_be_reached_is_asked_twice_and_then_away(trouble):
    service = Service(trouble, trouble)
    assert service.score() == Unavailable(f"not reached ({type(trouble).__name__})")


@pytest.mark.parametrize("trouble", [httpx.ConnectTimeout(""), httpx.ReadTimeout("")])
def test_a_process_waits_once_for_an_answer_that_does_not_come(trouble):
    service = Service(trouble)
    assert service.score() == Unavailable(f"no answer in time ({type(trouble).__name__})")


def test_a_short_retry_after_is_kept_to_and_a_long_one_is_not_waited_for():
    soon = Service(problem(409, {"Retry-After": "1"}), GIVEN)
    assert isinstance(soon.score(), Answered)
    assert soon.pauses == [1.0]
    late = Service(problem(503, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}), GIVEN)
    late.score()
    assert late.pauses == [MAX_PAUSE_SECONDS]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 415, 422])
def test_a_request_that_is_refused_is_not_sent_again(status):
    service = Service(problem(status))
    assert service.score() == Refused(f"{status}: not so")


def test_a_refusal_names_the_first_field_that_is_wrong():
    errors = [{"field": "cases.0.on_hand", "got": '"many"', "takes": "a number"}]
    service = Service(problem(422, errors=errors))
    assert service.score() == Refused("422: not so: cases.0.on_hand takes a number")


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>sign in</html>"),
        httpx.Response(200, json=["r-1"]),
        httpx.Response(200, json={"recommendations": []}),
        httpx.Response(200, json={"recommendations": [{"id": None}]}),
    ],
)
def test_an_answer_of_something_in_between_is_no_recommendation(answer):
    assert isinstance(Service(answer).score(), Unavailable)


def test_a_redirect_is_not_followed_with_the_key():
    service = Service(httpx.Response(302, headers={"Location": "http://elsewhere/"}))
    assert isinstance(service.score(), Refused)


@pytest.mark.parametrize("value", [float("nan"), object()])
def test_a_case_that_is_no_json_is_refused_before_it_is_sent(value):
    service = Service()
    refused = service.triage.score("stock_risk", CASE | {"on_hand": value}, STEP)
    assert isinstance(refused, Refused)


def test_the_key_comes_from_the_environment_and_is_in_no_text():
    triage = TriageClient.from_environment({ADDRESS: "http://127.0.0.1:9", KEY: "s3cret"})
    assert triage.http.headers["authorization"] == "Bearer s3cret"
    assert "s3cret" not in repr(triage)
    assert "authorization" not in TriageClient.from_environment({}).http.headers


def test_an_address_that_is_none_says_what_it_takes():
    with pytest.raises(ValueError, match=r"TRIAGE_URL: got 'triage:3000', takes e\.g\. http://"):
        TriageClient.from_environment({ADDRESS: "triage:3000"})
