"""Turn scored cases into recommendations, and draft their audit entries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from data.contracts.sites import SITE_ID
from serving.audit.log.entry import Draft, new_draft
from serving.audit.log.entry_kind import EntryKind
from serving.model_registry.champions import LoadedModel
from serving.pipeline.scoring import ScoredBatch, explain_rows
from serving.policy.policy import Policy
from serving.recommendation.abstention import find_abstentions
from serving.recommendation.fallback_ladder import NO_ALIAS, StepDown
from serving.recommendation.recommend import (
    CaseInput,
    Provenance,
    history_age_days,
    recommend,
    with_reasons,
)
from serving.recommendation.recommendation import Advice
from serving.recommendation.rule_floor import apply_rule_floor
from serving.recommendation.rules_only import recommend_by_rules
from serving.recommendation.score import Score
from serving.tasks.messages import CaseMessage
from serving.tasks.served_task import ServedTask
from serving.telemetry.observer import NULL_OBSERVER, Observer


def advise(
    served: ServedTask,
    case: CaseInput,
    scored: ScoredBatch,
    row: int,
    policy: Policy,
    provenance: Provenance,
) -> Advice:
    """Recommend on one case, without reasons, under the policy of its site and supplier.

    row: the case's place in `scored`.
    """
    policy = policy.for_case(case.case)
    found = served.rules(case.case, policy, case.asked_at)
    findings = apply_rule_floor(found, case.case[SITE_ID], scored.rules, policy)
    age = history_age_days(case, provenance)
    abstentions = find_abstentions(scored.answers, row, served, policy, age, findings)
    return recommend(case, scored.scores[row], findings, policy, provenance, abstentions)


def advise_by_rules(
    served: ServedTask, case: CaseInput, policy: Policy, down: Sequence[StepDown]
) -> Advice:
    """Recommend on a case that no model scored. down: why every rung with a model was left."""
    policy = policy.for_case(case.case)
    findings = served.rules(case.case, policy, case.asked_at)
    return recommend_by_rules(case, findings, policy, down)


def explain_advices(
    champion: LoadedModel,
    scored: ScoredBatch,
    advices: Sequence[Advice],
    wanted: Sequence[bool],
    observer: Observer = NULL_OBSERVER,
) -> list[tuple[Advice, Score]]:
    """Add reasons where they are wanted, all computed in one call of the model.

    Returns:
        The advice and the score of each case, in order; the others unchanged.
    """
    rows = [row for row, is_wanted in enumerate(wanted) if is_wanted]
    explained = dict(zip(rows, explain_rows(champion, scored, rows, observer), strict=True))
    return [
        (with_reasons(advice, explained[row]), explained[row])
        if row in explained
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
    """Draft the audit entry of a recommendation that a model scored.

    Args:
        advice: the recommendation.
        case: the case as the caller sent it.
        scored: the batch that the case was scored in.
        row: the case's place in `scored`.
        score: of that row, explained or not.
        champion: the model.
        context: of the request, as `RequestContext.recorded` gives it.
        alias: the alias under which the model serves.
    """
    kind = EntryKind.ABSTENTION if advice.abstained else EntryKind.RECOMMENDATION
    content = {
        "provenance": {"alias": str(alias), "feature_schema": champion.feature_schema},
        "input": case.model_dump(mode="json"),
        "history": scored.history[row],
        "features": scored.features[row],
        "score": score.recorded(),
        "recommendation": advice.model_dump(mode="json"),
    }
    return _advice_draft(kind, advice, content, context)


def rules_only_draft(advice: Advice, case: CaseMessage, context: Mapping[str, Any]) -> Draft:
    """Draft the audit entry of a recommendation that no model scored."""
    content = {
        "provenance": {"alias": NO_ALIAS},
        "input": case.model_dump(mode="json"),
        "recommendation": advice.model_dump(mode="json"),
    }
    return _advice_draft(EntryKind.FALLBACK, advice, content, context)


def _advice_draft(
    kind: EntryKind, advice: Advice, content: Mapping[str, Any], context: Mapping[str, Any]
) -> Draft:
    return new_draft(
        kind,
        content,
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
