"""Values by level: the most specific one leads, what is left out is inherited, typos are refused."""

import re
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.policy.levels import CaseIds
from serving.policy.policy import Policy, parse_policy
from serving.tasks.policy_file import load_policy

BUILT_IN = load_policy()
LEVELS = """
[levels.region.NORTH]
sites = ["S01", "S02"]
[levels.region.NORTH.tolerances]
price_above_share = 0.03
freight_share = 0.06
[levels.region.SOUTH.tolerances]
price_above_share = 0.01
[levels.site.S01.tolerances]
price_above_share = 0.04
[levels.site.S01.thresholds.stock_risk]
act = 0.4
watch = 0.1
[levels.site.S01.roles]
stock_risk = "planner of the north"
PRICE_VARIANCE = "procurement of the north"
[levels.category.safety.tolerances]
price_above_share = 0.05
[levels.supplier.V017.tolerances]
price_above_share = 0.06
"""


def policy_with(levels: str) -> Policy:
    return parse_policy(BUILT_IN.plain() | tomllib.loads(levels))


POLICY = policy_with(LEVELS)


@pytest.mark.parametrize(
    ("case", "allowed"),
    [
        ({}, 0.02),
        ({"site_id": "S07"}, 0.02),
        ({"site_id": "S02"}, 0.03),
        ({"site_id": "S07", "region": "NORTH"}, 0.03),
        ({"site_id": "S01"}, 0.04),
        ({"site_id": "S01", "region": "SOUTH"}, 0.04),
        ({"site_id": "S02", "category": "safety"}, 0.05),
        ({"site_id": "S01", "category": "safety", "supplier_id": "V017"}, 0.06),
        ({"site_id": None, "category": None, "supplier_id": "V017"}, 0.06),
        ({"site_id": "S01", "supplier_id": "V018"}, 0.04),
    ],
)
def test_the_most_specific_level_gives_the_tolerance(case, allowed):
    assert POLICY.for_case(case).tolerances.price_above_share == allowed


def test_values_that_a_level_leaves_out_are_inherited_from_the_level_above():
    at_site = POLICY.for_case({"site_id": "S01"})
    assert at_site.tolerances.freight_share == 0.06  # of its region
    assert at_site.tolerances.amount_limit == BUILT_IN.tolerances.amount_limit
    assert at_site.thresholds["stock_risk"].act == 0.4
    assert at_site.thresholds["supplier_delay"] == BUILT_IN.thresholds["supplier_delay"]


def test_a_site_sends_its_cases_to_roles_of_its_own():
    at_site = POLICY.for_case({"site_id": "S01"})
    assert at_site.roles["stock_risk"] == "planner of the north"
    assert at_site.classes["PRICE_VARIANCE"].role == "procurement of the north"
    assert at_site.classes["NO_RECEIPT"] == BUILT_IN.classes["NO_RECEIPT"]


def test_the_region_that_lists_a_site_leads_over_the_one_that_a_case_names():
    listed = POLICY.for_case({"site_id": "S02", "region": "SOUTH"})
    named = POLICY.for_case({"site_id": "S07", "region": "SOUTH"})
    assert listed.tolerances.price_above_share == 0.03
    assert named.tolerances.price_above_share == 0.01


def test_what_was_resolved_names_the_policy_it_is_of_and_resolves_to_itself():
    at_site = POLICY.for_case({"site_id": "S01"})
    assert (at_site.version, at_site.digest) == (POLICY.version, POLICY.digest)
    assert at_site.for_case({"site_id": "S02"}) is at_site


def test_cases_of_the_same_levels_share_one_resolved_policy():
    one = POLICY.for_case({"site_id": "S02", "category": "paper"})
    assert POLICY.for_case({"site_id": "S01"}) is not one
    assert POLICY.for_case({"site_id": "S01", "region": "X"}) is POLICY.for_case({"site_id": "S01"})


def test_a_changed_copy_is_resolved_anew():
    POLICY.for_case({"site_id": "S02"})
    strict = POLICY.tolerances.model_copy(update={"amount_limit": 1.0})
    changed = POLICY.model_copy(update={"tolerances": strict})
    assert changed.for_case({"site_id": "S02"}).tolerances.amount_limit == 1.0


def test_levels_are_part_of_the_digest_and_are_read_back_as_recorded():
    assert POLICY.digest != BUILT_IN.digest
    again = parse_policy(POLICY.plain())
    assert (again.plain(), again.digest) == (POLICY.plain(), POLICY.digest)


TOLERANCES = st.sampled_from(sorted(BUILT_IN.tolerances.model_fields_set))
IDS = st.none() | st.sampled_from(["A", "B", "C"])
STATED = st.dictionaries(
    st.sampled_from(["region", "site", "category", "supplier"]),
    st.dictionaries(
        st.sampled_from(["A", "B"]),
        st.dictionaries(TOLERANCES, st.floats(0, 1), min_size=1),
    ),
)


@given(STATED, st.builds(CaseIds, IDS, IDS, IDS, IDS), TOLERANCES)
def test_a_value_is_that_of_the_last_level_that_states_it_else_the_global_one(levels, ids, name):
    plain = {
        level: {key: {"tolerances": values} for key, values in by_id.items()}
        for level, by_id in levels.items()
    }
    expected = getattr(BUILT_IN.tolerances, name)
    for level, key in ids._asdict().items():
        expected = levels.get(level, {}).get(key, {}).get(name, expected)
    resolved = parse_policy(BUILT_IN.plain() | {"levels": plain}).resolve(ids)
    assert getattr(resolved.tolerances, name) == expected


@pytest.mark.parametrize(
    ("levels", "said"),
    [
        ("[levels.plant.S01.tolerances]", "'plant' is not one of region, site, category, supplier"),
        ("[levels.site.S01.rules]", "site.S01: 'rules' is not one of tolerances, thresholds,"),
        ("[levels.site.S01]\nsites = ['S02']", "site.S01: 'sites' is not one of"),
        ("[levels.supplier.V1.roles]", "supplier.V1: 'roles' is not one of tolerances"),
        ("[levels.category.x.roles]", "category.x: 'roles' is not one of tolerances"),
        (
            "[levels.site.S01.tolerances]\nprice = 0.1",
            "levels.site.S01.tolerances: 'price' is not one of price_above_share,",
        ),
        (
            "[levels.site.S01.tolerances]\nprice_above_share = 3.0",
            "levels.site.S01.tolerances.price_above_share: Input should be less than",
        ),
        (
            "[levels.site.S01.thresholds.stock_risk]\nact = 0.1\nwatch = 0.2",
            "watch 0.2 is above act 0.1",
        ),
        (
            "[levels.site.S01.thresholds.stock_risk]\nact = 0.1",
            "levels.site.S01.thresholds.stock_risk.watch: Field required",
        ),
        ("[levels.site.S01.thresholds.pallets]\nact = 0.1", "Input should be 'stock_risk'"),
        (
            "[levels.site.S01.roles]\nPRICE = 'x'",
            "levels.site.S01.roles: 'PRICE' is not one of supplier_delay,",
        ),
        (
            "[levels.site.S01.calendar]",
            "site.S01: 'calendar' is not one of tolerances, thresholds,",
        ),
        (
            "[levels.region.N]\nsites = ['S01']\n[levels.region.S]\nsites = ['S01']",
            "site S01 is listed in two regions",
        ),
    ],
)
def test_a_level_that_says_what_it_cannot_say_is_refused_with_the_choices(levels, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        policy_with(levels)
