"""The OpenAPI contract as files: the current document, the released one, and their check."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from serving.http.app import create_app
from serving.http.openapi.compatibility import ContractComparison, OpenApiDocument
from serving.tasks.catalogue import SERVED_TASKS

FOLDER = Path(__file__).parent
CURRENT_FILE = FOLDER / "openapi.json"
RELEASED_FILE = FOLDER / "released.json"


class ContractError(ValueError):
    """The contract differs from the service, or breaks what was released."""


def current_contract() -> Mapping[str, Any]:
    """Return the contract that the service serves."""
    contract: Mapping[str, Any] = create_app(SERVED_TASKS).openapi()
    return contract


def contract_json(contract: Mapping[str, Any]) -> str:
    """Return a contract as the text of its file."""
    return json.dumps(contract, indent=1, ensure_ascii=False) + "\n"


def check_contract(file: Path = CURRENT_FILE, released: Path = RELEASED_FILE) -> str:
    """Check that the file is what the service serves, and that it breaks nothing released.

    Returns:
        The result in a sentence.

    Raises:
        ContractError: naming what differs or what breaks, and the command that mends it.
    """
    now = current_contract()
    if not file.exists() or file.read_text(encoding="utf-8") != contract_json(now):
        raise ContractError(
            f"{file.name} is not what the service serves; `triage openapi --write` writes it"
        )
    broken = breaking_changes(released, now)
    if broken:
        lines = "\n".join(f"  {line}" for line in broken)
        raise ContractError(f"{len(broken)} breaks of the contract in {released.name}:\n{lines}")
    return f"{file.name} is what the service serves, and breaks nothing of {released.name}"


def breaking_changes(released: Path, now: Mapping[str, Any]) -> list[str]:
    """Return what breaks callers of a released contract, one line each.

    Raises:
        ContractError: a file that cannot be read.
    """
    try:
        before = json.loads(released.read_text(encoding="utf-8"))
        return ContractComparison(OpenApiDocument(before), OpenApiDocument(now)).breaks()
    except (OSError, ValueError, KeyError) as error:
        raise ContractError(f"{released} is no contract that can be read: {error!r}") from error
