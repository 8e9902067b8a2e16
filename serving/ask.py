"""A request as the engine takes it: its cases, who asks, and what of the answers is explained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from models.task import TaskName
from serving.api.messages import CaseMessage
from serving.audit.group import Key
from serving.context import Context
from serving.explain import Explain


@dataclass(frozen=True)
class Ask:
    """One request.

    cases: each with its task, in order. key: recorded with the answer, so that the same request
    sent again gets the same. explain: which answers come with their reasons.
    """

    cases: Sequence[tuple[TaskName, CaseMessage]]
    context: Context
    key: Key | None = None
    explain: Explain = field(default=Explain.ALL)
