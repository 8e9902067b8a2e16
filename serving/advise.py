"""From a score to advice: what the rules find, what speaks against advising, what is said."""

from __future__ import annotations

from collections.abc import Sequence

from serving.abstain import withheld
from serving.catalogue import Served
from serving.champions import Champion
from serving.observe.observer import SILENT, Observer
from serving.policy.policy import Policy
from serving.recommend import Asked, Provenance, history_days, recommend, with_reasons
from serving.recommendation import Advice
from serving.score import Score, Scored, explained


def advise(
    entry: Served, asked: Asked, scored: Scored, row: int, policy: Policy, made_from: Provenance
) -> Advice:
    """The recommendation of one case, without reasons. row: its place in `scored`."""
    found = entry.rules(asked.case, policy, asked.asked_at)
    age = history_days(asked, made_from)
    why_not = withheld(scored.answers, row, asked.task, policy, age, found)
    return recommend(asked, scored.scores[row], found, policy, made_from, why_not)


def explain(
    champion: Champion,
    scored: Scored,
    advices: Sequence[Advice],
    wanted: Sequence[bool],
    observe: Observer = SILENT,
) -> list[tuple[Advice, Score]]:
    """Advice and score of each case, with reasons where they are wanted; all computed at once."""
    rows = [row for row, want in enumerate(wanted) if want]
    made = dict(zip(rows, explained(champion, scored, rows, observe), strict=True))
    return [
        (with_reasons(advice, made[row]), made[row])
        if row in made
        else (advice, scored.scores[row])
        for row, advice in enumerate(advices)
    ]
