"""Who may ask for what, of a real service that asks everybody who they are."""

import hmac
import json
from base64 import urlsafe_b64encode
from contextlib import closing
from datetime import UTC, datetime

import jwt
import pytest

from data.lake import Lake
from models.tasks.stock_risk import STOCK_RISK
from serving.audit.factory import open_audit
from serving.audit.log.entry_kind import EntryKind
from serving.audit.pseudonym import Pseudonyms
from serving.auth.api_key import revocation_draft
from serving.auth.caller import ALL_SCOPES, AccessScope, scoring_scope
from serving.pipeline.pauses import PauseRecorder
from serving.runtime.settings import AuthMode, AuthSettings
from serving.server.preflight import auth_mode_for, require_credentials
from serving.server.supervisor import ServiceError, run_service
from tests.support.authenticated_service import (
    AuthenticatedService,
    identity_provider,
    poll_service_until,
    record_api_key,
)
from tests.support.ports import free_port
from tests.support.synthetic_lake import example_case, make_lake

TASK, SITE = STOCK_RISK.name, "site_03"
OF_IT = ("", "/proof", "/report", "/counterfactuals")
REFUSED = [None, "x", "tk_a_b", "a.b.c", "x" * 9000]
DECISION = {"action": "followed", "role": "planner"}


@pytest.fixture(scope="module")
def idp():
    with identity_provider() as made:
        yield made


@pytest.fixture(scope="module")
def service(tmp_path_factory, idp):
    lake = make_lake(tmp_path_factory.mktemp("lake"), (TASK,))
    every = list(ALL_SCOPES)
    shown = {
        "own": record_api_key(lake, every, [SITE])[1],
        "other": record_api_key(lake, every, ["site_99"])[1],
        "nothing": record_api_key(lake, [], None)[1],
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRIAGE_AUTH_MODE", "required")
        patch.setenv("TRIAGE_AUTH_ISSUER", idp.address)
        patch.setenv("TRIAGE_AUTH_AUDIENCE", idp.audience)
        patch.setenv("TRIAGE_AUTH_JWKS", idp.address)
        with run_service(lake, port=free_port(), log=lake.home / "service.log") as running:
            made = AuthenticatedService(lake, running.address)
            made.shown = shown
            yield made


@pytest.mark.parametrize("credential", REFUSED)
def test_whatever_is_wrong_is_refused_in_the_same_words(service, credential):
    status, headers, body = service.ask("GET", "/desk", credential)
    told = json.loads(body)
    del told["trace_id"]
    assert (status, headers["WWW-Authenticate"]) == (401, "Bearer")
    nothing = json.loads(service.ask("GET", "/desk")[2])
    assert told == {name: nothing[name] for name in told}


def test_another_site_is_told_what_is_told_of_an_id_that_is_none(service):
    given, made_up = service.scored(service.shown["own"], TASK, 1), "0" * 36
    asked = [("GET", path, None) for path in OF_IT] + [("POST", "/decision", DECISION)]
    for method, path, body in asked:
        answers = []
        for identifier in (given, made_up):
            where = f"/v1/recommendations/{identifier}{path}"
            status, _, text = service.ask(method, where, service.shown["other"], body)
            told = json.loads(text.replace(identifier, "ID"))
            del told["trace_id"]
            answers.append((status, told))
        assert answers[0] == answers[1]
        assert answers[0][0] == 404
    for path in OF_IT:
        where = f"/v1/recommendations/{given}{path}"
        assert service.ask("GET", where, service.shown["own"])[0] == 200


def test_cases_of_another_site_are_refused_and_not_recorded(service):
    with closing(open_audit(service.lake)) as store:
        before = store.head().frontier.size
        body = {"cases": [example_case(TASK, 2)]}
        status, _, text = service.ask("POST", f"/v1/{TASK}", service.shown["other"], body)
        (field,) = json.loads(text)["errors"]
        assert (status, field["field"]) == (403, "cases[0].site_id")
        assert SITE not in text
        after = store.head().frontier.size
        assert after == before


def test_the_desk_shows_own_sites_only(service):
    given = service.scored(service.shown["own"], TASK, 3)
    assert given in service.ask("GET", "/desk", service.shown["own"])[2]
    page = service.ask("GET", "/desk", service.shown["other"])[2]
    assert given not in page
    assert SITE not in page


OPEN = {"/livez", "/readyz"}
FOR_ANYBODY_KNOWN = {"/", "/openapi.json", "/docs"}
PROBLEMS = "/problems"


def test_every_address_takes_a_scope_or_is_said_to_take_none(service):
    paths = json.loads(service.ask("GET", "/openapi.json", service.shown["nothing"])[2])["paths"]
    assert f"/v1/{TASK}" in paths
    for path, operations in paths.items():
        for method in operations:
            where = path.replace("{", "").replace("}", "")
            body = {"cases": [example_case(TASK, 4)]} if path.startswith("/v1/") else {}
            body = (
                {"cases": [{"task": TASK, "case": example_case(TASK, 4)}]}
                if "triage" in path
                else body
            )
            sent = body if method == "post" else None
            status = service.ask(method.upper(), where, None, sent)[0]
            assert (path in OPEN) == (status != 401), (method, path, status)
            if path in OPEN | FOR_ANYBODY_KNOWN or path.startswith(PROBLEMS):
                continue
            assert service.ask(method.upper(), where, service.shown["nothing"], sent)[0] == 403, (
                method,
                path,
            )


def test_readiness_has_no_reasons_for_strangers(service):
    assert set(json.loads(service.ask("GET", "/readyz")[2])) == {"status"}
    assert "tasks" in json.loads(service.ask("GET", "/readyz", service.shown["own"])[2])


def test_a_pause_of_another_site_is_not_told(service):
    why = "recount of the racks"
    with closing(open_audit(service.lake)) as store:
        pausing = PauseRecorder(store, Pseudonyms(b"p" * 32), datetime.now(UTC))
        said = {"role": "planner", "reason": why}
        pausing.record(EntryKind.ADVICE_PAUSED, TASK, SITE, said, "ada")
        poll_service_until(lambda: why in service.ask("GET", "/readyz", service.shown["own"])[2])
        pages = ("/readyz", "/v1/models", "/v1/policy", "/desk", "/desk/challenger")
        for path in pages:
            status, _, text = service.ask("GET", path, service.shown["other"])
            assert status == 200
            assert why not in text
            assert SITE not in text, path
        pausing.record(EntryKind.ADVICE_RESUMED, TASK, SITE, said, "ada")
    poll_service_until(lambda: why not in service.ask("GET", "/readyz", service.shown["own"])[2])


def test_answers_are_sealed_counted_and_lent_to_no_other_site(service):
    _, headers, _ = service.ask("GET", "/v1/recommendations/none", service.shown["own"])
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert headers["RateLimit-Policy"] == '"minute";q=6000;w=60, "second";q=300;w=1'
    assert headers["RateLimit"].startswith('"minute";r=')
    assert headers["Access-Control-Allow-Origin"] is None


def test_a_key_that_is_revoked_is_refused_within_seconds(service):
    key, shown = record_api_key(service.lake, list(ALL_SCOPES), None)
    poll_service_until(lambda: service.ask("GET", "/desk", shown)[0] == 200)
    with closing(open_audit(service.lake)) as store:
        store.append([revocation_draft(key.id, datetime.now(UTC), {})])
    # 429 where so many were refused in this minute that the address has to wait.
    poll_service_until(lambda: service.ask("GET", "/desk", shown)[0] in {401, 429})


def test_no_key_is_in_the_log_or_the_record(service):
    log = (service.lake.home / "service.log").read_text()
    assert "refused: no such key" in log
    with closing(open_audit(service.lake)) as store:
        held = log + "".join(entry.body or "" for entry in store.all())
    for shown in service.shown.values():
        assert shown.split("_", 2)[2] not in held


def signed_by_anybody(idp):
    """HS256 with the public key as its secret: whoever knows what is published can make it."""
    head = {"alg": "HS256", "typ": "JWT", "kid": "first"}
    claims = idp.claims(exp=2**33)
    parts = [urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (head, claims)]
    sign = hmac.digest(idp.public("first"), b".".join(parts), "sha256")
    return b".".join([*parts, urlsafe_b64encode(sign).rstrip(b"=")]).decode()


TOKENS = {
    "expired": lambda idp: idp.token(exp=1),
    "another audience": lambda idp: idp.token(aud="billing"),
    "another issuer": lambda idp: idp.token(iss="https://evil.example"),
    "no signature": lambda idp: jwt.encode(idp.claims(), "", "none", headers={"kid": "first"}),
    "signed with the public key": signed_by_anybody,
}


def may(idp, *scopes, sites=(SITE,), **changes):
    return idp.token(scope=" ".join(scopes), sites=list(sites), **changes)


def test_a_token_is_let_in_for_its_scopes_and_sites(service, idp):
    shown = may(idp, scoring_scope(STOCK_RISK.name), AccessScope.READ_REPORT)
    given = service.scored(shown, TASK, 20)
    where = f"/v1/recommendations/{given}"
    assert service.ask("GET", where, shown)[0] == 200
    assert service.ask("POST", f"{where}/decision", shown, DECISION)[0] == 403
    other = may(idp, scoring_scope(STOCK_RISK.name), AccessScope.READ_REPORT, sites=["site_99"])
    assert service.ask("GET", where, other)[0] == 404
    assert service.ask("POST", f"/v1/{TASK}", other, {"cases": [example_case(TASK, 21)]})[0] == 403
    with closing(open_audit(service.lake)) as store:
        assert "ada.lovelace" not in "".join(entry.body or "" for entry in store.all())


@pytest.mark.parametrize("made", TOKENS.values(), ids=TOKENS)
def test_a_token_that_does_not_hold_is_refused_in_the_words_for_nothing_shown(service, idp, made):
    told, nothing = (
        {name: value for name, value in json.loads(body).items() if name != "trace_id"}
        for _, _, body in (service.ask("GET", "/desk", made(idp)), service.ask("GET", "/desk"))
    )
    assert (told["status"], told) == (401, nothing)


def test_a_new_key_of_the_issuer_is_taken_and_one_it_took_back_is_not(service, idp):
    old = may(idp, AccessScope.READ_REPORT)
    assert service.ask("GET", "/desk", old)[0] == 200
    idp.publish("second")
    new = may(idp, AccessScope.READ_REPORT, kid="second")
    poll_service_until(lambda: service.ask("GET", "/desk", new)[0] == 200)
    poll_service_until(lambda: service.ask("GET", "/desk", old)[0] == 401)
    log = (service.lake.home / "service.log").read_text()
    assert "refused: signed with a key that the issuer does not publish" in log
    assert not [part for shown in (old, new) for part in shown.split(".") if part in log]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "triage.example"])
def test_no_service_starts_for_others_while_nobody_could_show_who_they_are(
    tmp_path, host, monkeypatch
):
    monkeypatch.delenv("TRIAGE_AUTH_ISSUER", raising=False)
    assert auth_mode_for(host, AuthSettings()) is AuthMode.REQUIRED
    monkeypatch.setenv("TRIAGE_AUTH_MODE", "local")
    with pytest.raises(ServiceError, match="can be reached by others"):
        auth_mode_for(host, AuthSettings())
    with (
        closing(open_audit(Lake(tmp_path).make())) as store,
        pytest.raises(ServiceError, match="triage keys create"),
    ):
        require_credentials(store, host)
