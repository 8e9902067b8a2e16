"""Keys of the issuer: kept for a while, read again, and held on to while the issuer is away."""

import json

import pytest

from serving.auth import jwks
from serving.auth.jwks import MIN_REFRESH_SECONDS, STALE_SECONDS, JsonWebKeySet
from tests.support.authenticated_service import IdentityProvider

KEPT = 300.0


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass only as told."""
    now = [1000.0]
    monkeypatch.setattr(jwks.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def idp(tmp_path):
    made = IdentityProvider()
    made.file = tmp_path / "jwks.json"
    made.file.write_text(json.dumps(made.jwks()))
    return made


@pytest.fixture
def keys(idp, clock):
    made = JsonWebKeySet(str(idp.file), KEPT)
    made.read()
    return made


def test_a_key_the_issuer_took_back_is_gone_once_the_time_of_the_last_look_is_over(
    idp, keys, clock
):
    idp.publish("second")
    idp.file.write_text(json.dumps(idp.jwks()))
    clock[0] += KEPT
    assert not keys.due
    assert keys.key("first") is not None
    clock[0] += 1
    assert keys.due
    assert keys.look()
    assert (keys.key("first"), keys.key("second") is None) == (None, False)


def test_names_that_are_made_up_hurry_nobody(idp, keys, clock, monkeypatch):
    looks, read = [], keys.read
    monkeypatch.setattr(keys, "read", lambda: looks.append(read()))
    for _ in range(100):
        keys.look()
        clock[0] += MIN_REFRESH_SECONDS / 50
    assert len(looks) <= 2


def test_while_the_issuer_is_away_the_last_keys_are_taken_for_a_day(idp, keys, clock):
    idp.file.unlink()
    clock[0] += STALE_SECONDS
    assert not keys.look()
    assert keys.key("first") is not None
    clock[0] += 1
    assert keys.key("first") is None
