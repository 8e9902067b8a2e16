"""Requests of a caller are counted together by all who answer, and a store that is away stops none."""

import pytest

from serving.auth import rate_limits
from serving.auth.rate_limits import RateLimiter
from serving.runtime.settings import AuthSettings
from tests.support.event_loops import run_coroutine
from tests.support.redis_server import redis_server

pytestmark = pytest.mark.slow(5)

MANY = 10**6


@pytest.fixture(scope="module")
def shared():
    with redis_server() as server:
        yield server


@pytest.fixture
def server():
    with redis_server() as own:
        yield own


def of(server, **given):
    return RateLimiter(
        AuthSettings(**{"limits": server.address, "requests_per_second": MANY} | given)
    )


def test_workers_share_the_count_of_one_caller(shared):
    async def asked():
        one, other = (of(shared, requests_per_minute=3) for _ in range(2))
        return [await worker.spend("erp") for worker in (one, other, one, other)]

    *within, over = run_coroutine(asked)
    assert [(budget.allowed, budget.left) for budget in within] == [(True, 2), (True, 1), (True, 0)]
    assert not over.allowed
    assert 0 < over.seconds <= 60
    assert over.header == f'"minute";r=0;t={over.seconds}'


def test_callers_are_counted_by_themselves(shared):
    async def asked():
        worker = of(shared, requests_per_minute=1)
        return [await worker.spend(name) for name in ("mes", "wms", "mes")]

    assert [budget.allowed for budget in run_coroutine(asked)] == [True, True, False]


def test_refusals_of_an_address_are_counted_together(shared):
    async def refused():
        one, other = (of(shared, failures_per_minute=2) for _ in range(2))
        return [await worker.failed("192.0.2.7") for worker in (one, other, one)]

    assert run_coroutine(refused) == [True, True, False]


def test_a_store_that_is_gone_stops_nobody_and_is_counted_with_again_once_it_is_back(
    server, monkeypatch, caplog
):
    monkeypatch.setattr(rate_limits, "STORE_RETRY_SECONDS", 0.0)

    async def asked():
        worker = of(server, requests_per_minute=MANY)
        assert (await worker.spend("erp")).header
        server.stop()
        away = [await worker.spend("erp") for _ in range(8)]
        assert all(budget.allowed and not budget.header for budget in away)
        assert await worker.failed("192.0.2.7")
        server.start()
        assert (await worker.spend("erp")).header

    with caplog.at_level("WARNING", "triage.access"):
        run_coroutine(asked)
    assert "the store of limits is away" in caplog.text


def test_a_store_that_hangs_is_left_alone_after_a_few_tries(server, monkeypatch):
    monkeypatch.setattr(rate_limits, "STORE_TIMEOUT_SECONDS", 0.02)
    monkeypatch.setattr(rate_limits, "STORE_RETRY_SECONDS", 3600.0)

    async def asked():
        worker = of(server, requests_per_minute=MANY)
        assert (await worker.spend("erp")).header
        server.freeze()
        for _ in range(worker._breaker.failures):
            assert (await worker.spend("erp")).allowed
        worker._counter = None  # not even asked
        return await worker.spend("erp"), await worker.failed("192.0.2.7")

    budget, once_more = run_coroutine(asked)
    assert budget.allowed
    assert once_more


@pytest.mark.parametrize("address", ["nothing://here", "etcd://host:2379"])
def test_a_store_that_cannot_be_used_is_named(address):
    with pytest.raises(ValueError, match=r"TRIAGE_AUTH_LIMITS.*takes memory:// or the URL"):
        RateLimiter(AuthSettings(limits=address))
