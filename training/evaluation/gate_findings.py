"""Findings of the gates: verdict, sentence, figures, JSON form and console table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self

from rich.markup import escape
from rich.table import Table


class Verdict(StrEnum):
    """Not applicable is never passed: it says that nothing was tried."""

    PASS = "pass"  # noqa: S105 (a verdict)
    FAIL = "fail"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True)
class GateFinding:
    """Verdict of one gate on one model.

    Attributes:
        code: stable, `TRG001` and on.
        title: question of the gate, in a few words.
        sentence: measured value against the allowed one, in words.
        figures: the numbers.
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


def failed_codes(findings: Iterable[GateFinding]) -> list[str]:
    """Codes of the gates that refuse the model."""
    return [finding.code for finding in findings if finding.verdict is Verdict.FAIL]


def overall_verdict(findings: Iterable[GateFinding]) -> str:
    """Summarise the verdicts: "pass", or "fail: TRG004, TRG006"."""
    refused = failed_codes(findings)
    return f"fail: {', '.join(refused)}" if refused else str(Verdict.PASS)


COLOURS = {Verdict.PASS: "green", Verdict.FAIL: "bold red", Verdict.NOT_APPLICABLE: "dim"}


def gates_table(title: str, findings: Sequence[GateFinding]) -> Table:
    """Build a table with one row per gate: code, verdict, sentence."""
    table = Table(title=title, show_lines=False)
    table.add_column("gate", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("found", overflow="fold")
    for one in findings:
        colour = COLOURS[one.verdict]
        sentence = f"{one.title[:1].upper()}{one.title[1:]}: {one.sentence}"
        table.add_row(one.code, f"[{colour}]{one.verdict}[/]", escape(sentence))
    return table
