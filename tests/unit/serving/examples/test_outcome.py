"""Outcome of an answer with a score, without a score, and of a missing answer."""

import pytest

from serving.examples.outcome import (
    Answered,
    ProcessAdvice,
    Refused,
    Unavailable,
    advice_from_outcome,
)

GIVEN = {
    "id": "r-1",
    "rung": "previous",
    "abstained": False,
    "level": "act",
    "explained_class": "NO_RECEIPT",
    "sentence": "It will end so.",
    "report": "http://triage/v1/recommendations/r-1/report",
    "probability": 0.7,
}
PAUSED = {"rung": "champion", "code": "PAUSED", "sentence": "paused by planner"}


def test_an_answer_becomes_variables_that_tables_can_read():
    assert advice_from_outcome(Answered(GIVEN)).variables() == {
        "recommendation": "r-1",
        "rung": "previous",
        "abstained": False,
        "level": "act",
        "expected": "NO_RECEIPT",
        "sentence": "It will end so.",
        "report": GIVEN["report"],
        "why": "",
    }


def test_an_answer_without_a_score_has_empty_texts_and_can_still_be_decided():
    unscored = GIVEN | {"rung": "no_score", "explained_class": None, "level": None}
    said = advice_from_outcome(
        Answered(unscored | {"rung_reasons": [PAUSED, PAUSED | {"sentence": "no rules"}]})
    )
    assert (said.recommendation, said.rung) == ("r-1", "no_score")
    assert (said.expected, said.level) == ("", "")
    assert said.why == "paused by planner; no rules"


@pytest.mark.parametrize(
    ("outcome", "why"),
    [(Unavailable("503: later"), "away: 503: later"), (Refused("422: no"), "refused: 422: no")],
)
def test_without_an_answer_there_is_nothing_to_decide_and_a_reason(outcome, why):
    assert advice_from_outcome(outcome) == ProcessAdvice(why=why)
    assert advice_from_outcome(outcome).rung == "none"
