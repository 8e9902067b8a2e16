"""Factory of Jinja environments: HTML is escaped, a missing variable is an error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape


def template_environment(
    folder: Path,
    filters: Mapping[str, Callable[..., Any]] | None = None,
    *,
    keep_trailing_newline: bool = False,
) -> Environment:
    """Make an environment of the templates in a folder. Callers keep it: loading takes time.

    Args:
        folder: of the templates. What is put into `.html` is escaped, other endings are not.
        filters: further filters by the name that templates use.
        keep_trailing_newline: whether the last newline of a template is part of the text.
    """
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=select_autoescape(["html"], default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=keep_trailing_newline,
    )
    environment.filters |= filters or {}
    return environment
