"""Callers: who asks, what they may do, and for which sites."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from models.task import TaskName


class Scope(StrEnum):
    """What a caller may be allowed to do."""

    SCORE_STOCK_RISK = "score:stock_risk"
    SCORE_INVOICE_MISMATCH = "score:invoice_mismatch"
    SCORE_SUPPLIER_DELAY = "score:supplier_delay"
    DECIDE = "decide"
    READ_REPORT = "report:read"
    READ_AUDIT = "audit:read"
    MANAGE_MODELS = "models:manage"
    SEND_EVENTS = "events:send"
    METRICS = "metrics"


def scoring(task: TaskName) -> Scope:
    """What it takes to have cases of a task scored."""
    match task:
        case TaskName.STOCK_RISK:
            return Scope.SCORE_STOCK_RISK
        case TaskName.INVOICE_MISMATCH:
            return Scope.SCORE_INVOICE_MISMATCH
        case TaskName.SUPPLIER_DELAY:
            return Scope.SCORE_SUPPLIER_DELAY
        case _:
            assert_never(task)


@dataclass(frozen=True)
class Caller:
    """Who asks. name: as it is recorded; no person's. sites: None for every site."""

    name: str
    scopes: frozenset[Scope]
    sites: frozenset[str] | None

    def may(self, scope: Scope) -> bool:
        """Whether that is allowed."""
        return scope in self.scopes

    def sees(self, site: str) -> bool:
        """Whether anything of that site may be told or asked."""
        return self.sites is None or site in self.sites


LOCAL = Caller("local", frozenset(Scope), None)
"""Whoever is on this machine, where no authentication is asked for."""
