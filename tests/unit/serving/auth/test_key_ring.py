"""API keys on record: shown once, taken while they hold, and refused once they are revoked."""

from datetime import UTC, datetime, timedelta

import pytest

from serving.audit.log.store import AuditStore
from serving.auth.api_key import new_key, revocation_draft
from serving.auth.caller import AccessScope, AuthenticationError, KeysOutdatedError, Refusal
from serving.auth.key_ring import KeyRing

NOW = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
def store(audit_url):
    opened = AuditStore.open(audit_url)
    yield opened
    opened.close()


def made(store, **changes):
    said = {"name": "erp", "scopes": [AccessScope.DECIDE], "sites": ["S01"], "now": NOW}
    key, shown = new_key(**(said | {"expires_at": NOW + timedelta(days=1)} | changes))
    store.append([key.draft({})])
    return key, shown


def reason(ring, shown, now=NOW):
    with pytest.raises(AuthenticationError) as refused:
        ring.caller(shown, now)
    return refused.value.reason


def test_a_key_is_taken_until_it_is_revoked(store):
    key, shown = made(store)
    ring = KeyRing(store)
    ring.read()
    caller = ring.caller(shown, NOW)
    assert (caller.name, caller.sites) == (f"key:{key.id}", frozenset({"S01"}))
    assert (caller.may(AccessScope.DECIDE), caller.may(AccessScope.METRICS)) == (True, False)
    store.append([revocation_draft(key.id, NOW, {})])
    ring.read()
    assert reason(ring, shown) is Refusal.REVOKED
    assert ring.live(NOW) == []


def test_another_secret_and_a_key_past_its_time_are_refused(store):
    key, shown = made(store)
    ring = KeyRing(store)
    ring.read()
    assert reason(ring, shown[:-1] + ("a" if shown[-1] != "a" else "b")) is Refusal.WRONG_SECRET
    assert reason(ring, shown, key.expires_at) is Refusal.EXPIRED
    assert reason(ring, "tk_nobody_x") is Refusal.NO_SUCH_KEY


def test_no_key_is_taken_while_the_record_was_not_read(store):
    _, shown = made(store)
    with pytest.raises(KeysOutdatedError):
        KeyRing(store).caller(shown, NOW)


def test_the_record_holds_no_key(store):
    _, shown = made(store)
    (entry,) = store.all()
    assert shown not in entry.body
    assert shown.split("_", 2)[2] not in entry.body
