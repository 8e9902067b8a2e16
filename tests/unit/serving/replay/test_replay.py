"""Answers given again from their entries alone: the same bits, or the first that differs."""

import json
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.catalogue import TASKS
from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from models.tasks.stock_risk import STOCK_RISK
from models.tasks.supplier_delay import SUPPLIER_DELAY
from serving.audit.log.canonical_json import canonicalize
from serving.audit.log.entry import GENESIS_HASH, SCHEMA_VERSION, Draft, entry_from_draft
from serving.audit.log.entry_kind import EntryKind
from serving.pipeline.policy_in_force import PolicyHolder
from serving.policy.policy import parse_policy
from serving.policy.sections import Level
from serving.replay.recorded_answer import ReplayObstacleKind
from serving.replay.replay import replay_entries
from serving.replay.selection import AnswerSelection, read_chunks, sequence_of_answer
from serving.replay.sources import MAX_OPEN_MODELS
from serving.replay.summary import ReplaySummary
from serving.runtime.context import RELEASE
from serving.tasks.policy_file import load_policy
from tests.support.synthetic_lake import example_case

from .conftest import MANY, ask, asked_again

pytestmark = pytest.mark.slow(5)

STOCK, INVOICE, DELAY = STOCK_RISK.name, INVOICE_MISMATCH.name, SUPPLIER_DELAY.name
CLOSED = [HealthCheck.function_scoped_fixture]
CODE = "1.0+test"


def edited(entry, change):
    """The entry as it would be had it been recorded otherwise; consistent in itself."""
    payload = json.loads(entry.body)
    change(payload)
    envelope = entry.envelope
    draft = Draft(
        id=envelope.id,
        kind=EntryKind(envelope.kind),
        about=envelope.about,
        task=envelope.task,
        site=envelope.site,
        reference=envelope.reference,
        priority=envelope.priority,
        recorded_at=envelope.recorded_at,
        payload=payload,
        picked=envelope.picked,
    )
    return entry_from_draft(draft, canonicalize(payload), envelope.sequence, GENESIS_HASH)


def test_every_answer_of_every_task_comes_out_the_same_to_the_bit(answered, sources):
    outcomes = replay_entries(answered, sources)
    assert [outcome.entry for outcome in outcomes] == answered
    assert all(o.difference is None and o.obstacle is None for o in outcomes)
    kinds = Counter((o.entry.envelope.task, o.entry.kind) for o in outcomes)
    assert all(kinds[task, EntryKind.RECOMMENDATION] for task in TASKS)
    assert any(kinds[task, EntryKind.ABSTENTION] for task in TASKS)


def test_replaying_one_by_one_or_in_batches_gives_the_same(answered, sources):
    for entry in answered[:: MANY // 4]:
        (outcome,) = replay_entries([entry], sources)
        assert (outcome.difference, outcome.obstacle) == (None, None)


ODD = {
    "missing values": {"unit_cost": None, "currency": None, "category": None},
    "an unseen category": {"category": "never heard of"},
    "nothing ahead": {"scheduled_receipts": []},
    "far outside": {"on_hand": 1e12, "average_demand": 1e-9, "safety_stock": 1e12},
    "minus zero": {"on_hand": -0.0, "backordered": -0.0},
    "no moment of its own": {"asked_at": None, "scheduled_receipts": []},
    "another zone": {"asked_at": "2026-03-10T19:30:00+12:45"},
    "money given": {"money_at_risk": 12.345678901234567},
    "letters": {"item_id": "Ünïcode 🙂 \u2028 <b>"},
}


@pytest.mark.parametrize("odd", ODD)
def test_odd_cases_come_out_the_same(engine, sources, odd):
    outcome = asked_again(engine, sources, STOCK, example_case(STOCK, 1, **ODD[odd]))
    assert (outcome.difference, outcome.obstacle) == (None, None)


@pytest.mark.parametrize("task", [INVOICE, DELAY])
def test_unseen_keys_have_no_past_and_come_out_the_same(engine, sources, task):
    outcome = asked_again(
        engine, sources, task, example_case(task, 2, supplier_id="nobody", item_id="new")
    )
    assert (outcome.difference, outcome.obstacle) == (None, None)
    history = outcome.entry.payload["history"]
    assert any(value is None for value in history.values())


def test_a_case_drawn_for_the_audit_comes_out_the_same(engine, sources):
    drawn = [example_case(STOCK, number) for number in range(100, 250)]
    read = engine.tasks[STOCK].request.read(json.dumps({"cases": drawn}).encode())
    made = engine.answer(STOCK, read).recommendations
    picked = [engine.audit.read(one.id) for one in made if one.audit_sample]
    assert picked
    assert all(entry.envelope.picked for entry in picked)
    assert all(outcome.difference is None for outcome in replay_entries(picked, sources))


numbers = st.floats(min_value=0, max_value=1e12) | st.sampled_from([0.0, -0.0, 1e-300, 0.1])


@settings(max_examples=25, deadline=None, suppress_health_check=CLOSED)
@given(
    on_hand=numbers,
    average_demand=numbers | st.none(),
    safety_stock=numbers | st.none(),
    unit_cost=numbers | st.none(),
    quantity_open=numbers,
)
def test_whatever_is_asked_comes_out_the_same(engine, sources, quantity_open, **fields):
    sent = example_case(STOCK, 3, **fields)
    sent["scheduled_receipts"][0]["quantity_open"] = quantity_open
    outcome = asked_again(engine, sources, STOCK, sent)
    assert (outcome.difference, outcome.obstacle) == (None, None)


def test_a_rule_that_finds_something_else_now_is_named(engine, sources):
    """As when the code of a rule was changed since."""
    entry = engine.audit.read(ask(engine, STOCK, example_case(STOCK, 4, on_hand=0.0)))
    served = sources.tasks[STOCK]

    def otherwise(record, policy, at):
        found = served.rules(record, policy, at)
        return [found[0].model_copy(update={"sentence": "Something else."}), *found[1:]]

    changed = replace(
        sources, tasks=dict(sources.tasks) | {STOCK: replace(served, rules=otherwise)}
    )
    (outcome,) = replay_entries([entry], changed)
    assert outcome.difference.path == "recommendation.findings[0].sentence"
    assert outcome.difference.recomputed == '"Something else."'
    told = json.loads(outcome.difference.recorded)
    assert told == entry.payload["recommendation"]["findings"][0]["sentence"]


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [
        ("features", "backordered", 0.125),
        ("score", "probability", 0.125),
        ("recommendation", "route", "nobody"),
        ("provenance", "feature_schema", "0" * 64),
    ],
)
def test_an_entry_that_says_otherwise_differs_there(answered, sources, part, name, value):
    """Hashes hold, so only giving the answer again can tell."""
    assert name in answered[0].payload[part]
    (outcome,) = replay_entries(
        [edited(answered[0], lambda p: p[part].update({name: value}))], sources
    )
    found = outcome.difference
    assert (found.path, found.recorded) == (f"{part}.{name}", canonicalize(value))


def test_a_past_that_was_recorded_otherwise_leads_elsewhere(engine, sources):
    entry = engine.audit.read(ask(engine, DELAY, example_case(DELAY, 1)))

    def doubled(payload):
        history = payload["history"]
        payload["history"] = {name: value and 2 * value + 1 for name, value in history.items()}

    (outcome,) = replay_entries([edited(entry, doubled)], sources)
    assert outcome.difference.path.startswith("features.")


def lacking(entry, sources):
    (outcome,) = replay_entries([entry], sources)
    assert outcome.difference is None
    return outcome.obstacle.reason


def test_answers_that_cannot_be_replayed_are_never_counted_as_identical(answered, sources):
    entry = answered[0]
    without_past = edited(entry, lambda payload: payload.pop("history"))
    other = edited(entry, lambda p: p["recommendation"]["policy"].update(digest="0" * 64))
    gone = edited(entry, lambda p: p["recommendation"]["model"].update(digest="0" * 64))
    beside = edited(entry, lambda p: p["recommendation"]["model"].update(digest="../draft"))
    strange = edited(entry, lambda p: p["input"].update(colour="red"))
    fewer = edited(entry, lambda p: p["history"].pop(next(iter(p["history"]))))
    assert lacking(replace(entry, salt=None, body=None), sources) is ReplayObstacleKind.ERASED
    assert lacking(without_past, sources) is ReplayObstacleKind.UNREADABLE
    assert lacking(other, sources) is ReplayObstacleKind.POLICY_UNKNOWN
    assert lacking(gone, sources) is ReplayObstacleKind.MODEL_GONE
    assert lacking(beside, sources) is ReplayObstacleKind.MODEL_GONE
    assert lacking(strange, sources) is ReplayObstacleKind.UNREADABLE
    assert lacking(fewer, sources) is ReplayObstacleKind.OTHER_MEASURES
    touched = replace(entry, body=entry.body.replace("stock", "Stock", 1))
    assert lacking(touched, sources) is ReplayObstacleKind.EDITED


def test_a_model_folder_that_was_edited_is_refused_before_it_is_loaded(
    answered, sources, tmp_path, lake
):
    entry = answered[0]
    shutil.copytree(lake.models, tmp_path / "models")
    digest = entry.payload["recommendation"]["model"]["digest"]
    trees = tmp_path / "models" / STOCK / digest / "model.txt"
    trees.write_text(trees.read_text().replace("leaf_value=", "leaf_value= ", 1))
    (outcome,) = replay_entries([entry], replace(sources, models=tmp_path / "models"))
    assert outcome.obstacle.reason is ReplayObstacleKind.MODEL_REFUSED
    assert "model.txt is damaged" in outcome.obstacle.why


def test_an_answer_under_another_policy_is_given_again_under_it(engine, sources):
    """The record tells the policy that was in force; nothing of it is loaded any more."""
    policy = parse_policy(load_policy().plain() | {"version": "of last year"})
    other = replace(engine, policies=PolicyHolder(policy))
    entry = engine.audit.read(ask(other, STOCK, example_case(STOCK, 5)))
    assert lacking(entry, sources) is ReplayObstacleKind.POLICY_UNKNOWN
    said = {"schema": SCHEMA_VERSION, "policy": policy.plain(), "digest": policy.digest}
    forged = said | {"policy": load_policy().plain()}  # not what its digest says
    engine.audit.append([changed("policy-0", forged)])
    assert lacking(entry, sources) is ReplayObstacleKind.POLICY_UNKNOWN
    engine.audit.append([changed("policy-1", said)])
    (outcome,) = replay_entries([entry], sources)
    assert (outcome.difference, outcome.obstacle) == (None, None)


def test_a_scored_answer_is_given_again_under_the_thresholds_of_its_site(engine, sources):
    case = example_case(STOCK, 6)
    at_site = {"thresholds": {STOCK: {"act": 0.0, "watch": 0.0}}}
    plain = load_policy().plain() | {"levels": {"site": {case["site_id"]: at_site}}}
    policy = parse_policy(plain)
    entry = engine.audit.read(ask(replace(engine, policies=PolicyHolder(policy)), STOCK, case))
    said = {"schema": SCHEMA_VERSION, "policy": policy.plain(), "digest": policy.digest}
    engine.audit.append([changed("policy-of-sites", said)])
    (outcome,) = replay_entries([entry], sources)
    assert (outcome.difference, outcome.obstacle) == (None, None)
    assert entry.payload["recommendation"]["level"] == Level.ACT
    everywhere = engine.audit.read(ask(engine, STOCK, case)).payload["recommendation"]
    assert everywhere["level"] != Level.ACT


def changed(name, said):
    at = "2026-03-10T08:00:00+00:00"
    return Draft(name, EntryKind.POLICY_CHANGED, name, "", "", "", 0.0, at, said)


def test_a_sample_can_be_drawn_again_with_its_seed(answered, engine):
    first, again, another = (
        AnswerSelection(sample=10, seed=seed).sequences(engine.audit) for seed in (7, 7, 8)
    )
    assert first == again == sorted(set(first)) != another
    (entries,) = read_chunks(engine.audit, first)
    assert [entry.sequence for entry in entries] == first


def test_a_task_and_a_period_are_told_apart(answered, engine):
    day = date(2026, 3, 10)
    stock = AnswerSelection(STOCK).sequences(engine.audit)
    assert {engine.audit.between(n, n)[0].envelope.task for n in stock} == {STOCK}
    assert AnswerSelection(STOCK, since=day).sequences(engine.audit) == stock
    assert AnswerSelection(STOCK, until=day).sequences(engine.audit) == []
    assert sequence_of_answer(engine.audit, answered[0].id[:13]) == answered[0].sequence
    with pytest.raises(LookupError, match="no recommendation 'nobody'"):
        sequence_of_answer(engine.audit, "nobody")


def test_a_summary_says_what_came_of_it(answered, sources):
    entry = answered[0]
    summary = ReplaySummary(CODE)
    summary.add(replay_entries(answered, sources))
    assert (summary.replayed, summary.exit_code) == (len(answered), 0)
    summary.add(replay_entries([replace(entry, salt=None, body=None)], sources))
    assert (summary.exit_code, summary.reasons) == (0, {ReplayObstacleKind.ERASED: 1})
    gone = edited(entry, lambda p: p["recommendation"]["model"].update(digest="0" * 64))
    summary.add(replay_entries([gone], sources))
    assert summary.exit_code == 2
    wrong = edited(entry, lambda p: p["recommendation"].update(sentence="No."))
    summary.add(replay_entries([wrong], sources))
    assert summary.exit_code == 1
    lines = list(summary.lines())
    n = len(answered)
    assert lines[0] == (
        f"{n + 1} answers given again from the record: {n} identical to the bit, 1 different"
    )
    assert any('differs at recommendation.sentence: recorded "No.", now "' in one for one in lines)
    assert any("not replayed (model gone): model 000000000000" in one for one in lines)
    assert any(f"answered by other code than replays them ({CODE})" in one for one in lines)
    assert any(one.startswith(f"answered by release {RELEASE}: ") for one in lines)
    assert summary.as_json()["releases"] == {RELEASE: n + 1}
    assert json.loads(json.dumps(summary.as_json()))["identical"] == dict.fromkeys(TASKS, MANY)


def test_nothing_replayed_is_nothing_shown(answered, sources):
    summary = ReplaySummary(CODE)
    summary.add(replay_entries([replace(answered[0], salt=None, body=None)], sources))
    assert summary.exit_code == 2


def test_another_process_gives_the_same_answers(answered, lake, root):
    """As an auditor would run it, years later, from the lake alone."""
    command = [sys.executable, "triage.py", "audit", "replay", "--sample", "9", "--seed", "1"]
    environment = {"TRIAGE_HOME": str(lake.home), "PATH": ""}
    done = subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    assert "9 answers given again from the record: 9 identical to the bit" in done.stdout, done
    assert done.returncode == 0


def test_models_are_loaded_once_and_a_few_are_kept(answered, sources):
    replay_entries(answered, sources)
    loaded = dict(sources.opened)
    models = [entry.payload["recommendation"]["model"]["digest"] for entry in answered]
    assert set(loaded) == set(models)
    replay_entries(answered, sources)
    assert all(sources.opened[digest] is loaded[digest] for digest in loaded)
    sources.opened.update({str(n): next(iter(loaded.values())) for n in range(MAX_OPEN_MODELS)})
    sources.champion(STOCK, "1", models[0])
    assert len(sources.opened) == MAX_OPEN_MODELS
    assert models[0] in sources.opened


def test_recorded_answers_are_reserialised_to_the_same_text(answered):
    """With every number a float: whole ones beyond 2**53 could not be written as such."""
    for entry in answered:
        assert canonicalize(json.loads(entry.body, parse_int=float)) == entry.body
    huge = canonicalize({"whole": 1e300, "beyond": 2.0**60, "small": 5e-324, "zero": -0.0})
    assert canonicalize(json.loads(huge, parse_int=float)) == huge
