"""The policy and its tasks state everything; what is left out is an error, never a guess."""

import re

import pytest

from data.contracts.invoice_outcomes import ExceptionClass
from models.catalogue import TASKS
from serving.policy.policy import parse_policy
from serving.policy.sections import TASK_SECTIONS, Level
from serving.tasks.catalogue import SERVED_TASKS
from serving.tasks.policy_file import DEFAULT_POLICY_FILE, load_policy
from tests.docs.sample_answers import finding_codes


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


SAMPLE = "[audit_sample]\n"
THRESHOLDS = "[thresholds.stock_risk]\nact = 0.1\nwatch = 0.2\n"
ABSTAIN = """[abstain.stock_risk]
key_features = ["region"]
most_outside = 3
widest = 0.4
few = 150
oldest_days = 14
instead = "Look."
"""


def test_a_task_that_the_file_leaves_out_has_the_values_of_its_folder(tmp_path):
    policy = load_policy(changed(tmp_path, SAMPLE, "[roles]\nstock_risk = 'buyer'\n" + SAMPLE))
    assert policy.roles == load_policy().roles | {"stock_risk": "buyer"}
    assert policy.thresholds == load_policy().thresholds
    assert {str(name): served.policy.role for name, served in SERVED_TASKS.items()} == {
        str(name): role for name, role in load_policy().roles.items()
    }


def test_a_recorded_policy_is_taken_as_it_is_stated():
    plain = load_policy().plain()
    del plain["roles"]["stock_risk"]
    with pytest.raises(ValueError, match="roles lacks stock_risk"):
        parse_policy(plain)


def test_a_policy_that_was_recorded_before_a_task_was_added_is_read_back():
    plain = load_policy().plain()
    for section in TASK_SECTIONS:
        del plain[section]["stock_risk"]
    assert "stock_risk" not in parse_policy(plain).roles


RETENTION = "[retention]\nanswers = 84\ndecisions = 84\nother = 84\n"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("price_above_share = 0.02", "", "tolerances.price_above_share: Field required"),
        (
            "price_above_share",
            "price_over",
            "tolerances: 'price_over' is not one of price_above_share, ",
        ),
        (SAMPLE, THRESHOLDS + SAMPLE, "watch 0.2 is above act 0.1"),
        ("[history]", 'roles = "planner"\n[history]', "roles: Input should be a valid dictionary"),
        (SAMPLE, f"[roles]\npallet_risk = 'x'\n{SAMPLE}", "roles.pallet_risk"),
        ("version", "version =", "policy.toml"),
        ("share = 0.02", "share = 2", "audit_sample.share: Input should be less than"),
        (
            "answers = 84",
            "answers = 5",
            "retention.answers: 5 months are fewer than 6",
        ),
        ("decisions = 84\n", "", "retention.decisions: Field required"),
        ("[clocks]\nsender_ahead_minutes = 10.0", "", "lacks [clocks]"),
        ('freight_untaxed = ["US"]', 'freight_untaxed = ["US", "GB"]', "GB is in both"),
        ('["US"]', '["Texas"]', "tax.freight_untaxed.0: String should match"),
        ('"AMOUNT_LIMIT",', '"amount limit",', "rules.always_flag.2: String should match"),
        ("[clocks]", "[capacities]\nplanner = 9\n[clocks]", "'capacities' is not one of version,"),
        ('rates_at = "2024-03-15"', "", "money.rates_at: Field required"),
        (RETENTION, "", "lacks [retention]"),
        (
            SAMPLE,
            ABSTAIN.replace("most_outside = 3\n", "") + SAMPLE,
            "abstain.stock_risk.most_outside: Field required",
        ),
        (
            SAMPLE,
            ABSTAIN.replace('"region"', '"colour"') + SAMPLE,
            "abstain.stock_risk.key_features: 'colour' is not one of",
        ),
    ],
)
def test_a_policy_that_is_not_complete_is_refused(tmp_path, before, after, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        load_policy(changed(tmp_path, before, after))


@pytest.mark.parametrize(
    ("jurisdiction", "taxed"),
    [
        ("DE", True),
        ("GB", True),
        ("de ", True),
        ("US", False),
        ("US-CA", False),
        ("US-TX", True),
        ("us-tx", True),
        ("JP", True),
        ("", True),
        (None, True),
    ],
)
def test_freight_is_taxed_as_the_jurisdiction_says_a_state_before_its_country(jurisdiction, taxed):
    assert load_policy().tax.freight_is_taxed(jurisdiction) is taxed


def test_a_jurisdiction_that_is_not_listed_is_taxed_as_the_policy_says_of_elsewhere(tmp_path):
    elsewhere = "freight_taxed_elsewhere = "
    policy = load_policy(changed(tmp_path, elsewhere + "true", elsewhere + "false"))
    assert not policy.tax.freight_is_taxed("JP")
    assert policy.tax.freight_is_taxed("DE")


@pytest.mark.parametrize(
    ("currency", "stated", "rate"),
    [
        ("EUR", None, 1.0),
        ("USD", None, 0.92),
        ("usd", None, 0.92),
        ("USD", 0.85, 0.85),
        ("EUR", 0.85, 1.0),
        ("XAU", None, None),
        ("XAU", 2100.0, 2100.0),
        (None, 0.85, None),
    ],
)
def test_money_is_converted_at_the_rate_of_the_case_then_of_the_table_and_never_at_a_guess(
    currency, stated, rate
):
    assert load_policy().money.rate(currency, stated) == rate


@pytest.mark.parametrize("written", ['"2026-01-31"', "2026-01-31"])
def test_the_day_of_the_rates_is_recorded_as_a_day_however_it_is_written(tmp_path, written):
    policy = load_policy(changed(tmp_path, '"2024-03-15"', written))
    assert policy.plain()["money"]["rates_at"] == "2026-01-31"
    assert parse_policy(policy.plain()).digest == policy.digest


def test_the_hard_gates_of_the_built_in_policy_are_codes_that_rules_find():
    known = set().union(*(finding_codes(task) for task in TASKS))
    assert set(load_policy().rules.always_flag) <= known
