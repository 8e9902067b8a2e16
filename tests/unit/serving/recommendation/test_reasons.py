"""Reasons by subject: every part once, and first what a person can act on."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.feature import Theme
from models.calibration.calibrators import PROBABILITY_GRID
from models.catalogue import TASKS
from models.tasks.stock_risk import STOCK_RISK
from serving.recommendation.reasons import ACTIONABLE, reason_groups, top_reasons
from serving.recommendation.score import Waterfall
from tests.support.synthetic_recommendations import Step, make_score

STOCK = STOCK_RISK.name


def scored(*parts):
    """A score of steps (theme, sentence, contribution)."""
    steps = [
        Step(feature=f"f{i}", theme=theme, value=1.0, sentence=text, contribution=part)
        for i, (theme, text, part) in enumerate(parts)
    ]
    total = 0.2 + sum(step.contribution for step in steps)
    return replace(make_score(STOCK, total, base=0.2), steps=Waterfall(steps))


def test_every_theme_says_whether_a_person_can_act_on_it():
    assert set(ACTIONABLE) == set(Theme)
    for task in TASKS.values():
        assert {ACTIONABLE[feature.theme] for feature in task.features} == {True, False}


grid = st.integers(-(2**38), 2**38).map(lambda whole: whole / PROBABILITY_GRID)


@given(st.lists(st.tuples(st.sampled_from(Theme), grid), min_size=1, max_size=60))
def test_base_and_groups_add_up_to_the_probability_exactly(parts):
    made = scored(*((theme, "fact", part) for theme, part in parts))
    base = 1024 / PROBABILITY_GRID
    probability = base + sum(part for _, part in parts)
    groups = reason_groups(made)
    assert base + sum(group.contribution for group in groups) == probability
    assert len({group.theme for group in groups}) == len(groups)


def test_actionable_reasons_come_first_if_they_matter():
    made = scored(
        (Theme.SUPPLIER_RELIABILITY, "half came late", 0.3),
        (Theme.STOCK_COVER, "3 days of cover", 0.1),
        (Theme.PAPER_TRAIL, "not acknowledged", -0.15),
        (Theme.PRICE, "the price is as ordered", 0.029),  # under a tenth of the strongest
        (Theme.TIMING, "asked in month 3", 0.03),
    )
    order = [Theme.PAPER_TRAIL, Theme.STOCK_COVER]
    order += [Theme.SUPPLIER_RELIABILITY, Theme.TIMING, Theme.PRICE]
    assert [group.theme for group in reason_groups(made)] == order
    assert [reason.theme for reason in top_reasons(made)] == order
    assert [group.actionable for group in reason_groups(made)] == [True, True, False, False, True]


def test_below_a_point_nothing_is_put_first():
    made = scored((Theme.DEMAND, "usual", 0.02), (Theme.PRICE, "the price is as ordered", 0.009))
    assert [group.theme for group in reason_groups(made)] == [Theme.DEMAND, Theme.PRICE]


def test_the_five_strongest_facts_are_told_whether_or_not_they_can_be_acted_on():
    weak = [(Theme.PRICE, f"price {i}", 0.011) for i in range(5)]
    strong = [(Theme.DEMAND, f"demand {i}", 0.05 + i / 100) for i in range(4)]
    assert [r.sentence for r in top_reasons(scored(*weak, *strong))] == [
        "price 0",
        "demand 3",
        "demand 2",
        "demand 1",
        "demand 0",
    ]


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        (
            [("4 days of cover", 0.2), ("120 on hand", 0.05), ("10 ordered", 0.1)],
            "Stock cover, +35.0 points: 4 days of cover; 10 ordered.",
        ),
        (
            [("4 days of cover", 0.1), ("120 on hand", -0.3)],
            "Stock cover, -20.0 points: 120 on hand.",
        ),
        (
            [("missing: nothing is promised", 0.2), ("missing: nothing is promised", 0.1)],
            "Stock cover, +30.0 points: not known (nothing is promised).",
        ),
        ([("4 days of cover", 0.0004)], "Stock cover, less than 0.1 points: 4 days of cover."),
    ],
)
def test_a_group_names_its_strongest_facts_that_pull_its_way(parts, sentence):
    (group,) = reason_groups(scored(*((Theme.STOCK_COVER, text, part) for text, part in parts)))
    assert group.sentence == sentence


def test_a_subject_that_moved_nothing_is_not_a_reason():
    assert reason_groups(scored((Theme.DEMAND, "usual", 0.0))) == []
