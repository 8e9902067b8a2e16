"""The door counts what each caller asks, and tells one who asks too often when to come back."""

from datetime import UTC, datetime

import pytest
from starlette.testclient import TestClient

from serving.auth.authenticator import Authenticator
from serving.auth.caller import ALL_SCOPES, Caller
from serving.auth.rate_limits import RateLimiter
from serving.http.app import create_app
from serving.runtime.settings import AuthSettings
from tests.support.synthetic_recommendations import CATALOGUE

MOST = 3
PATH = "/problems/rate-limited"


class Known:
    """Whoever shows a name is that caller."""

    def caller(self, shown, _now):
        return Caller(shown, frozenset(ALL_SCOPES), None)


@pytest.fixture
def ask():
    """Asks as a caller of that name; every caller may ask MOST times a minute."""
    limits = RateLimiter(AuthSettings(requests_per_minute=MOST, requests_per_second=1000))
    app = create_app(CATALOGUE)
    app.state.authenticator = Authenticator(Known(), None, limits, lambda: datetime.now(UTC))
    client = TestClient(app)
    return lambda name: client.get(PATH, headers={"Authorization": f"Bearer tk_{name}"})


def test_a_greedy_caller_is_told_to_wait_and_starves_nobody(ask):
    for left in reversed(range(MOST)):
        answer = ask("greedy")
        assert answer.status_code == 200
        assert answer.headers["ratelimit"].startswith(f'"minute";r={left};t=')
    refused = ask("greedy")
    assert (refused.status_code, refused.json()["type"]) == (429, PATH)
    assert refused.headers["ratelimit-policy"] == f'"minute";q={MOST};w=60, "second";q=1000;w=1'
    seconds = int(refused.headers["retry-after"])
    assert 0 < seconds <= 60
    assert refused.headers["ratelimit"] == f'"minute";r=0;t={seconds}'
    another = ask("patient")
    assert another.status_code == 200
    assert another.headers["ratelimit"].startswith(f'"minute";r={MOST - 1};')


def test_probes_are_never_counted():
    app = create_app(CATALOGUE)
    settings = AuthSettings(requests_per_minute=1)
    app.state.authenticator = Authenticator(
        Known(), None, RateLimiter(settings), lambda: datetime.now(UTC)
    )
    client = TestClient(app)
    for _ in range(3):
        answer = client.get("/livez", headers={"Authorization": "Bearer tk_probe"})
        assert answer.status_code == 200
        assert "ratelimit" not in answer.headers
