"""A store that keeps failing is left alone, then tried by one."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from starlette.testclient import TestClient

from serving.audit.log.store import AuditStore
from serving.http.app import create_app
from serving.runtime.circuit_breaker import CircuitBreaker, CircuitOpenError, CircuitState
from tests.support.open_access import ALLOW_EVERY_CALLER
from tests.support.synthetic_recommendations import CATALOGUE


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def breaker(clock):
    return CircuitBreaker("the store", failures=3, seconds=2.0, monotonic=clock)


def fail(breaker, error=OSError):
    with pytest.raises(error), breaker.guard(OSError):
        raise error


def use(breaker):
    with breaker.guard(OSError):
        pass


def test_it_opens_after_so_many_failures_in_a_row_and_not_before(breaker):
    fail(breaker)
    fail(breaker)
    use(breaker)
    fail(breaker)
    fail(breaker)
    assert breaker.state is CircuitState.CLOSED
    fail(breaker)
    assert breaker.state is CircuitState.OPEN
    with pytest.raises(CircuitOpenError) as refused:
        use(breaker)
    assert refused.value.seconds == 2.0


def test_caller_errors_do_not_open_the_breaker(breaker):
    for _ in range(5):
        fail(breaker, ValueError)
    assert breaker.state is CircuitState.CLOSED


def test_one_caller_probes_recovery_while_the_others_wait(breaker, clock):
    for _ in range(3):
        fail(breaker)
    clock.now = 2.0
    assert breaker.state is CircuitState.HALF_OPEN
    with breaker.guard(OSError), pytest.raises(CircuitOpenError):
        use(breaker)
    assert breaker.state is CircuitState.CLOSED
    use(breaker)


def test_a_trial_that_fails_leaves_it_alone_for_as_long_again(breaker, clock):
    for _ in range(3):
        fail(breaker)
    clock.now = 2.0
    fail(breaker)
    assert breaker.state is CircuitState.OPEN
    clock.now = 3.9
    with pytest.raises(CircuitOpenError):
        use(breaker)
    clock.now = 4.0
    use(breaker)
    assert breaker.state is CircuitState.CLOSED


def test_a_trial_that_ends_otherwise_lets_the_next_one_try(breaker, clock):
    for _ in range(3):
        fail(breaker)
    clock.now = 2.0
    fail(breaker, ValueError)
    use(breaker)
    assert breaker.state is CircuitState.CLOSED


@pytest.mark.parametrize(("now", "told"), [(0.0, "2"), (0.1, "2"), (1.0, "1"), (1.9, "1")])
def test_a_caller_is_told_when_the_store_is_tried_again(breaker, clock, tmp_path, now, told):
    store = AuditStore.open(tmp_path / "audit.db")
    for _ in range(3):
        fail(breaker)
    clock.now = now
    app = create_app(CATALOGUE)
    app.state.authenticator = ALLOW_EVERY_CALLER
    app.state.engine = SimpleNamespace(read=replace(store, breaker=breaker).read)
    answer = TestClient(app).get("/v1/recommendations/any")
    store.close()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, told)
    assert "is left alone" in answer.json()["detail"]
