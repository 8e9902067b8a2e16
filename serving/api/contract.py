"""The contract as a file: written from the service, compared with the one released last."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from serving.api.app import application
from serving.api.breaking import Comparison, Contract
from serving.catalogue import served

HERE = Path(__file__).parent
WRITTEN = HERE / "openapi.json"
RELEASED = HERE / "released.json"


class ContractError(ValueError):
    """The contract is not what it says or what was promised."""


def document() -> Mapping[str, Any]:
    """The contract as the service serves it."""
    made: Mapping[str, Any] = application(served()).openapi()
    return made


def text(contract: Mapping[str, Any]) -> str:
    """As it is written to a file."""
    return json.dumps(contract, indent=1, ensure_ascii=False) + "\n"


def check(file: Path = WRITTEN, released: Path = RELEASED) -> str:
    """That the file is what the service serves, and that nothing breaks; what was found.

    Raises:
        ContractError: naming what differs or what breaks, and the command that mends it.
    """
    now = document()
    if not file.exists() or file.read_text(encoding="utf-8") != text(now):
        raise ContractError(
            f"{file.name} is not what the service serves; `triage openapi --write` writes it"
        )
    broken = breaks(released, now)
    if broken:
        told = "\n".join(f"  {line}" for line in broken)
        raise ContractError(f"{len(broken)} breaks of the contract in {released.name}:\n{told}")
    return f"{file.name} is what the service serves, and breaks nothing of {released.name}"


def breaks(released: Path, now: Mapping[str, Any]) -> list[str]:
    """What would break callers of a contract that was released.

    Raises:
        ContractError: a file that cannot be read.
    """
    try:
        before = json.loads(released.read_text(encoding="utf-8"))
        return Comparison(Contract(before), Contract(now)).breaks()
    except (OSError, ValueError, KeyError) as error:
        raise ContractError(f"{released} is no contract that can be read: {error!r}") from error
