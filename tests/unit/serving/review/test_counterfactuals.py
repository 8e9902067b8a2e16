"""Counterfactuals of a recorded answer: verified by scoring again, or said not to be known."""

import json
from collections import OrderedDict
from dataclasses import replace
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from models.catalogue import TASKS
from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from models.tasks.stock_risk import STOCK_RISK
from models.tasks.supplier_delay import SUPPLIER_DELAY
from serving.audit.log.entry import Draft
from serving.audit.log.entry_kind import EntryKind
from serving.auth.caller import LOCAL_CALLER
from serving.http.app import create_app
from serving.model_registry.active_models import ActiveModels, ActiveModelsHolder
from serving.pipeline.engine import load_engine
from serving.pipeline.policy_in_force import PolicyHolder
from serving.policy.finding import Finding
from serving.policy.sections import Level, Thresholds
from serving.recommendation.evidence import Evidence
from serving.review.counterfactuals import CannotRecomputeError, counterfactuals_from_lake
from serving.review.report import write_report
from serving.review.service import open_review_service
from serving.runtime.settings import ServiceSettings
from serving.tasks.policy_file import load_policy
from serving.tasks.served_task import no_evidence
from serving.tasks.stock_risk.levers import StockLever
from serving.tasks.stock_risk.rules import StockFinding
from tests.support.open_access import ALLOW_EVERY_CALLER
from tests.support.synthetic_lake import ASKED_AT, example_case, make_lake
from tests.support.synthetic_recommendations import CATALOGUE, reread

pytestmark = pytest.mark.slow(4)

STOCK, INVOICE, DELAY = STOCK_RISK.name, INVOICE_MISMATCH.name, SUPPLIER_DELAY.name

# None of these cases is abstained on: how the search deals with advice is what is looked at.
LIMITS = {"most_outside": 99, "widest": 1.0, "few": 0, "key_features": ()}
NO_STOCK = {"on_hand": 5.0, "average_demand": 15.0}


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    return make_lake(tmp_path_factory.mktemp("lake"))


@pytest.fixture(scope="module")
def review(lake):
    started = load_engine(ServiceSettings(home=lake.home), lambda: ASKED_AT)
    lenient = {task: one.model_copy(update=LIMITS) for task, one in started.policy.abstain.items()}
    yield under(open_review_service(started, lake), abstain=lenient)
    started.audit.close()


def under(review, **changes):
    """The service under a policy that differs so."""
    policy = review.engine.policy.model_copy(update=changes)
    sources = replace(review.sources, loaded={policy.digest: policy})
    return replace(
        review, engine=replace(review.engine, policies=PolicyHolder(policy)), sources=sources
    )


def without_profiles(review):
    """The service with no past to look up."""
    live = ActiveModelsHolder(replace(review.engine.models.current, profiles=None))
    return replace(review, engine=replace(review.engine, models=live))


def asked(review, task, number=1, **changes):
    """The record and the advice of a case that was asked now."""
    engine = review.engine
    body = json.dumps({"cases": [example_case(task, number, **changes)]}).encode()
    (made,) = engine.answer(task, engine.tasks[task].request.read(body)).recommendations
    return engine.read(made.id)


def ways(review, task, number=1, **changes):
    return review.counterfactuals(*asked(review, task, number, **changes))


@pytest.mark.parametrize("task", TASKS)
def test_counterfactuals_state_what_the_service_answers_for_the_changed_case(review, task):
    """Ask about many cases; pull the stated levers by hand, and send what comes of it."""
    seen = 0
    for number in range(12):
        entry, advice = asked(review, task, number)
        result = review.counterfactuals(entry, advice)
        request = review.engine.tasks[task].request
        plain = reread(request, entry.payload["input"])
        for way in result.found:
            changed = applied(task, plain, way.changes)
            sent = json.loads(json.dumps(changed, default=str))
            read = request.read(json.dumps({"cases": [sent]}).encode())
            (again,) = review.engine.answer(task, read).recommendations
            assert again.exception_probability == way.probability < way.threshold
            assert way.threshold in {review.engine.policy.thresholds[task].watch, 0.5}
            touched = {field for change in way.changes for field in change.fields}
            assert {name for name in plain if plain[name] != changed[name]} <= touched
            seen += 1
    assert seen


def applied(task, plain, changes):
    """The levers pulled again by their names and amounts, as somebody who reads them would."""
    levers = CATALOGUE[task].levers(plain, ASKED_AT)
    case_now = plain
    for change in changes:
        (lever,) = [
            v for v in levers if v.name == change.name and v.words(change.amount) == change.words
        ]
        case_now = lever.change(case_now, change.amount)
    return case_now


def test_the_sentence_says_what_would_have_to_be_so(review):
    result = ways(review, STOCK, **NO_STOCK)
    by_name = {way.changes[0].name: way for way in result.found}
    way = by_name[StockLever.UNITS_TRANSFERRED_IN]
    assert way.sentence.startswith("Would drop to ")
    assert " (under the threshold of 20%) if " in way.sentence
    assert way.sentence.endswith(f"{way.changes[0].amount} more units were transferred in.")
    assert result.sentence.endswith(
        "It would be under the threshold of 20% if one of these were established:"
    )


def test_a_unit_less_would_not_be_enough(review):
    """The model's trees ask for more stock only: so the least amount is the edge itself."""
    entry, advice = asked(review, STOCK, **NO_STOCK)
    result = review.counterfactuals(entry, advice)
    (amount,) = [
        way.changes[0].amount
        for way in result.found
        if way.changes[0].name == StockLever.UNITS_TRANSFERRED_IN
    ]
    fewer = {**NO_STOCK, "on_hand": NO_STOCK["on_hand"] + amount - 1}
    _, less = asked(review, STOCK, **fewer)
    assert less.exception_probability >= 0.2


def test_a_case_under_the_threshold_needs_nothing(review):
    result = ways(review, STOCK, on_hand=290.0, average_demand=2.0, scheduled_receipts=[])
    assert result.sentence.startswith(
        "The probability of an exception is under the threshold of 20% already."
    )
    assert result.found == []


def test_without_a_sufficient_change_the_attempts_are_listed(review):
    never = Thresholds(act=0.0, watch=0.0)  # no probability is under it
    limits = review.engine.policy.thresholds | {DELAY: never}
    result = ways(under(review, thresholds=limits), DELAY, events=[])
    assert result.found == []
    assert result.sentence == (
        "No way under the threshold of 0% was found among what people could change here, "
        "alone or two together."
    )
    assert result.tried == [
        "an acknowledgement",
        "a ship notice",
        "a date confirmed by the supplier",
        "a part receipted",
    ]


def test_a_case_without_advice_gets_none_on_what_would_change_it(review):
    strict = review.engine.policy.abstain[STOCK].model_copy(update={"widest": 0.0})
    result = ways(
        under(review, abstain=review.engine.policy.abstain | {STOCK: strict}), STOCK, **NO_STOCK
    )
    assert (result.found, result.tried) == ([], [])
    assert result.sentence.startswith("The model does not advise on this case")


def led_by(review, find_evidence, **changes):
    """The service where the facts of a site-item say so."""
    changed = replace(CATALOGUE[STOCK], evidence=find_evidence, **changes)
    tasks = review.engine.tasks | {STOCK: changed}
    sources = replace(review.sources, tasks=tasks)
    return replace(review, engine=replace(review.engine, tasks=tasks), sources=sources)


@pytest.mark.parametrize(
    ("level", "said"),
    [(Level.NONE, "Nothing is left to do"), (Level.ACT, "It has happened already")],
)
def test_where_the_facts_decide_no_change_is_looked_for(review, level, said):
    settled = Evidence("It is so.", level, settled=True)
    result = ways(led_by(review, lambda *_: settled), STOCK, **NO_STOCK)
    assert (result.found, result.tried) == ([], [])
    assert result.sentence.startswith(said)


def test_a_change_after_which_the_facts_still_call_for_action_is_not_given(review):
    def short(case, *_):
        if case["on_hand"] < 10_000:
            return Evidence("Still short.", Level.ACT)
        return None

    plain = ways(review, STOCK, **NO_STOCK)
    assert plain.found
    assert ways(led_by(review, short), STOCK, **NO_STOCK).found == []


def finds(code, until):
    """Rules that find the code until the changed case is as it should be."""

    def rules(case, *_):
        return [] if until(case) else [Finding(code=code, sentence="So.", role="planner")]

    return rules


def short_until(review, until, code=StockFinding.OUT_OF_STOCK):
    found = ways(led_by(review, no_evidence, rules=finds(code, until)), STOCK, **NO_STOCK).found
    return [{change.name: change.amount for change in way.changes} for way in found]


def test_a_change_is_enough_only_where_no_conclusive_finding_is_left(review):
    least = 2 * max(
        way[StockLever.UNITS_TRANSFERRED_IN]
        for way in short_until(review, lambda _: True)
        if StockLever.UNITS_TRANSFERRED_IN in way
    )

    def covered(case):
        return case["on_hand"] >= NO_STOCK["on_hand"] + least

    assert {StockLever.UNITS_TRANSFERRED_IN: least} in short_until(review, covered)
    assert short_until(review, lambda _: False) == []


def test_a_finding_that_is_not_conclusive_leaves_the_changes_as_they_are(review):
    informs = StockFinding.BELOW_SAFETY_STOCK
    without = short_until(review, lambda _: True)
    assert short_until(review, lambda _: False, informs) == without


def test_two_changes_together_are_tried_where_each_alone_leaves_a_conclusive_finding(review):
    entry, _ = asked(review, STOCK, **NO_STOCK)
    before = reread(review.engine.tasks[STOCK].request, entry.payload["input"])

    def both(case):
        more_ordered = len(case["scheduled_receipts"]) > len(before["scheduled_receipts"]) or sum(
            row["quantity_open"] for row in case["scheduled_receipts"]
        ) > sum(row["quantity_open"] for row in before["scheduled_receipts"])
        return more_ordered and case["on_hand"] > NO_STOCK["on_hand"]

    found = short_until(review, both)
    assert found
    assert all(
        set(way) == {StockLever.UNITS_TRANSFERRED_IN, StockLever.LARGER_RECEIPT} for way in found
    )


def test_an_answer_of_another_model_policy_and_day_is_recomputed_from_the_record(review):
    """As after a promotion, a change of policy and new profiles: nothing of then is loaded."""
    entry, advice = asked(review, STOCK, **NO_STOCK)
    result = review.counterfactuals(entry, advice)
    record = review.sources.record
    changed = Draft(
        "policy-1",
        EntryKind.POLICY_CHANGED,
        "policy-1",
        "",
        "",
        "",
        0.0,
        ASKED_AT.isoformat(),
        {"policy": load_policy().plain(), "digest": load_policy().digest},
    )
    if record.read("policy-1") is None:
        record.append([changed])
    later = replace(review.sources, loaded={}, opened=OrderedDict())
    bare = ActiveModelsHolder(ActiveModels(champions={}, missing={}, profiles=None))
    gone = replace(review, engine=replace(review.engine, models=bare), sources=later)
    assert gone.counterfactuals(entry, advice) == result


@pytest.mark.parametrize(
    ("field", "why"),
    [
        ("model", "model 000000000000 of stock_risk is no longer kept"),
        ("policy", "policy 000000000000 is not on record; set TRIAGE_POLICY to its file"),
    ],
)
def test_counterfactuals_need_the_model_and_policy_that_answered(review, field, why):
    entry, advice = asked(review, STOCK, **NO_STOCK)
    other = getattr(advice, field).model_copy(update={"digest": "0" * 64})
    with pytest.raises(CannotRecomputeError) as refused:
        review.counterfactuals(entry, advice.model_copy(update={field: other}))
    assert str(refused.value) == f"cannot be recomputed now: {why}"


def test_the_address_answers_with_the_same_and_with_a_problem_where_it_cannot(review, tmp_path):
    entry, advice = asked(review, STOCK, **NO_STOCK)
    app = create_app(review.engine.tasks)
    app.state.authenticator = ALLOW_EVERY_CALLER
    app.state.engine, app.state.review = review.engine, review
    client = TestClient(app)
    path = f"/v1/recommendations/{advice.id}/counterfactuals"
    result = review.counterfactuals(entry, advice)
    assert client.get(path).json() == result.model_dump(mode="json")
    page = client.get(f"/v1/recommendations/{advice.id}/report").text
    assert all(way.sentence in page for way in result.found)
    app.state.review = without_profiles(review)
    assert client.get(path).json() == result.model_dump(mode="json")
    nothing = replace(review.sources, models=tmp_path, opened=OrderedDict())
    app.state.review = replace(review, sources=nothing)
    answer = client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (409, "application/problem+json")
    why = f"model {advice.model.digest[:12]} of stock_risk is no longer kept"
    assert answer.json()["detail"] == f"cannot be recomputed now: {why}"
    page = client.get(f"/v1/recommendations/{advice.id}/report").text
    assert f"Not available: cannot be recomputed now: {why}" in page


class Key:
    """Take every credential for that of one caller who has a key."""

    async def caller(self, shown):
        return replace(LOCAL_CALLER, name="planning")

    def is_limited(self, caller):
        return False


@pytest.mark.parametrize(("callers", "said"), [(ALLOW_EVERY_CALLER, True), (Key(), False)])
def test_the_desk_is_as_of_the_end_of_old_data_only_where_nobody_needs_a_key(review, callers, said):
    app = create_app(review.engine.tasks)
    app.state.authenticator = callers
    app.state.engine = replace(review.engine, clock=lambda: ASKED_AT + timedelta(days=60))
    end = review.engine.models.current.profiles.as_of
    assert (f"As of {end:%d %b %Y}" in TestClient(app).get("/desk").text) == said


def test_a_report_from_the_lake_alone_says_the_same_while_it_keeps_the_model(lake, tmp_path):
    started = load_engine(ServiceSettings(home=lake.home), lambda: ASKED_AT)
    review = open_review_service(started, lake)
    entry, advice = asked(review, STOCK, 2, **NO_STOCK)
    result = review.counterfactuals(entry, advice)
    started.audit.close()
    assert counterfactuals_from_lake(lake, entry) == result
    assert result.sentence in write_report(lake, advice.id, tmp_path / "page.html").read_text()
    payload = json.loads(json.dumps(entry.payload))
    payload["recommendation"]["model"]["digest"] = "f" * 64
    gone = replace(entry, body=json.dumps(payload))
    assert str(counterfactuals_from_lake(lake, gone)).startswith("cannot be recomputed now: ")
