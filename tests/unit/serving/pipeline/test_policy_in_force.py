"""The service applies what was approved: at its start, and while it runs."""

import json
import logging
from datetime import UTC, datetime

import pytest

from models.tasks.stock_risk import STOCK_RISK
from serving.audit.log.entry_kind import EntryKind
from serving.audit.log.errors import AuditUnavailableError
from serving.audit.pseudonym import Pseudonyms
from serving.pipeline import policy_in_force as policy_in_force_module
from serving.pipeline.engine import load_engine
from serving.pipeline.policy_approval import approve_policy, propose_policy
from serving.pipeline.policy_in_force import PolicyChoice, choose_policy, policy_in_force
from serving.pipeline.policy_watcher import PolicyWatcher
from serving.policy.policy import parse_policy
from serving.replay.replay import replay_entries
from serving.replay.sources import open_replay_sources
from serving.runtime.settings import AuditSettings, ServiceSettings
from serving.server.lifecycle_log import LifecycleLog
from serving.tasks.policy_file import DEFAULT_POLICY_FILE, load_policy
from tests.support.synthetic_recommendations import example_message

NOW = datetime(2026, 3, 11, 8, tzinfo=UTC)
PEOPLE = Pseudonyms(b"k" * 32)
SAID = {"role": "procurement", "reason": "prices moved", "what_if": None}
BUILT_IN = load_policy()


@pytest.fixture
def write(tmp_path):
    """Writes the built-in policy under another version to a file of that name."""

    def write(version):
        file = tmp_path / f"{version}.toml"
        file.write_text(DEFAULT_POLICY_FILE.read_text().replace('"2026.1"', f'"{version}"', 1))
        return file

    return write


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Loads the engine of a lake without models; several share one record."""
    monkeypatch.setenv("TRIAGE_AUDIT_URL", f"sqlite:///{tmp_path / 'audit.db'}")
    engines = []

    def load(file=None):
        engine = load_engine(ServiceSettings(home=tmp_path, policy=file), lambda: NOW)
        engines.append(engine)
        return engine

    yield load
    for engine in engines:
        engine.audit.close()


def approve(record, policy, file=None):
    in_force = policy_in_force(record, file)
    propose_policy(record, PEOPLE, policy, in_force, SAID, "Ann", NOW)
    return approve_policy(record, PEOPLE, policy.digest, in_force, "Bob", "controller", NOW)


def start(engine):
    LifecycleLog(engine, ServiceSettings(), AuditSettings()).start()


def ask(engine, site="S08"):
    cases = [example_message(STOCK_RISK.name, site_id=site)]
    (given,) = engine.answer(STOCK_RISK.name, cases).recommendations
    return given


def test_before_a_first_approval_the_file_is_applied_and_the_shipped_policy_needs_none(load, write):
    file = write("2026.2")
    assert choose_policy(load().audit).policy == BUILT_IN
    choice = choose_policy(load().audit, file)
    assert (choice.policy, choice.warning) == (load_policy(file), "")


def test_a_changed_file_that_nobody_approved_is_not_applied_and_the_start_says_so(
    load, write, caplog
):
    approved, changed = load_policy(write("2026.2")), write("2026.3")
    approval = approve(load().audit, approved)
    with caplog.at_level(logging.WARNING, "triage"):
        engine = load(changed)
    assert engine.policy.digest == approved.digest
    (warning,) = [record.getMessage() for record in caplog.records]
    assert (
        f"policy {changed} (version 2026.3, digest {load_policy(changed).digest[:12]})" in warning
    )
    assert "nobody approved it. The policy in force is version 2026.2" in warning
    assert f"approved on 2026-03-11 (entry {approval.sequence})" in warning
    assert f"`triage policy propose {changed} --by NAME --reason WHY`" in warning
    assert f"`triage policy approve {load_policy(changed).digest[:12]} --by NAME`" in warning


def test_a_file_that_says_what_was_approved_is_applied_without_a_word(load, write):
    file = write("2026.2")
    record = load().audit
    approve(record, load_policy(file))
    choice = choose_policy(record, file)
    assert (choice.policy, choice.warning) == (load_policy(file), "")


def test_a_policy_that_was_approved_earlier_is_approved_again_before_it_is_applied(load, write):
    first, second, record = write("2026.2"), write("2026.3"), load().audit
    approve(record, load_policy(first))
    approve(record, load_policy(second))
    assert choose_policy(record, first).policy == load_policy(second)
    approve(record, load_policy(first))
    assert choose_policy(record, second).policy == load_policy(first)


def test_a_file_that_was_applied_before_there_were_approvals_can_be_approved(load, write):
    file, record = write("2026.2"), load().audit
    approval = approve(record, load_policy(file), file)
    assert approval.payload["before"] == approval.payload["digest"] == load_policy(file).digest
    with pytest.raises(ValueError, match="is the one in force"):
        approve(record, load_policy(file), file)


def test_an_approved_policy_that_this_release_cannot_apply_gives_way_to_a_file_alone(
    load, write, monkeypatch
):
    file, record = write("2026.2"), load().audit
    approve(record, load_policy(write("2026.3")))
    monkeypatch.setattr(policy_in_force_module, "parse_policy", _without_version_3)
    with pytest.raises(ValueError, match="cannot be applied: 'moon' is not one of"):
        choose_policy(record)
    choice = choose_policy(record, file)
    assert choice.policy == load_policy(file)
    assert choice.warning.endswith(f"until then {file} is applied")
    approve(record, load_policy(file), file)
    assert choose_policy(record) == PolicyChoice(load_policy(file))


def test_a_running_service_takes_a_policy_once_it_is_approved_and_records_it_first(load, write):
    engine, policy = load(), load_policy(write("2026.2"))
    start(engine)
    watcher = PolicyWatcher(engine)
    assert not watcher.look()
    assert ask(engine).policy.digest == BUILT_IN.digest
    approval = approve(engine.audit, policy)
    assert watcher.look()
    assert not watcher.look()
    given = ask(engine)
    assert (given.policy.version, given.policy.digest) == ("2026.2", policy.digest)
    first, second = engine.audit.of_kind(EntryKind.POLICY_CHANGED)
    assert second.payload["before"] == first.payload["digest"] == BUILT_IN.digest
    assert second.payload["approval"] == approval.sequence
    answered = engine.audit.read(given.id)
    assert second.sequence < answered.sequence
    recorded = json.loads(answered.body)["recommendation"]["policy"]
    assert recorded == {"version": "2026.2", "digest": policy.digest}


def test_answers_of_before_and_after_the_change_are_replayed_by_the_policy_that_each_names(
    load, write
):
    engine, policy = load(), load_policy(write("2026.2"))
    start(engine)
    sources = open_replay_sources(ServiceSettings().lake, engine.audit, engine.policy)
    ask(engine)
    approve(engine.audit, policy)
    PolicyWatcher(engine).look()
    ask(engine)
    outcomes = replay_entries(engine.audit.of_kind(EntryKind.FALLBACK), sources)
    assert [one.difference or one.obstacle for one in outcomes] == [None, None]


def test_of_several_workers_that_take_a_policy_one_records_it(load, write):
    workers, policy = [load(), load()], load_policy(write("2026.2"))
    for worker in workers:
        start(worker)
    approve(workers[0].audit, policy)
    assert [PolicyWatcher(worker).look() for worker in workers] == [True, True]
    assert [worker.policy.version for worker in workers] == ["2026.2", "2026.2"]
    assert len(workers[0].audit.of_kind(EntryKind.POLICY_CHANGED)) == 2


def test_a_policy_whose_change_cannot_be_recorded_is_taken_once_it_can(load, write, monkeypatch):
    engine, watcher = load(), None
    start(engine)
    watcher = PolicyWatcher(engine)
    approve(engine.audit, load_policy(write("2026.2")))
    with monkeypatch.context() as during:
        during.setattr(type(engine.audit), "append", _unavailable)
        with pytest.raises(AuditUnavailableError):
            watcher.look()
        assert engine.policy.digest == BUILT_IN.digest
    assert watcher.look()
    assert engine.policy.version == "2026.2"


def _unavailable(*_):
    raise AuditUnavailableError("the disk is full")


def _without_version_3(plain):
    """Parse a policy as a release would to which version 2026.3 states something unknown."""
    return parse_policy(plain | ({"moon": 1} if plain["version"] == "2026.3" else {}))
