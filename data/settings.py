"""Settings from environment variables or secret files, and their description for operators."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, StrEnum
from pathlib import Path
from typing import Annotated, Any, get_args

from annotated_types import Ge, Gt, Le, Lt
from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

SECRETS_FOLDER_VARIABLE = "TRIAGE_SECRETS"
"""Names a folder of files, one a setting, in lower case (`triage_token`): for what is secret."""
FOLDER_OR_URL = "folder or URL"
FolderOrUrl = Annotated[str, FOLDER_OR_URL]
"""A setting that names a folder here, or a place elsewhere by its URL."""


class SettingError(ValueError):
    """A setting that cannot be used: its variable, what it got, what it takes."""


class EnvironmentSettings(BaseSettings):
    """Settings of one part. The environment takes precedence over the files of secrets."""

    def __init__(self, **given: Any) -> None:
        try:
            super().__init__(_secrets_dir=_secrets_folder(), **given)
        except ValidationError as error:
            raise SettingError(_error_message(type(self), error)) from None


def environment_variable(kind: type[BaseSettings], name: str) -> str:
    """The environment's name of a field of a class of settings."""
    return f"{kind.model_config.get('env_prefix', '')}{name}".upper()


def path_variables(kind: type[BaseSettings]) -> list[str]:
    """Variables of a class of settings that name a file or a folder."""
    return [
        environment_variable(kind, name)
        for name, field in kind.model_fields.items()
        if is_path(field)
    ]


def is_path(field: FieldInfo) -> bool:
    """Return whether a setting names a local file or folder."""
    return Path in _types_without_none(field) or FOLDER_OR_URL in field.metadata


def is_secret(field: FieldInfo) -> bool:
    """Return whether the value of a setting must never be shown."""
    return SecretStr in _types_without_none(field)


def accepted_values(field: FieldInfo) -> str:
    """Describe in words what a setting accepts: type, choices, bounds."""
    if is_secret(field):
        return "a secret"
    if is_path(field):
        return FOLDER_OR_URL if FOLDER_OR_URL in field.metadata else "a path"
    (kind,) = _types_without_none(field)
    if issubclass(kind, StrEnum):
        return "one of " + ", ".join(kind)
    names = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
    return " ".join([names.get(kind, kind.__name__), *_bounds_in_words(field)])


def _types_without_none(field: FieldInfo) -> list[Any]:
    """The types of a field but None."""
    annotation: Any = field.annotation
    return [one for one in get_args(annotation) or [annotation] if one is not type(None)]


def _bounds_in_words(field: FieldInfo) -> list[str]:
    bounds: list[str] = []
    integer = int in _types_without_none(field)
    for one in field.metadata:
        match one:
            case Ge(least):
                bounds.append(f"from {least}")
            case Gt(int(least) | float(least)):
                bounds.append(f"from {least + 1}" if integer else f"above {least}")
            case Le(most):
                bounds.append(f"up to {most}")
            case Lt(most):
                bounds.append(f"below {most}")
    return bounds


def _secrets_folder() -> str | None:
    folder = os.environ.get(SECRETS_FOLDER_VARIABLE)
    if folder and not Path(folder).is_dir():
        raise SettingError(
            f"{SECRETS_FOLDER_VARIABLE}: got {folder!r}, takes a folder that is there"
        )
    return folder or None


def _error_message(kind: type[BaseSettings], error: ValidationError) -> str:
    """Describe the first error. Text values are not repeated: an address may hold a password."""
    first = error.errors(include_url=False)[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    field = kind.model_fields.get(name)
    if field is None:
        return f"{kind.__name__}: {first['msg']}"
    quiet = is_secret(field) or _types_without_none(field) == [str]
    received = "what cannot be used" if quiet else repr(first["input"])[:120]
    also = "" if quiet else f" ({first['msg'].lower()})" if first["type"] == "value_error" else ""
    return (
        f"{environment_variable(kind, name)}: got {received}, takes {accepted_values(field)}{also}"
    )


SettingsByPart = Mapping[str, type[BaseSettings]]
"""Classes of settings by the part that reads them."""


@dataclass(frozen=True)
class Setting:
    """One setting as the operator sees it.

    Attributes:
        now: value in the environment; for text, only that it is set.
    """

    variable: str
    part: str
    takes: str
    default: str
    means: str
    now: str


SECRETS_FOLDER_SETTING = Setting(
    variable=SECRETS_FOLDER_VARIABLE,
    part="all",
    takes="a path",
    default="",
    means="folder of files named after settings in lower case (triage_token), read where the "
    "environment does not say",
    now="",
)


def describe_settings(parts: SettingsByPart, environment: Mapping[str, str]) -> list[Setting]:
    """Describe every setting of the parts, in order, and last the folder of secrets."""
    every = [
        _describe_setting(environment_variable(kind, name), part, field, environment)
        for part, kind in parts.items()
        for name, field in kind.model_fields.items()
    ]
    return [
        *every,
        replace(SECRETS_FOLDER_SETTING, now=environment.get(SECRETS_FOLDER_VARIABLE, "")),
    ]


def unknown_variables(
    settings: Iterable[Setting], environment: Mapping[str, str], own: Sequence[str]
) -> list[str]:
    """Return variables that look like settings but that nothing reads, most often a typing error.

    own: variables that the service sets itself.
    """
    known = {setting.variable for setting in settings} | set(own)
    return sorted(
        name for name in environment if name.upper().startswith("TRIAGE_") and name not in known
    )


def _describe_setting(
    name: str, part: str, field: FieldInfo, environment: Mapping[str, str]
) -> Setting:
    return Setting(
        variable=name,
        part=part,
        takes=accepted_values(field),
        default=_default(field),
        means=field.description or "",
        now=_current_value(environment.get(name, ""), field),
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


def _current_value(value: str, field: FieldInfo) -> str:
    if not value:
        return ""
    text = accepted_values(field).startswith("text") or is_secret(field)
    return "set" if text or (is_path(field) and "://" in value) else value
