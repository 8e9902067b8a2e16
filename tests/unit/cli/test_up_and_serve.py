"""`triage up` and `triage serve`: settings that would lock callers out, and Ctrl-C."""

from types import SimpleNamespace

import pytest

import triage
from data.lake import Lake
from data.row_versions import maintenance
from serving.commands import serve as serve_command
from serving.server.preflight import require_local_mode
from serving.server.supervisor import ServiceError
from training.promotion import challenger

ISSUER = {
    "TRIAGE_AUTH_ISSUER": "https://idp.example",
    "TRIAGE_AUTH_AUDIENCE": "triage",
    "TRIAGE_AUTH_JWKS": "https://idp.example/keys",
}


@pytest.mark.parametrize("settings", [ISSUER, {"TRIAGE_AUTH_MODE": "required"}])
def test_triage_up_refuses_settings_that_would_lock_it_out(settings, tmp_path, monkeypatch):
    monkeypatch.setenv("TRIAGE_HOME", str(tmp_path / "lake"))
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ServiceError, match=f"^{next(iter(settings))}.*TRIAGE_AUTH_MODE=local"):
        triage.up()
    assert not (tmp_path / "lake").exists()


@pytest.mark.parametrize("settings", [{}, ISSUER | {"TRIAGE_AUTH_MODE": "local"}])
def test_callers_on_this_machine_need_no_key_unless_the_settings_say_otherwise(
    settings, monkeypatch
):
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    require_local_mode("127.0.0.1")


def test_ctrl_c_while_the_addresses_are_printed_stops_the_service(monkeypatch):
    lines: list[str] = []

    def print_line(text: str, **_: object) -> None:
        lines.append(text)
        if len(lines) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(serve_command, "console", SimpleNamespace(print=print_line))
    serve_command.wait_for_interrupt(SimpleNamespace(address="http://127.0.0.1:3000"))
    assert lines[1:] == ["Stopping ..."]


@pytest.mark.parametrize(
    ("sources", "promoted", "said"), [(set(), True, "demo"), ({"OSLO"}, False, "data of OSLO")]
)
def test_only_the_demo_is_promoted_without_an_approver(
    sources, promoted, said, tmp_path, monkeypatch, capsys
):
    calls = list[str]()

    def record(name):
        def train(names, *_):
            calls.append(name)
            return iter(f"{one} trained" for one in names)

        return train

    monkeypatch.setattr(maintenance, "row_sources", lambda _: sources)
    monkeypatch.setattr(challenger, "train_initial_champions", record("promote"))
    monkeypatch.setattr(challenger, "train_missing_challengers", record("challenge"))
    monkeypatch.setattr(triage, "service_rules", lambda: None)
    monkeypatch.setenv("TRIAGE_HOME", str(tmp_path))
    triage.train_first_champions(Lake(tmp_path).make(), ["stock_risk"])
    assert calls == ["promote" if promoted else "challenge"]
    printed = capsys.readouterr().out
    assert said in printed
    assert ("`triage promote stock_risk`" in printed) == (not promoted)
