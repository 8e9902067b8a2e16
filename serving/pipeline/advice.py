"""Turn scored cases into recommendations and draft their audit entries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from serving.audit.log.entry import Draft, new_draft
from serving.audit.log.entry_kind import EntryKind
from serving.model_registry.champions import LoadedModel
from serving.pipeline.scoring import ScoredBatch, explain_rows
from serving.policy.policy import Policy
from serving.recommendation.abstention import find_abstentions
from serving.recommendation.fallback_ladder import NO_ALIAS
from serving.recommendation.recommend import (
    CaseInput,
    Provenance,
    history_age_days,
    recommend,
    with_reasons,
)
from serving.recommendation.recommendation import Advice
from serving.recommendation.score import Score
from serving.tasks.messages import CaseMessage
from serving.tasks.served_task import ServedTask
from serving.telemetry.observer import NULL_OBSERVER, Observer


def advise(
    entry: ServedTask,
    asked: CaseInput,
    scored: ScoredBatch,
    row: int,
    policy: Policy,
    made_from: Provenance,
) -> Advice:
    """The recommendation of one case, without reasons. row: its place in `scored`."""
    found = entry.rules(asked.case, policy, asked.asked_at)
    age = history_age_days(asked, made_from)
    why_not = find_abstentions(scored.answers, row, entry, policy, age, found)
    return recommend(asked, scored.scores[row], found, policy, made_from, why_not)


def explain_advices(
    champion: LoadedModel,
    scored: ScoredBatch,
    advices: Sequence[Advice],
    wanted: Sequence[bool],
    observe: Observer = NULL_OBSERVER,
) -> list[tuple[Advice, Score]]:
    """Advice and score of each case, with reasons where they are wanted; all computed at once."""
    rows = [row for row, want in enumerate(wanted) if want]
    made = dict(zip(rows, explain_rows(champion, scored, rows, observe), strict=True))
    return [
        (with_reasons(advice, made[row]), made[row])
        if row in made
        else (advice, scored.scores[row])
        for row, advice in enumerate(advices)
    ]


def scored_draft(
    advice: Advice,
    case: CaseMessage,
    scored: ScoredBatch,
    row: int,
    score: Score,
    champion: LoadedModel,
    context: Mapping[str, Any],
    alias: str,
) -> Draft:
    """The draft of an answer: input in full, its past, what was made of it, the recommendation.

    row: the case's place in `scored`. score: of that row, explained or not. context: who asked,
    in which request, of which code. alias: under which the model serves.
    """
    kind = EntryKind.ABSTENTION if advice.abstained else EntryKind.RECOMMENDATION
    said = {
        "provenance": {"alias": str(alias), "feature_schema": champion.feature_schema},
        "input": case.model_dump(mode="json"),
        "history": scored.history[row],
        "features": scored.features[row],
        "score": score.recorded(),
        "recommendation": advice.model_dump(mode="json"),
    }
    return _advice_draft(kind, advice, said, context)


def rules_only_draft(advice: Advice, case: CaseMessage, context: Mapping[str, Any]) -> Draft:
    """The draft of an answer without a model: input in full, and what was said."""
    said = {
        "provenance": {"alias": NO_ALIAS},
        "input": case.model_dump(mode="json"),
        "recommendation": advice.model_dump(mode="json"),
    }
    return _advice_draft(EntryKind.FALLBACK, advice, said, context)


def _advice_draft(
    kind: EntryKind, advice: Advice, said: Mapping[str, Any], context: Mapping[str, Any]
) -> Draft:
    return new_draft(
        kind,
        said,
        context,
        advice.answered_at.isoformat(),
        id=advice.id,
        about=advice.id,
        task=advice.task,
        site=advice.site_id,
        reference="/".join(advice.case.values()),
        priority=advice.priority,
        picked=advice.audit_sample,
        made_of=advice,
    )
