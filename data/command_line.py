"""Command line: the one console, progress lines, and the options that commands share."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Annotated

import typer
from rich.console import Console

LOOPBACK_HOST = "127.0.0.1"
PortOption = Annotated[int, typer.Option(min=1, max=65535, help="port on 127.0.0.1")]

console = Console(width=None if sys.stdout.isatty() else 120)


@contextmanager
def show_progress(title: str) -> Iterator[Callable[[str, float], None]]:
    """Show a line that moves while work goes on, and stays with its seconds when it is done."""
    started = perf_counter()
    if not console.is_terminal:
        console.print(f"… {title}")
    with console.status(title) as status:
        yield lambda what, share: status.update(f"{title}: {what} {share:.0%}")
    console.print(f"[green]✓[/] {title} [dim]{perf_counter() - started:.1f} s[/]")
