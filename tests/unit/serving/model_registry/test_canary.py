"""Which cases a challenger answers."""

from models.tasks.stock_risk import STOCK_RISK
from serving.model_registry.active_models import ActiveModels, Canary
from serving.model_registry.pointer import ModelAlias

TASK = STOCK_RISK.name
CASES = [(f"site_{n % 7:02}", f"item_{n:05}") for n in range(4000)]


def taken(share, seed="a"):
    canary = Canary(share, seed)
    return {case for case in CASES if canary.takes(TASK, case)}


def test_a_canary_takes_its_share_of_the_cases():
    assert 150 <= len(taken(0.05)) <= 250
    assert taken(0.0) == set()
    assert taken(1.0) == set(CASES)


def test_a_case_stays_where_it_is_when_the_share_grows():
    assert taken(0.05) == taken(0.05)
    assert taken(0.05) < taken(0.2)


def test_another_seed_draws_other_cases():
    assert taken(0.05, "a") != taken(0.05, "b")


def test_the_champion_answers_what_the_canary_does_not_take():
    active = ActiveModels(
        {TASK: "champion"}, {}, None, {}, {TASK: "challenger"}, {TASK: Canary(0.05, "a")}
    )
    mine = taken(0.05)
    for case in CASES[:500]:
        who, alias = active.model_for(TASK, case)
        assert alias is (ModelAlias.CHALLENGER if case in mine else ModelAlias.CHAMPION)
        assert who == alias


def test_a_challenger_without_a_share_answers_nothing():
    active = ActiveModels(
        {TASK: "champion"}, {}, None, {}, {TASK: "challenger"}, {TASK: Canary(0.0, "a")}
    )
    assert all(active.model_for(TASK, case)[1] is ModelAlias.CHAMPION for case in CASES)
