"""The policy states everything; what it leaves out is an error, never a guess."""

import re

import pytest

from data.contracts.invoice_outcomes import ExceptionClass
from models.catalogue import TASKS
from serving.policy.policy import DEFAULT_POLICY_FILE, Level, load_policy


def changed(tmp_path, before, after):
    text = DEFAULT_POLICY_FILE.read_text()
    assert before in text
    path = tmp_path / "policy.toml"
    path.write_text(text.replace(before, after, 1))
    return path


def test_the_built_in_policy_covers_every_class_task_and_level():
    policy = load_policy()
    assert set(policy.classes) == set(ExceptionClass)
    assert set(policy.roles) == set(TASKS)
    assert all(set(texts) == set(Level) for texts in policy.suggestions.values())


def test_the_digest_changes_with_any_value(tmp_path):
    path = changed(tmp_path, "price_above_share = 0.02", "price_above_share = 0.03")
    assert load_policy(path).digest != load_policy().digest


def test_the_digest_does_not_depend_on_comments(tmp_path):
    path = changed(tmp_path, "# PP: of the order's price", "")
    assert load_policy(path).digest == load_policy().digest


RETENTION = "[retention]\nanswers = 84\ndecisions = 84\nother = 84\n"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("price_above_share = 0.02", "", "tolerances.price_above_share: Field required"),
        ("price_above_share", "price_over", "tolerances.price_over: Extra inputs"),
        ('stock_risk = "planner"', "", "roles lacks stock_risk"),
        ("act = 0.5\nwatch = 0.2", "act = 0.1\nwatch = 0.2", "watch 0.2 is above act 0.1"),
        ("version", "version =", "policy.toml"),
        ("share = 0.02", "share = 2", "audit_sample.share: Input should be less than"),
        (
            "answers = 84",
            "answers = 5",
            "retention.answers: Value error, 5 months are fewer than 6",
        ),
        ("decisions = 84\n", "", "retention.decisions: Field required"),
        (RETENTION, "", "lacks [retention]"),
        ("most_outside = 3\n", "", "abstain.stock_risk.most_outside: Field required"),
        ('"region"', '"colour"', "abstain.stock_risk.key_features: 'colour' is not one of"),
    ],
)
def test_a_policy_that_is_not_complete_is_refused(tmp_path, before, after, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        load_policy(changed(tmp_path, before, after))
