"""What the command line shows while it works: one console, and a line a step."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

from rich.console import Console

console = Console(width=None if sys.stdout.isatty() else 120)


@contextmanager
def step(title: str) -> Iterator[Callable[[str, float], None]]:
    """A line that moves while work goes on, and stays with its seconds when it is done."""
    started = perf_counter()
    if not console.is_terminal:
        console.print(f"… {title}")
    with console.status(title) as status:
        yield lambda what, share: status.update(f"{title}: {what} {share:.0%}")
    console.print(f"[green]✓[/] {title} [dim]{perf_counter() - started:.1f} s[/]")
