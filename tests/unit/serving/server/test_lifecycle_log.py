"""Lifecycle entries of the service, and their independence from everything else."""

from datetime import UTC, datetime

import pytest

from models.catalogue import TASKS
from models.tasks.stock_risk import STOCK_RISK
from models.tasks.supplier_delay import SUPPLIER_DELAY
from serving.audit.dataframes import decisions_frame, recommendations_frame
from serving.audit.log.entry_kind import EntryKind
from serving.audit.log.errors import AuditUnavailableError
from serving.pipeline.engine import load_engine
from serving.policy.policy import parse_policy
from serving.runtime.settings import AuditSettings, ServiceSettings
from serving.server.lifecycle_log import LifecycleLog, redacted_address
from serving.tasks.policy_file import DEFAULT_POLICY_FILE
from tests.support.synthetic_lake import make_lake
from tests.support.synthetic_recommendations import example_message

pytestmark = pytest.mark.slow(2)

NOW = datetime(2026, 3, 11, 8, tzinfo=UTC)
SERVED = STOCK_RISK.name


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return make_lake(tmp_path_factory.mktemp("lake"), (SERVED,)).home


@pytest.fixture
def begin(home, tmp_path):
    """Starts the service on an empty record, with a policy of that version."""
    opened = []
    secret = f"sqlite:///{tmp_path / 'audit.db'}"

    def begun(version="2026.1"):
        policy = tmp_path / f"{version}.toml"
        policy.write_text(DEFAULT_POLICY_FILE.read_text().replace('"2026.1"', f'"{version}"', 1))
        settings = ServiceSettings(home=home, policy=policy, threads=3)
        with pytest.MonkeyPatch.context() as during:
            during.setenv("TRIAGE_AUDIT_URL", secret)
            engine = load_engine(settings, lambda: NOW)
        opened.append(engine)
        return LifecycleLog(engine, settings, AuditSettings(url=secret))

    yield begun
    for engine in opened:
        engine.audit.close()


def kinds(service):
    return [str(entry.kind) for entry in service.engine.audit.all()]


def test_start_and_stop_are_on_record_with_what_served(begin):
    service = begin()
    started = service.start()
    stopped = service.stop(started)
    assert kinds(service) == ["service_started", "policy_changed", "service_stopped"]
    said = started.payload
    champion = service.engine.models.current.champions[SERVED]
    assert said["models"][SERVED]["digest"] == champion.model.digest
    assert said["models"][SERVED]["feature_schema"] == champion.feature_schema
    assert set(said["not_served"]) == set(TASKS) - {SERVED}
    assert said["snapshot_id"] == service.engine.models.current.profiles.snapshot_id
    assert said["policy"]["digest"] == service.engine.policy.digest
    assert said["context"]["code_version"] == service.engine.code
    assert said["settings"]["threads"] == 3
    assert said["settings"]["record"] == "sqlite"
    assert stopped.payload["started"] == started.sequence


def test_a_policy_is_recorded_whole_when_it_changes_and_only_then(begin):
    first = begin()
    for service in (first, begin(), begin("2026.2"), begin("2026.2"), begin()):
        service.start()
    changes = first.engine.audit.of_kind(EntryKind.POLICY_CHANGED)
    assert [entry.payload["version"] for entry in changes] == ["2026.1", "2026.2", "2026.1"]
    digests = [entry.payload["digest"] for entry in changes]
    assert [entry.payload["before"] for entry in changes] == [None, *digests[:2]]
    for entry in changes:
        assert parse_policy(entry.payload["policy"]).digest == entry.payload["digest"]


def test_workers_that_start_together_record_the_policy_once(begin, monkeypatch):
    one, other = begin(), begin()
    early = other.engine.audit.of_kind(EntryKind.POLICY_CHANGED)
    one.start()
    monkeypatch.setattr(type(other.engine.audit), "of_kind", lambda *_: early)
    other.start()
    assert kinds(one) == ["service_started", "policy_changed", "service_started"]


def test_unscored_cases_are_recorded_one_by_one_with_their_input(begin):
    engine = begin().engine
    asked = [
        example_message(SUPPLIER_DELAY.name),
        example_message(SUPPLIER_DELAY.name, site_id="site_09"),
    ]
    given = engine.answer(SUPPLIER_DELAY.name, asked).recommendations
    entries = engine.audit.all()
    assert [(e.kind, e.envelope.task, e.envelope.site) for e in entries] == [
        ("fallback", "supplier_delay", case.site_id) for case in asked
    ]
    for entry, case, one in zip(entries, asked, given, strict=True):
        assert entry.payload["input"] == case.model_dump(mode="json")
        assert (entry.id, entry.sequence) == (one.id, one.audit_sequence)
        assert one.rung_reasons[0].sentence == "No model of supplier_delay is in service."
        assert engine.read(entry.id) is not None


def test_nothing_is_answered_by_rules_that_could_not_be_recorded(begin, monkeypatch):
    engine = begin().engine

    def full(_, tickets):
        return [AuditUnavailableError("nothing was recorded: disk is full") for _ in tickets]

    monkeypatch.setattr(type(engine.audit), "commit_together", full)
    with pytest.raises(AuditUnavailableError):
        engine.answer(SUPPLIER_DELAY.name, [example_message(SUPPLIER_DELAY.name)])


def test_frames_see_only_what_was_scored_and_the_desk_what_was_answered(begin):
    service = begin()
    started = service.start()
    by_rules = service.engine.answer(
        SUPPLIER_DELAY.name, [example_message(SUPPLIER_DELAY.name)]
    ).recommendations[0]
    answer = service.engine.answer(SERVED, [example_message(SERVED)])
    service.stop(started)
    store = service.engine.audit
    (given,) = answer.recommendations
    assert [entry.id for entry in store.answers()] == [given.id]
    assert recommendations_frame(store)["id"].tolist() == [given.id]
    assert decisions_frame(store).empty
    assert {entry.id for entry in store.undecided()} == {given.id, by_rules.id}
    assert store.sites() == sorted({given.site_id, by_rules.site_id})


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("sqlite:////lake/of/ada/audit.db", "sqlite"),
        ("", "folder"),
        ("/mnt/second", "folder"),
        (
            "postgresql://ada:secret@db.example/audit?password=other",
            "postgresql://db.example/audit",
        ),
        ("s3://key:secret@bucket/notes?token=secret", "s3://bucket/notes"),
    ],
)
def test_the_address_of_the_record_is_logged_without_its_password(address, said):
    assert redacted_address(address) == said
