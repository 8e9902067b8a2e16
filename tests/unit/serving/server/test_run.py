"""What would be turned away by the service says so before anything is made."""

import pytest

import triage
from serving.server.preflight import require_local_mode
from serving.server.supervisor import ServiceError

ISSUER = {
    "TRIAGE_AUTH_ISSUER": "https://idp.example",
    "TRIAGE_AUTH_AUDIENCE": "triage",
    "TRIAGE_AUTH_JWKS": "https://idp.example/keys",
}


@pytest.mark.parametrize("said", [ISSUER, {"TRIAGE_AUTH_MODE": "required"}])
def test_triage_up_says_in_a_line_why_it_would_be_turned_away(said, tmp_path, monkeypatch):
    monkeypatch.setenv("TRIAGE_HOME", str(tmp_path / "lake"))
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ServiceError, match=f"^{next(iter(said))}.*TRIAGE_AUTH_MODE=local"):
        triage.up()
    assert not (tmp_path / "lake").exists()


@pytest.mark.parametrize("said", [{}, ISSUER | {"TRIAGE_AUTH_MODE": "local"}])
def test_who_is_on_this_machine_may_ask_unless_the_settings_say_otherwise(said, monkeypatch):
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    require_local_mode("127.0.0.1")
