"""`triage settings`: print every setting as a table, Markdown or JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, astuple

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from data.settings import Setting

HEADINGS = ("variable", "part", "takes", "default", "means", "now")


def print_settings(
    settings: Sequence[Setting], unread: Sequence[str], *, as_json: bool, markdown: bool
) -> None:
    """Print them; variables that nothing reads are named on stderr."""
    if as_json:
        print(json.dumps([asdict(one) for one in settings], indent=2))
    elif markdown:
        print(as_markdown(settings))
    else:
        Console().print(_table(settings))
    for name in unread:
        line = f"{name} is set and nothing reads it; see the names in `triage settings`"
        Console(stderr=True).print(line, style="yellow", highlight=False, soft_wrap=True)


def as_markdown(settings: Sequence[Setting]) -> str:
    """A table of what can be set, without what is set."""
    head = ["| " + " | ".join(HEADINGS[:-1]) + " |", "| --- " * (len(HEADINGS) - 1) + "|"]
    rows = [[cell.replace("|", "\\|") for cell in astuple(one)[:-1]] for one in settings]
    return "\n".join(head + ["| " + " | ".join([f"`{row[0]}`", *row[1:]]) + " |" for row in rows])


def _table(settings: Sequence[Setting]) -> Table:
    table = Table(title="Settings, from the environment")
    table.add_column("variable", no_wrap=True)
    table.add_column("takes, and by default")
    table.add_column("means")
    part = ""
    for one in settings:
        if one.part != part:
            table.add_section()
            table.add_row(f"[bold]{escape(one.part)}[/]")
            part = one.part
        now = f" [green](now {escape(one.now)})[/]" if one.now else ""
        default = f"; {escape(one.default)}" if one.default else ""
        table.add_row(one.variable, f"{escape(one.takes)}{default}{now}", escape(one.means))
    return table
