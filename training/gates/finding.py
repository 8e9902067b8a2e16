"""What a gate found: a code, a verdict, and a sentence that a person can act on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self


class Verdict(StrEnum):
    """Not applicable is never passed: it says that nothing was tried."""

    PASS = "pass"  # noqa: S105 (a verdict)
    FAIL = "fail"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True)
class Finding:
    """One gate's verdict on one model.

    code: stable, `TRG001` and on. title: what the gate asks, in a few words.
    sentence: what was found, against what was allowed, in words. figures: the numbers.
    """

    code: str
    title: str
    verdict: Verdict
    sentence: str
    figures: Mapping[str, float] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Plain values, read back by `from_json`."""
        return asdict(self) | {"verdict": str(self.verdict)}

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Self:
        """The finding that `as_json` wrote."""
        return cls(**{**fields, "verdict": Verdict(fields["verdict"])})


def failed(findings: Iterable[Finding]) -> list[str]:
    """Codes of the gates that refuse the model."""
    return [finding.code for finding in findings if finding.verdict is Verdict.FAIL]


def in_short(findings: Iterable[Finding]) -> str:
    """All verdicts in one: "pass", or "fail: TRG004, TRG006"."""
    refused = failed(findings)
    return f"fail: {', '.join(refused)}" if refused else str(Verdict.PASS)
