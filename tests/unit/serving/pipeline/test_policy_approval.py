"""A policy is changed by two persons; the service applies what was approved, site by site."""

import tomllib
from datetime import UTC, datetime, timedelta

import pytest

from models.tasks.stock_risk import STOCK_RISK
from serving.audit.log.entry_kind import EntryKind
from serving.audit.pseudonym import Pseudonyms
from serving.pipeline.engine import load_engine
from serving.pipeline.policy_approval import approve_policy, find_change, propose_policy
from serving.pipeline.policy_in_force import find_approval, policy_in_force
from serving.policy.explanation import changed_values, explain_value
from serving.policy.levels import CaseIds
from serving.policy.policy import parse_policy
from serving.replay.replay import replay_entries
from serving.replay.sources import open_replay_sources
from serving.runtime.settings import AuditSettings, ServiceSettings
from serving.server.lifecycle_log import LifecycleLog
from serving.tasks.policy_file import load_policy
from tests.support.synthetic_recommendations import example_message

NOW = datetime(2026, 3, 11, 8, tzinfo=UTC)
PEOPLE = Pseudonyms(b"k" * 32)
SAID = {"role": "procurement", "reason": "prices moved", "what_if": None}
BUILT_IN = load_policy()
SITE_ROLE = '[levels.site.site_09.roles]\nstock_risk = "planner of site 9"'
HIGHER = "[levels.region.NORTH]\nsites = ['S03']\n[levels.region.NORTH.tolerances]\n"


def changed_policy(levels=SITE_ROLE):
    return parse_policy(BUILT_IN.plain() | tomllib.loads(levels))


@pytest.fixture
def service(tmp_path, monkeypatch):
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


def start(engine):
    LifecycleLog(engine, ServiceSettings(), AuditSettings()).start()


def propose(record, policy, by="Ann", now=NOW):
    return propose_policy(record, PEOPLE, policy, policy_in_force(record), SAID, by, now)


def approve(record, policy, by="Bob", now=NOW):
    in_force = policy_in_force(record)
    return approve_policy(record, PEOPLE, policy.digest[:12], in_force, by, "controller", now)


def test_the_service_applies_a_policy_that_another_person_approved(service):
    record, policy = service().audit, changed_policy()
    proposal = propose(record, policy)
    assert service().policy.digest == BUILT_IN.digest
    approval = approve(record, policy)
    assert service().policy.digest == policy.digest
    assert approval.payload["proposal"] == proposal.sequence
    assert approval.payload["approved_by"] != approval.payload["proposed_by"]
    assert "Ann" not in proposal.body
    assert "Bob" not in approval.body


@pytest.mark.parametrize("name", ["Ann", "ann", " ANN "])
def test_who_proposed_a_policy_cannot_approve_it(service, name):
    record, policy = service().audit, changed_policy()
    propose(record, policy)
    with pytest.raises(ValueError, match="somebody else approves it"):
        approve(record, policy, by=name)
    assert policy_in_force(record).digest == BUILT_IN.digest


def test_a_proposal_says_what_it_changes_and_that_no_what_if_was_run(service):
    payload = propose(service().audit, changed_policy()).payload
    assert payload["changes"] == [
        {
            "path": "levels.site.site_09.roles.stock_risk",
            "before": None,
            "after": "planner of site 9",
        }
    ]
    assert payload["what_if"] is None


def test_what_changes_nothing_is_not_proposed(service):
    with pytest.raises(ValueError, match="is the one in force"):
        propose(service().audit, BUILT_IN)


def test_a_policy_that_nobody_proposed_is_not_approved(service):
    record = service().audit
    propose(record, changed_policy())
    with pytest.raises(LookupError, match="0 proposals have the digest"):
        approve(record, BUILT_IN)


def test_a_proposal_made_in_place_of_another_policy_is_proposed_again(service):
    record, one = service().audit, changed_policy()
    other = changed_policy(HIGHER + "price_above_share = 0.03")
    propose(record, one)
    propose(record, other)
    approve(record, other)
    with pytest.raises(ValueError, match="propose it again"):
        approve(record, one)


def test_a_start_records_the_approval_of_the_policy_it_applies(service):
    start(service())
    record, policy = service().audit, changed_policy()
    propose(record, policy)
    approval = approve(record, policy)
    start(service())
    unapproved, approved = record.of_kind(EntryKind.POLICY_CHANGED)
    assert unapproved.payload["approval"] is None
    assert approved.payload["approval"] == approval.sequence


def test_a_value_holds_since_the_start_that_brought_it_not_since_a_later_change(service):
    path, ids = "tolerances.price_above_share", CaseIds(site="S03")
    record = service().audit
    policies = [
        changed_policy(HIGHER + "price_above_share = 0.03"),
        changed_policy(HIGHER + "price_above_share = 0.03\nfreight_share = 0.1"),
    ]
    for day, policy in enumerate(policies):
        propose(record, policy, now=NOW + timedelta(days=day))
        approve(record, policy, now=NOW + timedelta(days=day))
        start(service())
    held = explain_value(policies[1], path, ids)[-1]
    first = record.of_kind(EntryKind.POLICY_CHANGED)[0]
    assert held.where == "region NORTH"
    assert find_change(record, path, held) == first
    assert find_approval(record, first.payload["digest"], first.sequence).payload["version"]
    assert find_change(record, path, held._replace(value=0.04)) is None


def test_answers_go_to_the_role_of_the_site_and_are_replayed_so(service):
    record, policy = service().audit, changed_policy()
    propose(record, policy)
    approve(record, policy)
    engine = service()
    start(engine)
    cases = [example_message(STOCK_RISK.name, site_id=site) for site in ("site_08", "site_09")]
    given = engine.answer(STOCK_RISK.name, cases).recommendations
    assert [one.route for one in given] == ["planner", "planner of site 9"]
    assert {one.policy.digest for one in given} == {policy.digest}
    sources = open_replay_sources(ServiceSettings().lake, record, engine.policy)
    outcomes = replay_entries(record.of_kind(EntryKind.FALLBACK), sources)
    assert [one.difference or one.obstacle for one in outcomes] == [None, None]


@pytest.mark.parametrize(
    ("path", "ids", "stated"),
    [
        ("tolerances.price_above_share", CaseIds(), [("global", 0.02)]),
        ("tolerances.price_above_share", CaseIds(site="S03"), [("global", 0.02), ("site S03", 0)]),
        ("thresholds.stock_risk.act", CaseIds(site="S03"), [("global", 0.5), ("site S03", 0.4)]),
        (
            "roles.DUPLICATE",
            CaseIds(site="S03"),
            [("global", "accounts payable"), ("site S03", "x")],
        ),
        ("rules.precision_floor", CaseIds(site="S03"), [("global", 0.45)]),
    ],
)
def test_a_value_is_explained_by_every_level_that_states_it(path, ids, stated):
    policy = changed_policy(
        "[levels.site.S03.tolerances]\nprice_above_share = 0\n"
        "[levels.site.S03.thresholds.stock_risk]\nact = 0.4\nwatch = 0.1\n"
        "[levels.site.S03.roles]\nDUPLICATE = 'x'\n"
    )
    assert [(one.where, one.value) for one in explain_value(policy, path, ids)] == stated


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("tolerance.price", "the policy: 'tolerance' is not one of version, history,"),
        ("tolerances.price", "tolerances: 'price' is not one of price_above_share,"),
        ("tolerances", "tolerances is a section; take one of price_above_share,"),
        ("roles.DUPLICATES", "roles: 'DUPLICATES' is not one of "),
        ("version.major", "version: 'major' is not one of no further names"),
    ],
)
def test_a_path_that_names_no_value_is_refused_with_the_names_there_are(path, said):
    with pytest.raises(ValueError, match=said):
        explain_value(BUILT_IN, path, CaseIds(site="S03"))


def test_the_changes_between_two_policies_are_named_by_path():
    after = BUILT_IN.plain()
    after["tolerances"] |= {"price_above_share": 0.03}
    (changed,) = changed_values(BUILT_IN.plain(), after)
    assert tuple(changed) == ("tolerances.price_above_share", 0.02, 0.03)
