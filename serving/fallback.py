"""What is recorded where nothing could be scored: what was asked, and why it had no answer."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from models.task import TaskName
from serving.api.messages import CaseMessage
from serving.audit.entry import SCHEMA, Draft, EntryKind
from serving.context import Context

NO_SCORE = "no_score"
"""The last rung of the ladder: no score, the case is queued as usual."""


def fallback(
    task: TaskName, cases: Sequence[CaseMessage], why: str, context: Context, now: datetime
) -> Draft:
    """The draft of a request that was not answered; its cases in full.

    One entry a request, whatever the number of its cases: what was asked is no larger than a
    body may be. Its site is that of the cases, if they are of one.
    """
    identifier, asked = str(uuid.uuid4()), [case.model_dump(mode="json") for case in cases]
    sites = {str(case["site_id"]) for case in asked}
    return Draft(
        id=identifier,
        kind=EntryKind.FALLBACK,
        about=identifier,
        task=task,
        site=sites.pop() if len(sites) == 1 else "",
        reference="",
        priority=0.0,
        recorded_at=now.isoformat(),
        payload={
            "schema": SCHEMA,
            "kind": EntryKind.FALLBACK.value,
            "context": context.recorded(),
            "task": str(task),
            "rung": NO_SCORE,
            "why": why,
            "input": asked,
        },
    )
