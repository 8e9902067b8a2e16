"""No advice where the model has no ground, said plainly, with the score kept."""

from types import SimpleNamespace

import numpy as np
import pytest

from models.abstention import AbstentionReason
from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from models.tasks.stock_risk import STOCK_RISK
from models.tasks.supplier_delay import SUPPLIER_DELAY
from serving.policy.finding import Finding
from serving.policy.sections import Level
from serving.recommendation.abstention import find_abstentions, remedy_for
from serving.recommendation.recommendation import Abstention
from tests.support.synthetic_recommendations import (
    CATALOGUE,
    POLICY,
    make_score,
    recommend_example,
)

STOCK, INVOICE, DELAY = STOCK_RISK.name, INVOICE_MISMATCH.name, SUPPLIER_DELAY.name
WHY = Abstention(code="WIDE_INTERVAL", sentence="the probability may be anything. More would help.")


def answers(**changes):
    """Return a model's answers for one case, certain and familiar by default."""
    said = {
        "probability": np.array([[0.7, 0.3]]),
        "explained": np.array([1]),
        "low": np.array([0.25]),
        "high": np.array([0.35]),
        "similar": np.array([400]),
        "unseen": ((),),
        "outside": ((),),
    }
    return SimpleNamespace(**said | changes)


def codes(history_days=0, task=DELAY, findings=(), **changes):
    found = find_abstentions(answers(**changes), 0, CATALOGUE[task], POLICY, history_days, findings)
    return [one.code for one in found]


def test_a_familiar_case_is_advised_on():
    assert codes() == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"unseen": (("supplier_id",),)}, "UNSEEN_KEY"),
        ({"outside": (("a", "b", "c", "d"),)}, "OUT_OF_RANGE"),
        ({"history_days": 15}, "STALE_HISTORY"),
        ({"low": np.array([0.05]), "high": np.array([0.46])}, "WIDE_INTERVAL"),
        ({"high": np.array([0.51]), "similar": np.array([59])}, "STRADDLES_THRESHOLD"),
    ],
)
def test_the_limits_of_the_policy_decide(changes, code):
    assert codes(**changes) == [code]


WIDE = {"low": np.array([0.05]), "high": np.array([0.46])}


@pytest.mark.parametrize(
    ("task", "code", "advised"),
    [
        (INVOICE, "PRICE_VARIANCE", True),  # the class expected: number 1
        (INVOICE, "NO_RECEIPT", False),
        (DELAY, "PROMISE_PASSED", True),
        (DELAY, "ASN_AFTER_PROMISE", False),
        (STOCK, "OUT_OF_STOCK", True),
    ],
)
def test_doubts_of_the_model_do_not_count_where_a_rule_found_what_it_expects(task, code, advised):
    found = [Finding(code=code, sentence="Computed.", role="buyer")]
    assert codes(task=task, findings=found, **WIDE) == ([] if advised else ["WIDE_INTERVAL"])
    strange = {"outside": (("a", "b", "c", "d"),)}
    assert codes(task=task, findings=found, **strange) == ["OUT_OF_RANGE"]


def test_a_finding_that_only_informs_settles_no_doubt():
    told = Finding(code="PRICE_VARIANCE", sentence="Computed.", role="buyer", flags=False)
    assert codes(task=INVOICE, findings=[told], **WIDE) == ["WIDE_INTERVAL"]


def test_a_question_about_the_past_of_the_history_is_not_stale():
    assert codes(history_days=-40) == []


def test_every_reason_says_what_would_mend_it():
    for why in AbstentionReason:
        assert remedy_for(why).endswith(".")
    (one,) = find_abstentions(answers(unseen=(("supplier_id",),)), 0, CATALOGUE[DELAY], POLICY, 0)
    assert one.sentence == (
        "the model has never seen this supplier, so past cases say little about this one. "
        "A model trained once such cases have matured would mend that."
    )


@pytest.mark.parametrize(
    ("task", "case"),
    [
        (STOCK, "item item_0042 at site site_03"),
        (INVOICE, "invoice line inv-88123-1"),
        (DELAY, "order line po-5521-2 from supplier_17"),
    ],
)
def test_the_answer_says_plainly_that_there_is_no_advice_and_why(task, case):
    advice = recommend_example(task, abstentions=[WHY])
    assert advice.sentence == f"No advice on {case}: {WHY.sentence}"
    assert advice.suggested_action == POLICY.abstain[task].instead
    assert (advice.abstained, advice.abstentions) == (True, [WHY])
    assert advice.route == POLICY.roles[task]


@pytest.mark.parametrize("probability", [0.01, 0.9])
def test_the_score_is_kept_and_decides_neither_level_nor_rank(probability):
    advice = recommend_example(STOCK, make_score(STOCK, probability), abstentions=[WHY])
    assert (advice.exception_probability, advice.level) == (probability, Level.WATCH)
    assert (advice.priority, advice.priority_is) == (0.0, "no advice: ranked last")
