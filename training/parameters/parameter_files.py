"""Read and write parameter files (TOML); errors name the file, the key and the choices."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from training.parameters.schema import Parameters

TASK_FOLDER = Path(__file__).parent
SOURCE_FOLDER = TASK_FOLDER / "sources"
UNKNOWN_KEY = "extra_forbidden"


class ParametersError(ValueError):
    """A file of parameters that cannot be used; says where, what, and the choices."""


def load_parameters(name: str, path: Path | None = None) -> Parameters:
    """The parameters of a task or a public set, from its own file or from `path`.

    Raises:
        ParametersError: for a name without a file, and for a file that is not as it should be.
    """
    return read_parameters(path or _file(name))


def read_parameters(path: Path) -> Parameters:
    """The parameters in a TOML file.

    Raises:
        ParametersError: naming the file, each key that is wrong, and the keys there are.
    """
    try:
        written = tomllib.loads(path.read_text(encoding="utf-8"))
        return Parameters.model_validate(written)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ParametersError(f"parameters {path}: {error}") from error
    except ValidationError as error:
        raise ParametersError(f"parameters {path}: {'; '.join(_lines(error))}") from error


def _file(name: str) -> Path:
    for folder in (TASK_FOLDER, SOURCE_FOLDER):
        if (path := folder / f"{name}.toml").is_file():
            return path
    known = sorted(
        path.stem for folder in (TASK_FOLDER, SOURCE_FOLDER) for path in folder.glob("*.toml")
    )
    raise ParametersError(f"no parameters of {name!r}; there are {', '.join(known)}")


def _lines(error: ValidationError) -> Iterator[str]:
    for one in error.errors():
        place = [str(part) for part in one["loc"]]
        where = ".".join(place) or "file"
        if one["type"] == UNKNOWN_KEY:
            yield f"{where} is not known; {_choices(place)}"
        elif one["type"] == "missing":
            yield f"{where} is missing"
        else:
            got = f" (got {one['input']!r})" if place else ""
            yield f"{where}: {one['msg'].removeprefix('Value error, ')}{got}"


def _choices(place: list[str]) -> str:
    """The names that may stand where an unknown one does; the likeliest first."""
    part: Any = Parameters
    for name in place[:-1]:
        part = part.model_fields[name].annotation
    assert issubclass(part, BaseModel)
    names = list(part.model_fields)
    near = get_close_matches(place[-1], names, n=1)
    meant = f"did you mean {near[0]}? " if near else ""
    return f"{meant}there are {', '.join(names)}"


def parameters_toml(chosen: Parameters, comment: Sequence[str]) -> str:
    """TOML text: the comment's lines, then every number that is not its default."""
    lines = [f"# {line}".rstrip() for line in comment]
    for name in Parameters.model_fields:
        part: BaseModel = getattr(chosen, name)
        numbers = part.model_dump(exclude_defaults=True)
        if numbers or name == "lightgbm":
            lines += ["", f"[{name}]", *(f"{key} = {_cell(v)}" for key, v in numbers.items())]
    return "\n".join(lines) + "\n"


def write_parameters(chosen: Parameters, path: Path, comment: Sequence[str]) -> None:
    """The parameters as a TOML file; folders that are missing are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(parameters_toml(chosen, comment), encoding="utf-8")


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, StrEnum | str):
        return f'"{value}"'
    if isinstance(value, tuple | list):
        return f"[{', '.join(_cell(one) for one in value)}]"
    return repr(value)
