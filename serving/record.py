"""What is recorded of an answer: all that it takes to give the same answer again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from serving.api.messages import CaseMessage
from serving.audit.entry import SCHEMA, Draft, EntryKind
from serving.champions import Champion
from serving.recommendation import Advice
from serving.score import Scored

ALIAS = "champion"


def draft_of(
    advice: Advice,
    case: CaseMessage,
    scored: Scored,
    row: int,
    champion: Champion,
    context: Mapping[str, Any],
) -> Draft:
    """The draft of an answer: input in full, its past, what was made of it, the recommendation.

    row: the case's place in `scored`. context: who asked, in which request, of which code.
    """
    kind = EntryKind.ABSTENTION if advice.abstained else EntryKind.RECOMMENDATION
    return Draft(
        id=advice.id,
        kind=kind,
        about=advice.id,
        task=advice.task,
        site=advice.site_id,
        reference="/".join(advice.case.values()),
        priority=advice.priority,
        picked=advice.audit_sample,
        recorded_at=advice.answered_at.isoformat(),
        payload={
            "schema": SCHEMA,
            "kind": kind.value,
            "context": dict(context),
            "provenance": {"alias": ALIAS, "feature_schema": champion.feature_schema},
            "input": case.model_dump(mode="json"),
            "history": scored.history[row],
            "features": scored.features[row],
            "score": scored.scores[row].model_dump(mode="json"),
            "recommendation": advice.model_dump(mode="json"),
        },
    )
