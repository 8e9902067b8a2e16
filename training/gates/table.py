"""The gates as a table for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table

from training.gates.finding import Finding, Verdict

COLOURS = {Verdict.PASS: "green", Verdict.FAIL: "bold red", Verdict.NOT_APPLICABLE: "dim"}


def gates_table(title: str, findings: Sequence[Finding]) -> Table:
    """One row a gate: code, verdict, sentence."""
    table = Table(title=title, show_lines=False)
    table.add_column("gate", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("found", overflow="fold")
    for one in findings:
        colour = COLOURS[one.verdict]
        said = f"{one.title[:1].upper()}{one.title[1:]}: {one.sentence}"
        table.add_row(one.code, f"[{colour}]{one.verdict}[/]", escape(said))
    return table
