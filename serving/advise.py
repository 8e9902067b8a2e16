"""From a score to advice: what the rules find, what speaks against advising, what is said."""

from __future__ import annotations

from serving.abstain import withheld
from serving.catalogue import Served
from serving.policy.policy import Policy
from serving.recommend import Asked, Provenance, history_days, recommend
from serving.recommendation import Advice
from serving.score import Scored


def advise(
    entry: Served, asked: Asked, scored: Scored, row: int, policy: Policy, made_from: Provenance
) -> Advice:
    """The recommendation of one case. row: its place in `scored`."""
    found = entry.rules(asked.case, policy, asked.asked_at)
    age = history_days(asked, made_from)
    why_not = withheld(scored.answers, row, asked.task, policy, age, found)
    return recommend(asked, scored.scores[row], found, policy, made_from, why_not)
