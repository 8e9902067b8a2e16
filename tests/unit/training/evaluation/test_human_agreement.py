"""People's agreement with the model, against the model's own error."""

import json

import numpy as np
import pandas as pd
import pytest

from training.evaluation.statistics import Proportion, proportion_difference, wilson_proportion
from training.monitor.human_agreement import MIN_DECISIONS, measure_agreement


def frames(*groups):
    """Groups of (how many, fields) as recommendations, decisions and outcomes.

    fields: flagged, action, label (None: not ended), and any column of a recommendation.
    """
    recommended, decided, ended = [], [], []
    for count, fields in groups:
        for _ in range(count):
            name = f"r{len(recommended)}"
            given = {
                "id": name,
                "task": "stock_risk",
                "site_id": "S01",
                "case_id": name,
                "asked_at": pd.Timestamp("2026-03-10T08:00Z"),
                "flagged": True,
                "abstained": False,
                "audit_sample": False,
            }
            recommended.append(given | {k: v for k, v in fields.items() if k in given})
            if action := fields.get("action"):
                decided.append(
                    {
                        "recommendation_id": name,
                        "action": action,
                        "role": fields.get("role", "planner"),
                        "resolved_as": fields.get("resolved_as"),
                    }
                )
            if fields.get("label") is not None:
                ended.append({"recommendation_id": name, "label": fields["label"]})
    return (
        pd.DataFrame(recommended),
        pd.DataFrame(decided, columns=["recommendation_id", "action", "role", "resolved_as"]),
        pd.DataFrame(ended, columns=["recommendation_id", "label"]),
    )


def everyone(*groups):
    return measure_agreement(*frames(*groups)).groups[0]


def test_following_right_and_wrong_advice_alike_counts_as_not_checking() -> None:
    blind = everyone(
        (80, {"action": "followed", "label": 1}),
        (20, {"action": "overridden", "label": 1}),
        (40, {"action": "followed", "label": 0}),
        (10, {"action": "overridden", "label": 0}),
    )
    assert (blind.followed_when_right.hits, blind.followed_when_right.rows) == (80, 100)
    assert (blind.followed_when_wrong.hits, blind.followed_when_wrong.rows) == (40, 50)
    assert (blind.overrides_right.hits, blind.overrides_right.rows) == (10, 30)
    assert blind.agreed.share == pytest.approx(120 / 150)
    assert blind.right.share == pytest.approx(100 / 150)
    assert blind.sentence == (
        "No sign that people tell right from wrong: they followed 80% of the right and 80% of "
        "the wrong ones."
    )


def test_overriding_wrong_advice_counts_as_checking() -> None:
    careful = everyone(
        (90, {"action": "followed", "label": 1}),
        (10, {"action": "ignored", "label": 1}),
        (5, {"action": "followed", "label": 0}),
        (25, {"action": "overridden", "label": 0}),
    )
    assert careful.overrides_right.share == 1.0
    assert careful.sentence.startswith("People tell right from wrong: they followed 90%")


def test_a_model_that_flags_nothing_is_right_where_nothing_goes_wrong() -> None:
    group = everyone(
        (3, {"flagged": False, "action": "followed", "label": 0}),
        (2, {"flagged": False, "action": "followed", "label": 1}),
        (1, {"flagged": True, "action": "followed", "label": 1}),
    )
    assert (group.right.hits, group.right.rows) == (4, 6)
    assert "Too few decisions to judge: 4 on right recommendations, 2 on wrong" in group.sentence
    assert not group.enough


def test_only_advice_that_was_given_and_has_ended_counts() -> None:
    told = measure_agreement(
        *frames(
            (4, {"action": "followed", "label": 1}),
            (3, {"action": "followed"}),
            (2, {"action": "followed", "label": 1, "abstained": True}),
            (5, {"label": 1}),
        )
    )
    assert (told.decided, told.ended) == (9, 4)
    assert told.groups[0].agreed.rows == 4


def test_groups_are_tasks_sites_and_roles() -> None:
    told = measure_agreement(
        *frames(
            (MIN_DECISIONS, {"action": "followed", "label": 1, "role": "buyer"}),
            (2, {"action": "followed", "label": 1, "site_id": "S02"}),
        )
    )
    assert {group.group: group.enough for group in told.groups} == {
        "all": True,
        "task:stock_risk": True,
        "site:S01": True,
        "site:S02": False,
        "role:buyer": True,
        "role:planner": False,
    }


def test_the_last_decision_on_a_recommendation_counts() -> None:
    recommended, decided, ended = frames((1, {"action": "followed", "label": 1}))
    again = pd.concat([decided, decided.assign(action="overridden")], ignore_index=True)
    assert measure_agreement(recommended, again, ended).groups[0].agreed.hits == 0


def test_a_question_that_was_asked_again_and_again_counts_once() -> None:
    again = {"action": "followed", "label": 1, "case_id": "same"}
    other_day = again | {"asked_at": pd.Timestamp("2026-03-11T08:00Z")}
    told = measure_agreement(*frames((20, again), (1, other_day)))
    assert (told.decided, told.groups[0].agreed.rows) == (2, 2)


def test_the_audit_sample_says_what_was_missed_with_its_interval() -> None:
    drawn = {"flagged": False, "audit_sample": True}
    told = measure_agreement(
        *frames(
            (8, drawn | {"label": 1}),
            (30, drawn | {"label": 0}),
            (2, drawn | {"action": "ignored", "resolved_as": "STOCK_OUT"}),
            (1, drawn | {"label": 0, "action": "ignored", "resolved_as": "STOCK_OUT"}),
            (5, drawn),
            (954, {"flagged": False}),
            (50, {"label": 1, "audit_sample": True}),
        )
    )
    [missed] = told.missed
    assert (missed.missed.hits, missed.missed.rows) == (10, 41)  # systems are believed first
    assert (missed.open, missed.unflagged) == (5, 1000)
    low, high = missed.missed.low * 1000, missed.missed.high * 1000
    assert 140 < low < 244 < high < 380
    assert missed.sentence == (
        "10 of 41 sampled cases that were not flagged went wrong: of all 1000 not flagged, "
        f"between {low:.0f} and {high:.0f} (90 %)."
    )


def test_a_case_that_was_asked_twice_is_one_case_in_the_sample() -> None:
    drawn = {"flagged": False, "audit_sample": True, "case_id": "same", "label": 1}
    [missed] = measure_agreement(*frames((3, drawn))).missed
    assert (missed.missed.rows, missed.unflagged) == (1, 1)
    assert missed.sentence == "1 sampled cases have ended, 10 are needed to say what was missed."


def test_nothing_recorded_is_nothing_said() -> None:
    empty = [frame.head(0) for frame in frames((1, {"action": "followed", "label": 1}))]
    told = measure_agreement(*empty)
    assert (told.decided, told.ended, told.missed) == (0, 0, ())
    assert told.groups[0].sentence.startswith("Too few decisions to judge: 0 on right")


def test_it_is_plain_json_without_not_a_number_and_small_groups_are_only_counted() -> None:
    told = measure_agreement(
        *frames(
            (MIN_DECISIONS, {"action": "followed", "label": 1}),
            (1, {"action": "overridden", "label": 1, "role": "the only buyer"}),
        )
    ).as_json()
    read = json.loads(json.dumps(told, allow_nan=False))
    everyone, *_, small, _ = read["groups"]
    assert everyone["followed_when_wrong"]["share"] is None
    assert everyone["followed_when_right"]["share"] == pytest.approx(
        MIN_DECISIONS / (MIN_DECISIONS + 1)
    )
    assert everyone["sentence"].startswith("Too few")
    assert (small["group"], small["ended"], small["enough"]) == (
        "role:planner",
        MIN_DECISIONS,
        True,
    )
    assert set(read["groups"][-1]) == {"group", "ended", "enough", "sentence"}


def test_the_interval_of_a_difference_is_newcombes() -> None:
    """56/70 against 48/80, the paper's first example, at its 95 %: 0.0524 to 0.3339."""
    one, other = Proportion(56, 70, 0.6918, 0.8772), Proportion(48, 80, 0.4904, 0.7004)
    assert proportion_difference(one, other) == pytest.approx((0.0524, 0.3339), abs=2e-4)


def test_a_proportion_of_nothing_could_be_anything() -> None:
    nothing = wilson_proportion([])
    assert (nothing.hits, nothing.rows, nothing.low, nothing.high) == (0, 0, 0.0, 1.0)
    assert np.isnan(nothing.share)
