"""`triage policy`: what a person reads when a policy is checked, explained, proposed, approved."""

from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

import triage
from data.lake import Lake
from models.tasks.stock_risk import STOCK_RISK
from serving.audit.factory import open_audit
from serving.audit.log.entry_kind import EntryKind
from serving.pipeline.engine import load_engine
from serving.runtime.settings import AuditSettings, ServiceSettings
from serving.server.lifecycle_log import LifecycleLog
from serving.tasks.policy_file import DEFAULT_POLICY_FILE
from tests.support.synthetic_recommendations import example_message

NORTH = "\n[levels.region.NORTH]\nsites = ['S03']\n[levels.region.NORTH.tolerances]\n"
PATH = "tolerances.price_above_share"


@pytest.fixture
def file(tmp_path, monkeypatch):
    """A policy file that lets prices in the north be 3 % above the order's."""
    monkeypatch.setenv("TRIAGE_HOME", str(tmp_path / "lake"))
    monkeypatch.setenv("COLUMNS", "400")
    Lake(tmp_path / "lake").make()
    path = tmp_path / "policy.toml"
    path.write_text(DEFAULT_POLICY_FILE.read_text() + NORTH + "price_above_share = 0.03\n")
    return path


def run(*arguments):
    done = CliRunner().invoke(triage.app, ["policy", *map(str, arguments)])
    return done.output if done.exception is None else str(done.exception)


def propose(file, by="Ann"):
    said = run("propose", file, "--by", by, "--reason", "prices moved")
    return said, said.split("approve ")[-1].split()[0]


def test_a_policy_is_checked_against_the_one_in_force(file):
    said = run("check", file)
    assert "is well: version 2026.1, digest " in said
    assert "levels.region.NORTH.tolerances.price_above_share: not stated -> 0.03" in said


def test_a_wrong_file_is_refused_with_its_name_and_the_choices(file):
    file.write_text(file.read_text().replace("[levels.region.NORTH]", "[levels.regions.NORTH]"))
    assert "policy.toml: levels: 'regions' is not one of region, site" in run("check", file)


def test_a_value_is_explained_with_its_level_and_what_it_overrides(file):
    lines = run("explain", "--site", "S03", "--policy", file, PATH).splitlines()
    assert lines[0] == f"{PATH} = 0.03"
    assert lines[1].startswith("  stated by: region NORTH, not applied by a service yet")
    assert lines[2].startswith("  overrides: global 0.02, ")


def test_a_proposal_says_what_would_change_and_how_it_is_approved(file):
    said, _ = propose(file)
    assert "price_above_share: not stated -> 0.03" in said
    assert "No what-if was run" in said


def test_a_proposal_is_tried_on_recorded_answers_first(file):
    engine = load_engine(ServiceSettings(), lambda: datetime.now(UTC))
    asked = [example_message(STOCK_RISK.name, site_id=site) for site in ("S03", "S04")]
    engine.answer(STOCK_RISK.name, asked)
    LifecycleLog(engine, ServiceSettings(), AuditSettings()).start()
    file.write_text(file.read_text() + "[levels.site.S03.roles]\nstock_risk = 'planner of S03'\n")
    said, _ = propose(file)
    assert "2 answers given " in said
    assert "both answers would stay at the same level" in " ".join(said.split())
    (entry,) = engine.audit.of_kind(EntryKind.POLICY_PROPOSED)
    engine.audit.close()
    tried = entry.payload["what_if"]
    assert tried["figures"][0]["routes"] == [
        {"before": "planner", "after": "planner of S03", "answers": 1}
    ]


def test_who_proposed_cannot_approve_and_another_person_can(file):
    _, digest = propose(file)
    assert "somebody else approves it" in run("approve", digest, "--by", "ann")
    assert "0.02" in run("explain", "--site", "S03", PATH)
    assert "Approved as entry 2" in run("approve", digest, "--by", "Bob", "--role", "controller")
    explained = run("explain", "--site", "S03", PATH)
    assert f"{PATH} = 0.03" in explained
    assert (
        "region NORTH, approved, and taken by a running service within seconds, approved by person-"
        in explained
    )
    assert "(controller), proposed by person-" in explained
    assert "prices moved" in explained


def test_proposal_and_approval_are_on_record_without_a_name(file):
    _, digest = propose(file, by="Ann Alder")
    run("approve", digest, "--by", "Bob Birch")
    record = open_audit(Lake.from_environment())
    entries = record.of_kind(EntryKind.POLICY_PROPOSED, EntryKind.POLICY_APPROVED)
    record.close()
    assert [entry.kind for entry in entries] == ["policy_proposed", "policy_approved"]
    assert not any(name in entry.body for entry in entries for name in ("Alder", "Birch"))
