"""Rules of the service on cases of the past, as training measures them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from models.task import TaskName
from serving.policy.finding import NOT_COMPUTED
from serving.policy.policy import Policy
from serving.tasks.catalogue import SERVED_TASKS


def find_codes(
    policy: Policy, task: TaskName, bodies: Sequence[Mapping[str, Any]]
) -> list[frozenset[str]]:
    """Return the codes of the findings on each case; that a rule could not be computed is none.

    Args:
        policy: tolerances of the rules.
        task: task of the catalogue.
        bodies: cases as a request states them, each with its `asked_at`; 1 to 1000.

    Raises:
        pydantic.ValidationError: a case breaks the contract of the task.
    """
    served = SERVED_TASKS[task]
    messages = served.request.read(json.dumps({"cases": list(bodies)}).encode())
    found = []
    for message in messages:
        record = served.request.to_record(message)
        asked_at: datetime = record["asked_at"]
        findings = served.rules(record, policy.for_case(record), asked_at)
        found.append(frozenset(one.code for one in findings) - {NOT_COMPUTED})
    return found
