"""One story a case: the facts lead, the model's figure stands beside them."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from models.tasks.stock_risk import STOCK_RISK
from models.tasks.supplier_delay import SUPPLIER_DELAY
from serving.policy.finding import Finding
from serving.policy.sections import Level
from serving.recommendation.evidence import Evidence
from serving.recommendation.fallback_ladder import Rung, StepDown, Trigger
from serving.recommendation.recommend import CaseInput, recommend
from serving.recommendation.recommendation import Abstention
from serving.recommendation.rules_only import recommend_by_rules
from tests.support.synthetic_recommendations import (
    ASKED_AT,
    CATALOGUE,
    POLICY,
    PROVENANCE,
    example_fields,
    make_score,
    recommend_example,
)

STOCK, INVOICE, DELAY = STOCK_RISK.name, INVOICE_MISMATCH.name, SUPPLIER_DELAY.name

CANCELLED = Evidence("Cancelled on 20 Sep.", Level.NONE, "Nothing to do.", settled=True)
OUT_NOW = Evidence("Out of stock now, 51 owed.", Level.ACT, "Expedite.", settled=True)
SAYS_LATER = Evidence("Due 30 Sep, 91 open; supplier says 17 Nov.", Level.ACT, "Warn the site.")
NO_GROUND = Abstention(code="UNSEEN_KEY", sentence="the model has never seen this supplier.")


def test_a_case_with_nothing_to_do_is_quiet_whatever_the_model_says():
    advice = recommend_example(
        DELAY, make_score(DELAY, 0.9), evidence=CANCELLED, money_at_risk=5000.0
    )
    assert (advice.level, advice.flagged, advice.suggested_action) == (
        Level.NONE,
        False,
        "Nothing to do.",
    )
    assert advice.sentence == "Cancelled on 20 Sep."
    assert (advice.money_at_risk, advice.priority) == (0.0, 0.0)
    assert advice.priority_is == "nothing to do: ranked last"
    assert "The facts overrule the model, which gives 90% for coming late." in advice.notes
    assert advice.exception_probability == 0.9


def test_rules_do_not_raise_a_settled_case_but_raise_any_other():
    overdue = {"promised_at": (ASKED_AT - timedelta(days=9)).isoformat()}
    low = make_score(DELAY, 0.01)
    assert recommend_example(DELAY, low, evidence=CANCELLED, **overdue).level is Level.NONE
    assert recommend_example(DELAY, low, **overdue).level is Level.WATCH


def test_what_has_happened_counts_in_full_and_the_model_does_not_contradict_it():
    advice = recommend_example(
        STOCK, make_score(STOCK, 0.1), evidence=OUT_NOW, money_at_risk=1000.0
    )
    assert (advice.level, advice.flagged, advice.priority) == (Level.ACT, True, 1000.0)
    assert advice.sentence == "Out of stock now, 51 owed."
    assert "The facts overrule the model, which gives 10% for running out of stock." in advice.notes
    agreed = recommend_example(STOCK, make_score(STOCK, 0.9), evidence=OUT_NOW)
    assert (
        "The facts decide this case. The model gives 90% for running out of stock." in agreed.notes
    )


@pytest.mark.parametrize(
    ("probability", "priority"),
    [
        (0.3, 500.0),  # at least the probability from which to act
        (0.8, 800.0),
    ],
)
def test_a_suppliers_own_word_leads_over_a_forecast(probability, priority):
    advice = recommend_example(
        DELAY, make_score(DELAY, probability), evidence=SAYS_LATER, money_at_risk=1000.0
    )
    assert advice.sentence == (
        "Due 30 Sep, 91 open; supplier says 17 Nov. From past cases, the model gives "
        f"{probability:.0%} for coming late."
    )
    assert (advice.level, advice.suggested_action) == (Level.ACT, "Warn the site.")
    assert advice.priority == pytest.approx(priority)


def test_facts_advise_where_the_model_cannot():
    advice = recommend_example(
        DELAY, evidence=SAYS_LATER, abstentions=[NO_GROUND], money_at_risk=1000.0
    )
    assert (advice.abstained, advice.abstentions) == (False, [NO_GROUND])
    assert (advice.rung, advice.level) == (Rung.RULES, Level.ACT)
    assert advice.sentence == (
        f"{SAYS_LATER.sentence} No figure from the model: {NO_GROUND.sentence}"
    )
    settled = recommend_example(DELAY, evidence=CANCELLED, abstentions=[NO_GROUND])
    assert (settled.abstained, settled.rung) == (False, Rung.CHAMPION)


def test_facts_that_call_for_nothing_leave_an_abstention_as_it_is():
    told = Evidence("Asked for on 3 Oct.")
    advice = recommend_example(DELAY, evidence=told, abstentions=[NO_GROUND])
    assert (advice.abstained, advice.priority) == (True, 0.0)
    assert advice.sentence == f"Asked for on 3 Oct. No advice from the model: {NO_GROUND.sentence}"


def test_the_owner_and_class_that_the_facts_show_lead_over_the_likeliest_class():
    evidence = Evidence("Price is 10% above the order's.", codes=("PRICE_VARIANCE",))
    score = make_score(INVOICE, 0.9, "NO_RECEIPT")
    advice = recommend_example(INVOICE, score, evidence=evidence)  # the example's is 10% up
    assert advice.route == POLICY.classes["PRICE_VARIANCE"].role
    assert advice.suggested_action == POLICY.classes["PRICE_VARIANCE"].suggestion


@pytest.mark.parametrize(
    ("flags", "level", "action", "route"),
    [
        (True, Level.ACT, "Call them.", "procurement"),
        (False, Level.NONE, POLICY.suggestions[INVOICE][Level.NONE], "accounts payable"),
    ],
)
def test_evidence_of_rules_that_only_inform_leads_the_sentence_and_nothing_else(
    flags, level, action, route
):
    found = Finding(code="PRICE_VARIANCE", sentence="Dear.", role="procurement", flags=flags)
    evidence = Evidence("Dear.", Level.ACT, "Call them.", codes=("PRICE_VARIANCE",))
    served = replace(CATALOGUE[INVOICE], evidence=lambda *_: evidence)
    asked = CaseInput("rec-1", served, example_fields(INVOICE), ASKED_AT, ASKED_AT)
    advice = recommend(asked, make_score(INVOICE, 0.95, "CLEAN"), [found], POLICY, PROVENANCE)
    assert advice.sentence == "Dear. From past cases, the model gives 5% for any exception."
    assert (advice.level, advice.suggested_action, advice.route) == (level, action, route)


@pytest.mark.parametrize(("likely", "owner"), [(0.15, "quality"), (0.14, "accounts payable")])
def test_a_class_picks_the_owner_only_from_the_probability_worth_a_look(likely, owner):
    score = make_score(INVOICE, 0.7, "QUALITY_HOLD")
    rest = dict.fromkeys(score.probabilities, 0.0)
    unsure = replace(
        score, probability=likely, probabilities=rest | {"CLEAN": 0.1, "QUALITY_HOLD": likely}
    )
    quiet = {"invoice_unit_price": 4.2, "line_amount": 420.0, "tax_amount": 79.8}
    advice = recommend_example(INVOICE, unsure, **quiet)
    assert [one.code for one in advice.findings if one.flags] == []
    assert advice.route == owner


@pytest.mark.parametrize("evidence", [CANCELLED, OUT_NOW, SAYS_LATER])
def test_without_a_model_the_facts_still_lead(evidence):
    served = replace(CATALOGUE[DELAY], evidence=lambda *_: evidence)
    asked = CaseInput("rec-1", served, example_fields(DELAY), ASKED_AT, ASKED_AT)
    gone = [StepDown(rung=Rung.CHAMPION, code=Trigger.MODEL_MISSING, sentence="No model.")]
    advice = recommend_by_rules(asked, [], POLICY, gone)
    assert advice.sentence == f"{evidence.sentence} Rules only, no score. No model."
    assert (advice.level, advice.suggested_action) == (evidence.level, evidence.suggestion)
    assert (advice.rung, advice.flagged) == (Rung.RULES, evidence.level is not Level.NONE)


def test_settled_facts_have_to_say_how_strongly():
    with pytest.raises(ValueError, match="needs a level"):
        Evidence("Cancelled on 20 Sep.", settled=True)


EVIDENCE = st.none() | st.builds(
    Evidence,
    st.just("It is so."),
    level=st.sampled_from(Level),
    settled=st.booleans(),
)


@given(
    st.sampled_from([STOCK, DELAY]),
    st.floats(0.001, 0.999),
    EVIDENCE,
    st.sampled_from([(), (NO_GROUND,)]),
)
def test_a_case_is_flagged_exactly_where_it_is_to_be_watched_or_acted_on(
    task, probability, evidence, abstentions
):
    policy = POLICY.model_copy(
        update={"audit_sample": POLICY.audit_sample.model_copy(update={"share": 0.0})}
    )
    advice = recommend_example(
        task,
        make_score(task, probability),
        evidence=evidence,
        abstentions=abstentions,
        policy=policy,
    )
    assert advice.flagged == (advice.level is not Level.NONE)
    assert not (advice.abstained and advice.priority)
    assert advice.priority == 0 or advice.flagged or evidence is None or not evidence.settled
