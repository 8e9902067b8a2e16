"""Settings from the environment or from files of secrets, with errors of one line."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, get_args

from annotated_types import Ge, Gt, Le, Lt
from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

SECRETS = "TRIAGE_SECRETS"
"""Names a folder of files, one a setting, in lower case (`triage_token`): for what is secret."""
FOLDER_OR_URL = "folder or URL"
FolderOrUrl = Annotated[str, FOLDER_OR_URL]
"""A setting that names a folder here, or a place elsewhere by its URL."""


class SettingError(ValueError):
    """A setting that cannot be used: its variable, what it got, what it takes."""


class EnvironmentSettings(BaseSettings):
    """Settings of one part. What the environment says goes before the files of secrets.

    Raises:
        SettingError: naming the variable; a secret's value is not told.
    """

    def __init__(self, **given: Any) -> None:
        try:
            super().__init__(_secrets_dir=_secrets(), **given)
        except ValidationError as error:
            raise SettingError(_told(type(self), error)) from None


def variable(kind: type[BaseSettings], name: str) -> str:
    """The environment's name of a field of a class of settings."""
    return f"{kind.model_config.get('env_prefix', '')}{name}".upper()


def path_variables(kind: type[BaseSettings]) -> list[str]:
    """Variables of a class of settings that name a file or a folder."""
    return [variable(kind, name) for name, field in kind.model_fields.items() if is_path(field)]


def is_path(field: FieldInfo) -> bool:
    """Whether a setting names a file or a folder here."""
    return Path in _types(field) or FOLDER_OR_URL in field.metadata


def is_secret(field: FieldInfo) -> bool:
    """Whether what is set must never be told."""
    return SecretStr in _types(field)


def takes(field: FieldInfo) -> str:
    """What a setting takes, in words: type, choices, bounds."""
    if is_secret(field):
        return "a secret"
    if is_path(field):
        return FOLDER_OR_URL if FOLDER_OR_URL in field.metadata else "a path"
    (kind,) = _types(field)
    if issubclass(kind, StrEnum):
        return "one of " + ", ".join(kind)
    names = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
    return " ".join([names.get(kind, kind.__name__), *_bounds(field)])


def _types(field: FieldInfo) -> list[Any]:
    """The types of a field but None."""
    annotation: Any = field.annotation
    return [one for one in get_args(annotation) or [annotation] if one is not type(None)]


def _bounds(field: FieldInfo) -> list[str]:
    said: list[str] = []
    whole = int in _types(field)
    for one in field.metadata:
        match one:
            case Ge(least):
                said.append(f"from {least}")
            case Gt(int(least) | float(least)):
                said.append(f"from {least + 1}" if whole else f"above {least}")
            case Le(most):
                said.append(f"up to {most}")
            case Lt(most):
                said.append(f"below {most}")
    return said


def _secrets() -> str | None:
    folder = os.environ.get(SECRETS)
    if folder and not Path(folder).is_dir():
        raise SettingError(f"{SECRETS}: got {folder!r}, takes a folder that is there")
    return folder or None


def _told(kind: type[BaseSettings], error: ValidationError) -> str:
    """The first thing that is wrong. Text is not repeated: an address may hold a password."""
    first = error.errors(include_url=False)[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    field = kind.model_fields.get(name)
    if field is None:
        return f"{kind.__name__}: {first['msg']}"
    quiet = is_secret(field) or _types(field) == [str]
    got = "what cannot be used" if quiet else repr(first["input"])[:120]
    also = "" if quiet else f" ({first['msg'].lower()})" if first["type"] == "value_error" else ""
    return f"{variable(kind, name)}: got {got}, takes {takes(field)}{also}"
