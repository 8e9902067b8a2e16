"""Fallbacks when the champion cannot answer: in the answer, on record and in replay."""

import time
from dataclasses import replace
from datetime import UTC, datetime

import pandas as pd
import pytest

from data.contracts.decisions import DECISIONS
from data.validation import check_contract
from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from serving.audit.dataframes import canonical_decisions_batch, recommendations_frame
from serving.audit.log.cached_projection import CachedProjection
from serving.audit.log.entry_kind import EntryKind
from serving.audit.log.errors import AuditUnavailableError
from serving.model_registry.active_models import ActiveModelsHolder
from serving.model_registry.champions import UnavailableModel
from serving.pipeline.batch import ScoringRequest
from serving.pipeline.engine import load_engine
from serving.pipeline.pauses import PAUSE_ENTRY_KINDS, ActivePauses, PauseRecorder
from serving.replay.replay import replay_entries
from serving.replay.sources import open_replay_sources
from serving.review.decisions import DecisionMessage
from serving.review.report import render_report
from serving.runtime.context import RELEASE, service_context
from serving.runtime.settings import ServiceSettings
from serving.telemetry.observer import NullObserver
from tests.support.synthetic_lake import decide, example_case, make_lake
from tests.support.synthetic_recommendations import example_message

pytestmark = pytest.mark.slow(6)

NOW = datetime(2026, 3, 11, 8, tzinfo=UTC)
TASK = INVOICE_MISMATCH.name


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    return make_lake(tmp_path_factory.mktemp("lake"), (TASK,))


@pytest.fixture
def engine(lake, tmp_path, monkeypatch):
    monkeypatch.setenv("TRIAGE_AUDIT_URL", f"sqlite:///{tmp_path / 'audit.db'}")
    started = load_engine(ServiceSettings(home=lake.home), lambda: NOW)
    pauses = CachedProjection(
        started.audit, PAUSE_ENTRY_KINDS, ActivePauses.from_entries, every_seconds=0.0
    )
    yield replace(started, pauses=pauses)
    started.audit.close()


@pytest.fixture
def pausing(engine):
    return PauseRecorder(engine.audit, engine.pseudonyms, NOW)


def ask(engine, number=1, **changes):
    sent = example_message(TASK, **example_case(TASK, number, **changes))
    (given,) = engine.answer(TASK, [sent]).recommendations
    return given


def without(engine, **parts):
    return replace(engine, models=ActiveModelsHolder(replace(engine.models.current, **parts)))


def codes(given):
    return [(str(one.rung), str(one.code)) for one in given.rung_reasons]


def gone(engine, *, damaged=False):
    return without(
        engine, champions={}, missing={TASK: UnavailableModel("gone", "train", damaged=damaged)}
    )


def again(engine, lake, given):
    entry = engine.audit.read(given.id)
    (outcome,) = replay_entries([entry], open_replay_sources(lake, engine.audit))
    return entry, outcome


@pytest.fixture(params=["champion", "previous", "missing", "damaged", "profiles", "time", "paused"])
def stepped(request, engine, pausing):
    """An answer for each reason, and the rung and codes that it should have."""
    match request.param:
        case "champion":
            return engine, "champion", []
        case "previous":
            champion = engine.models.current.champions[TASK]
            below = without(gone(engine), previous={TASK: champion})
            return below, "previous", [("champion", "MODEL_MISSING")]
        case "missing" | "damaged" as what:
            code = f"MODEL_{what.upper()}"
            below = gone(engine, damaged=what == "damaged")
            return below, "rules", [("champion", code), ("previous", "MODEL_MISSING")]
        case "profiles":
            return without(engine, profiles=None), "rules", [("champion", "PROFILES_MISSING")]
        case "time":
            late = replace(engine, time_limit=5.0, monotonic=lambda: time.monotonic() + 99.0)
            return late, "rules", [("champion", "OUT_OF_TIME")]
        case "paused":
            said = {"role": "operations", "reason": "prices are wrong"}
            pausing.record(EntryKind.ADVICE_PAUSED, TASK, "site_03", said, "Ada")
            return engine, "rules", [("champion", "PAUSED")]


def test_the_rung_and_the_reasons_are_in_the_answer_and_replayed_from_the_record(lake, stepped):
    engine, rung, reasons = stepped
    given = ask(engine, 3)
    if given.abstained:
        reasons = [*reasons, (rung, "ABSTAINED")]
        rung = "rules"
    if not [one for one in given.findings if one.code != "NOT_COMPUTED"]:
        pytest.fail("the case of this test breaks a rule")
    assert (given.rung, codes(given)) == (rung, reasons)
    entry, outcome = again(engine, lake, given)
    assert entry.payload["recommendation"]["rung"] == rung
    assert (outcome.difference, outcome.obstacle) == (None, None)


@pytest.mark.parametrize("in_time", [0, 1])
def test_no_stage_begins_once_the_time_is_over(engine, in_time):
    """Before looking up and scoring; in_time: stages that began before."""
    ticks = iter([1.0] * in_time + [6.0] * 9)
    begun = Begun()
    late = replace(engine, time_limit=5.0, monotonic=lambda: next(ticks), observer=begun)
    given = waited(late, since=0)
    assert (given.rung, codes(given)) == ("rules", [("champion", "OUT_OF_TIME")])
    stages = ["read", "lookup", "score"]
    assert begun.stages == [*stages[: 1 + in_time], "audit"]


def test_a_score_is_given_without_its_reasons_where_there_is_no_time_left_for_them(engine, lake):
    ticks = iter([1.0, 1.0] + [6.0] * 9)
    begun = Begun()
    late = replace(engine, time_limit=5.0, monotonic=lambda: next(ticks), observer=begun)
    given = waited(late, since=0)
    assert given.model is not None
    assert (given.explained, given.reasons, given.reason_groups) == (False, [], [])
    assert begun.stages == ["read", "lookup", "score", "advise", "audit"]
    entry, outcome = again(engine, lake, given)
    assert entry.payload["score"]["steps"] is None
    assert (outcome.difference, outcome.obstacle) == (None, None)


def test_only_requests_past_their_deadline_in_a_batch_go_unscored(engine):
    on_time = replace(engine, time_limit=5.0, monotonic=lambda: 100.0)
    asks = [
        ScoringRequest(
            [(TASK, example_message(TASK, **example_case(TASK, 3)))],
            replace(service_context("code"), monotonic_ns=since * 10**9),
        )
        for since in (96, 95, 99)
    ]
    given = [answer.recommendations[0] for answer in on_time.answer_requests(asks)]
    assert [one.model is not None for one in given] == [True, False, True]
    assert codes(given[1]) == [("champion", "OUT_OF_TIME")]


def test_time_that_a_request_waited_before_it_was_worked_on_counts(engine):
    on_time = replace(engine, time_limit=5.0, monotonic=lambda: 100.0)
    assert waited(on_time, since=96).model is not None
    assert codes(waited(on_time, since=95)) == [("champion", "OUT_OF_TIME")]


class Begun(NullObserver):
    """Keeps which stages began."""

    def __init__(self):
        self.stages = []

    def stage(self, name, /):
        self.stages.append(str(name))
        return super().stage(name)


def waited(engine, since):
    """The answer to a request that was read at that second of the clock."""
    asked = replace(service_context(f"{RELEASE}+test"), monotonic_ns=since * 10**9)
    sent = example_message(TASK, **example_case(TASK, 3))
    (given,) = engine.answer(TASK, [sent], asked).recommendations
    return given


def test_an_answer_by_rules_says_what_rules_found_and_no_number_of_a_model(engine):
    given = ask(gone(engine), 3)
    assert given.level == "watch"
    assert given.route == given.findings[0].role
    assert given.priority == pytest.approx(given.money_at_risk)
    assert given.probability is given.exception_probability is given.model is given.interval is None
    assert given.reasons == given.class_set == []
    assert given.sentence.endswith(f"No model of {TASK} is in service.")


def test_without_rule_findings_an_unscored_case_is_queued_as_usual(engine):
    quiet = replace(engine.tasks[TASK], rules=lambda *_: [])
    below = replace(gone(engine), tasks={TASK: quiet})
    given = ask(below, 3)
    assert (given.rung, given.level, given.priority) == ("no_score", "none", 0.0)
    assert codes(given)[-1] == ("rules", "NOTHING_FOUND")
    assert "queue it as usual" in given.sentence


def test_rules_only_answers_can_be_read_reported_decided_and_queued(engine):
    below = gone(engine)
    given = ask(below, 3)
    entry, advice = below.read(given.id)
    page = render_report(entry)
    assert "No model answered" in page
    assert "MODEL_MISSING" in page
    assert "similar probability" not in page
    assert [one.id for one in below.audit.undecided()] == [given.id]
    decision = DecisionMessage(action="followed", role="accounts payable")
    assert decide(below, advice, decision)
    assert below.audit.undecided() == []


@pytest.mark.parametrize("found", [True, False])
def test_decisions_on_unscored_cases_are_labels_where_a_rule_found_something(engine, found):
    below = gone(engine)
    if not found:
        quiet = replace(engine.tasks[TASK], rules=lambda *_: [])
        below = replace(below, tasks={TASK: quiet})
    given = ask(below, 3)
    _, advice = below.read(given.id)
    decide(below, advice, DecisionMessage(action="followed", role="clerk", resolved_as="CLEAN"))
    kept, broken = check_contract(DECISIONS, canonical_decisions_batch(below.audit).frame)
    assert broken.empty
    (row,) = kept.to_dict("records")
    assert (row["task"], row["case_id"], row["site_id"]) == (TASK, "inv-00003", "site_03")
    assert (row["resolved_as"], row["flagged"]) == ("CLEAN", found)
    assert not row["audit_sample"]
    assert pd.isna([row[name] for name in ("model_version", "exception_probability")]).all()
    assert recommendations_frame(below.audit).empty, "no model scored it"


def test_a_pause_of_one_site_leaves_the_others_alone_until_it_is_resumed(engine, pausing):
    said = {"role": "operations", "reason": "prices are wrong"}
    pausing.record(EntryKind.ADVICE_PAUSED, TASK, "site_03", said, "Ada")
    assert ask(engine, 3).model is None
    assert ask(engine, 3, site_id="site_09").model is not None
    assert "Ada" not in str([entry.body for entry in engine.audit.all()])
    pausing.record(EntryKind.ADVICE_RESUMED, TASK, "site_03", said, "Ada")
    assert ask(engine, 3).model is not None


@pytest.mark.parametrize(
    ("kind", "task", "site", "reason", "told"),
    [
        (PAUSE_ENTRY_KINDS[0], "stock", "", "why", "task 'stock' is not one of stock_risk"),
        (PAUSE_ENTRY_KINDS[0], TASK, "", "  ", "reason takes 1 to 500 printable characters, got 0"),
        (PAUSE_ENTRY_KINDS[1], TASK, "", "why", "was not paused at every site: it is not paused"),
    ],
)
def test_a_pause_that_cannot_be_is_refused_with_what_it_takes(
    engine, pausing, kind, task, site, reason, told
):
    with pytest.raises(ValueError, match=told):
        pausing.record(kind, task, site, {"role": "operations", "reason": reason}, "Ada")
    assert engine.audit.all() == []


def test_an_outage_of_the_record_lifts_no_pause(engine, pausing, monkeypatch):
    said = {"role": "operations", "reason": "prices are wrong"}
    pausing.record(EntryKind.ADVICE_PAUSED, TASK, "", said, "Ada")
    assert engine.pauses.now.find(TASK, "site_03") is not None
    engine.audit.engine.dispose()
    monkeypatch.setattr(type(engine.audit), "newest", _away)
    assert engine.pauses.now.find(TASK, "site_03") is not None


def _away(*_):
    raise AuditUnavailableError("the audit cannot be read: away")
