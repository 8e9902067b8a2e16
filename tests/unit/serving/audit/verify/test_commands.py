"""`triage audit verify|prove|check`: what people read, and the exit codes that scripts read."""

import json
import sqlite3

import pytest
import typer
from typer.testing import CliRunner

from data.lake import Lake
from serving.audit.factory import load_signing_key, open_audit
from serving.audit.log.entry import Draft
from serving.audit.log.entry_kind import EntryKind
from serving.audit.transparency.note import Verifier
from serving.commands.audit import check, prove, verify

APP = typer.Typer()
for command in (verify, prove, check):
    APP.command()(command)


def draft(n):
    at = "2026-11-01T00:00:00+00:00"
    kind = EntryKind.RECOMMENDATION
    return Draft(f"entry {n}", kind, "", "stock_risk", "S1", f"I{n}", 1.0, at, {"n": n})


@pytest.fixture
def lake(tmp_path, monkeypatch):
    monkeypatch.setenv("TRIAGE_HOME", str(tmp_path / "lake"))
    lake = Lake.from_environment().make()
    store = open_audit(lake)
    note = store.commit([draft(n) for n in range(1, 21)]).checkpoint
    (tmp_path / "note").write_text(note)
    key = Verifier.parse(load_signing_key(lake).verifier(store.head().origin))
    (tmp_path / "key").write_text(f"{key}\n")
    store.close()
    return lake


def run(*arguments):
    result = CliRunner().invoke(APP, [str(one) for one in arguments])
    return result.exit_code, " ".join(result.output.split())


def tamper(lake):
    with sqlite3.connect(lake.audit) as db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            db.execute(f'DROP TRIGGER "{name}"')
        db.execute("UPDATE entries SET site = 'S2' WHERE sequence = 7")


def test_a_sound_record_is_said_to_be_and_what_it_rests_on(lake, tmp_path):
    code, said = run("verify", "--json", tmp_path / "verdict.json")
    assert code == 0
    assert "as it was recorded" in said
    assert "this lake's own key" in said
    assert json.loads((tmp_path / "verdict.json").read_text())["entries"] == 20


def test_with_a_key_from_elsewhere_nothing_is_said_against_the_key(lake, tmp_path):
    code, said = run("verify", "--key", tmp_path / "key", "--against", tmp_path / "note")
    assert code == 0
    assert "own key" not in said
    assert "up to 20 are covered, which is all of them" in said


def test_a_fault_is_named_with_its_entry(lake):
    tamper(lake)
    code, said = run("verify")
    assert code == 1
    assert "edited at entries, entry 7" in said


def test_it_resumes_from_a_checkpoint_that_was_kept(lake, tmp_path):
    store = open_audit(lake)
    store.append([draft(30)])
    store.close()
    code, said = run("verify", "--from", tmp_path / "note")
    assert code == 0
    assert "1 entries read and recomputed, those after 20" in said


def test_a_proof_is_written_and_checked(lake, tmp_path):
    file = tmp_path / "proof.json"
    assert run("prove", "entry 7", "--out", file)[0] == 0
    assert run("check", file, "--key", tmp_path / "key")[0] == 0
    code, said = run("check", file)
    assert code == 3
    assert (tmp_path / "key").read_text().strip() in said
    file.write_text(file.read_text().replace('"S1"', '"S2"'))
    assert run("check", file, "--key", tmp_path / "key")[0] == 1


def test_a_key_that_is_none_is_refused(lake, tmp_path):
    (tmp_path / "empty").write_text("\n")
    file = tmp_path / "proof.json"
    run("prove", "entry 7", "--out", file)
    for given, error in (("a+b", ValueError), (tmp_path / "empty", ValueError), ("x", OSError)):
        found = CliRunner().invoke(APP, ["check", str(file), "--key", str(given)])
        assert isinstance(found.exception, error)
