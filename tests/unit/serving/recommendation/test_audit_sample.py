"""The audit sample: a random share of all cases, always put up for review."""

import pytest

from models.catalogue import TASKS
from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from models.tasks.stock_risk import STOCK_RISK
from serving.policy.sections import AuditSamplePolicy, Level
from serving.recommendation.audit_sample import AUDIT_SAMPLE_NOTE, in_audit_sample
from tests.support.synthetic_recommendations import POLICY, make_score, recommend_example

STOCK, INVOICE = STOCK_RISK.name, INVOICE_MISMATCH.name
EVERY = AuditSamplePolicy(share=1.0, seed="any", suggestion="Look at it anyway.")
NOBODY = EVERY.model_copy(update={"share": 0.0})


def advised(sample, task=STOCK, probability=0.01, **changes):
    policy = POLICY.model_copy(update={"audit_sample": sample})
    covered = {"average_demand": 4.0} if task == STOCK else {}  # no rule finds anything
    score = make_score(task, probability, **changes)
    return recommend_example(task, score, policy=policy, **covered)


@pytest.mark.parametrize("share", [0.02, 0.3])
@pytest.mark.parametrize("task", TASKS)
def test_the_share_that_is_picked_is_the_share_stated(task, share):
    sample = EVERY.model_copy(update={"share": share})
    n = 20_000
    got = sum(in_audit_sample(sample, task, (f"case-{i}",)) for i in range(n))
    assert got == pytest.approx(n * share, abs=4 * (n * share * (1 - share)) ** 0.5)


def test_a_case_that_is_asked_again_is_picked_again_and_another_seed_picks_others():
    half = EVERY.model_copy(update={"share": 0.5})
    other = half.model_copy(update={"seed": "another"})
    cases = [("site_01", f"item_{i}") for i in range(64)]
    first = [in_audit_sample(half, STOCK, one) for one in cases]
    assert first == [in_audit_sample(half, STOCK, one) for one in cases]
    assert first != [in_audit_sample(other, STOCK, one) for one in cases]
    assert first != [in_audit_sample(half, INVOICE, one) for one in cases]


def test_parts_of_a_reference_do_not_run_into_each_other():
    half = EVERY.model_copy(update={"share": 0.5})
    pairs = [((f"a{i}", "b"), (f"a{i}b", "")) for i in range(64)]
    assert any(
        in_audit_sample(half, STOCK, one) != in_audit_sample(half, STOCK, two) for one, two in pairs
    )


def test_a_picked_case_is_watched_marked_and_says_why():
    advice = advised(EVERY)
    assert (advice.level, advice.audit_sample, advice.audit_share) == (Level.WATCH, True, 1.0)
    assert advice.suggested_action == "Look at it anyway."
    assert advice.notes[0] == AUDIT_SAMPLE_NOTE


def test_picking_a_flagged_case_does_not_change_what_is_suggested():
    plain, chosen = advised(NOBODY, probability=0.9), advised(EVERY, probability=0.9)
    assert chosen.suggested_action == plain.suggested_action
    assert (chosen.level, chosen.audit_sample) == (plain.level, True)


def test_a_case_that_is_not_picked_says_nothing_of_it_but_the_share():
    advice = advised(NOBODY)
    assert (advice.level, advice.audit_sample, advice.audit_share) == (Level.NONE, False, 0.0)
    assert AUDIT_SAMPLE_NOTE not in advice.notes
