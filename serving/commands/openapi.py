"""`triage openapi`: write the OpenAPI contract, and check it against the released one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from data.command_line import console


def openapi(
    against: Annotated[
        Path | None, typer.Option(help="an OpenAPI file; the contract released last by default")
    ] = None,
    *,
    write: Annotated[bool, typer.Option("--write", help="write openapi.json anew")] = False,
    release: Annotated[
        bool, typer.Option("--release", help="from now on this is what may not break")
    ] = False,
) -> None:
    """Check that openapi.json is what the service serves, and breaks nothing that was released."""
    from serving.http.openapi.contract import (
        CURRENT_FILE,
        RELEASED_FILE,
        check_contract,
        contract_json,
        current_contract,
    )

    if write:
        CURRENT_FILE.write_text(contract_json(current_contract()), encoding="utf-8")
    message = check_contract(released=against or RELEASED_FILE) if not release else "released"
    if release:
        RELEASED_FILE.write_text(contract_json(current_contract()), encoding="utf-8")
    console.print(message, soft_wrap=True, highlight=False)
