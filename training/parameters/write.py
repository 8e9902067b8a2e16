"""Writing parameters as a file that people read and `read` reads back."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from training.parameters.parameters import Parameters


def as_toml(chosen: Parameters, comment: Sequence[str]) -> str:
    """TOML text: the comment's lines, then every number that is not its default."""
    lines = [f"# {line}".rstrip() for line in comment]
    for name in Parameters.model_fields:
        part: BaseModel = getattr(chosen, name)
        numbers = part.model_dump(exclude_defaults=True)
        if numbers or name == "lightgbm":
            lines += ["", f"[{name}]", *(f"{key} = {_cell(v)}" for key, v in numbers.items())]
    return "\n".join(lines) + "\n"


def write(chosen: Parameters, path: Path, comment: Sequence[str]) -> None:
    """The parameters as a TOML file; folders that are missing are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(as_toml(chosen, comment), encoding="utf-8")


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, StrEnum | str):
        return f'"{value}"'
    if isinstance(value, tuple | list):
        return f"[{', '.join(_cell(one) for one in value)}]"
    return repr(value)
