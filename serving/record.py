"""What is recorded of an answer: all that it takes to give the same answer again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from serving.api.messages import CaseMessage
from serving.audit.entry import Draft, EntryKind, drafted
from serving.champions import Champion
from serving.ladder import NO_ALIAS
from serving.recommendation import Advice
from serving.score import Score, Scored


def draft_of(
    advice: Advice,
    case: CaseMessage,
    scored: Scored,
    row: int,
    score: Score,
    champion: Champion,
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
    return _drafted(kind, advice, said, context)


def unscored_draft_of(advice: Advice, case: CaseMessage, context: Mapping[str, Any]) -> Draft:
    """The draft of an answer without a model: input in full, and what was said."""
    said = {
        "provenance": {"alias": NO_ALIAS},
        "input": case.model_dump(mode="json"),
        "recommendation": advice.model_dump(mode="json"),
    }
    return _drafted(EntryKind.FALLBACK, advice, said, context)


def _drafted(
    kind: EntryKind, advice: Advice, said: Mapping[str, Any], context: Mapping[str, Any]
) -> Draft:
    return drafted(
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
