"""Findings of rules: what was measured about a case, its limit and the owner."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from data.contracts.invoice_outcomes import ExceptionClass
from serving.policy.policy import Policy

MAX_RATIO = 1e15


NOT_COMPUTED = "NOT_COMPUTED"
"""Code of a finding that says why a rule could not be computed; each task has codes of its own."""


class Finding(BaseModel):
    """A rule's finding.

    measured, limit: the number found and the number that would have passed, in `unit`.
    sap, oracle: the ERPs' own words (tolerance key / block field, hold), where there are any.
    role: who owns it.
    flags: whether it puts the case before a person; a finding that only informs does not.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    sentence: str
    measured: float | None = None
    limit: float | None = None
    unit: str = ""
    sap: str = "-"
    oracle: str = "-"
    role: str
    flags: bool = True


def finding_of_class(
    policy: Policy,
    name: ExceptionClass,
    sentence: str,
    *,
    measured: float | None = None,
    limit: float | None = None,
    unit: str = "",
    flags: bool = True,
) -> Finding:
    """Build a finding of an exception class, with owner and ERP codes from the policy."""
    known = policy.classes[name]
    return Finding(
        code=name,
        sentence=sentence,
        measured=measured,
        limit=limit,
        unit=unit,
        sap=known.sap,
        oracle=known.oracle,
        role=known.role,
        flags=flags,
    )


def bounded_ratio(value: float, base: float) -> float:
    """Divide, bounded by 1e15 so that a base of nearly nothing does not give infinity."""
    return max(-MAX_RATIO, min(MAX_RATIO, value / base))
