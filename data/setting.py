"""A setting as it is told to whoever runs the service."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from data.environment import SECRETS, is_path, is_secret, takes, variable

Parts = Mapping[str, type[BaseSettings]]
"""Classes of settings by the part that reads them."""


@dataclass(frozen=True)
class Setting:
    """One line of what can be set. now: as the environment has it; of text only that it is set."""

    variable: str
    part: str
    takes: str
    default: str
    means: str
    now: str


FILES = Setting(
    variable=SECRETS,
    part="all",
    takes="a path",
    default="",
    means="folder of files named after settings in lower case (triage_token), read where the "
    "environment does not say",
    now="",
)


def settings_of(parts: Parts, environment: Mapping[str, str]) -> list[Setting]:
    """Every setting of those parts, in their order; last, where those that are secret may lie."""
    every = [
        _setting(variable(kind, name), part, field, environment)
        for part, kind in parts.items()
        for name, field in kind.model_fields.items()
    ]
    return [*every, replace(FILES, now=environment.get(SECRETS, ""))]


def unread(
    settings: Iterable[Setting], environment: Mapping[str, str], own: Sequence[str]
) -> list[str]:
    """Variables that look like settings and that nothing reads: most often a slip of the pen.

    own: variables that the service sets itself.
    """
    known = {setting.variable for setting in settings} | set(own)
    return sorted(
        name for name in environment if name.upper().startswith("TRIAGE_") and name not in known
    )


def _setting(name: str, part: str, field: FieldInfo, environment: Mapping[str, str]) -> Setting:
    return Setting(
        variable=name,
        part=part,
        takes=takes(field),
        default=_default(field),
        means=field.description or "",
        now=_now(environment.get(name, ""), field),
    )


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=False)
    match value:
        case None | "":
            return ""
        case bool():
            return str(value).lower()
        case Enum():
            return str(value.value)
        case Path() | int() | float() | str():
            return str(value)
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _now(value: str, field: FieldInfo) -> str:
    if not value:
        return ""
    text = takes(field).startswith("text") or is_secret(field)
    return "set" if text or (is_path(field) and "://" in value) else value
