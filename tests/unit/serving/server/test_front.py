"""Before the application: the framework's own answers as problems, and the end without loss."""

import asyncio

import pytest
from starlette.testclient import TestClient

from serving.server.asgi import FrameworkAdapter, InFlightTracker
from serving.telemetry.request_tracing import TraceResponseMiddleware
from tests.loops import ended


class Framework:
    """What stands before the application, and answers for it with a status of its own."""

    def __init__(self, status):
        self.status = status

    async def __call__(self, scope, receive, send):
        await send({"type": "http.response.start", "status": self.status, "headers": []})
        await send({"type": "http.response.body", "body": b"the framework's page"})


@pytest.mark.parametrize(
    ("status", "helps"), [(504, "same Idempotency-Key"), (429, "again"), (503, "again")]
)
def test_the_framework_speaks_in_problems_and_says_what_to_do(status, helps):
    answer = TestClient(TraceResponseMiddleware(FrameworkAdapter(Framework(status), None))).get(
        "/v1/stock_risk"
    )
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, helps in answer.json()["mend"]) == (status, True)
    assert int(answer.headers["retry-after"]) > 0
    assert answer.json()["trace_id"] == answer.headers["traceresponse"].split("-")[1]


@pytest.mark.parametrize("status", [404, 405, 413, 500])
def test_another_error_of_the_framework_is_a_problem_too(status):
    answer = TestClient(TraceResponseMiddleware(FrameworkAdapter(Framework(status), None))).get(
        "/v1/stock_risk"
    )
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert "framework" not in answer.text


class Slow:
    """An application that answers when it is let."""

    def __init__(self):
        self.begun, self.go_on = asyncio.Event(), asyncio.Event()

    async def __call__(self, scope, receive, send):
        self.begun.set()
        await self.go_on.wait()


def test_the_end_waits_for_what_is_worked_on_although_its_caller_was_answered():
    async def ends():
        slow = Slow()
        whole = InFlightTracker(slow)
        assert await whole.wait_until_idle(0)
        request = asyncio.create_task(whole({"type": "http"}, None, None))
        await slow.begun.wait()
        early = await whole.wait_until_idle(0)
        slow.go_on.set()
        late = await whole.wait_until_idle(30)
        await request
        return early, late

    assert ended(ends) == (False, True)


def test_what_fails_is_worked_on_no_more():
    async def ends():
        async def broken(scope, receive, send):
            raise ZeroDivisionError

        whole = InFlightTracker(broken)
        with pytest.raises(ZeroDivisionError):
            await whole({"type": "http"}, None, None)
        return await whole.wait_until_idle(0)

    assert ended(ends)
