"""`triage openapi`: the contract as a file, and whether it breaks anyone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from data.progress import console


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
    from serving.api.contract import RELEASED, WRITTEN, check, document, text

    if write:
        WRITTEN.write_text(text(document()), encoding="utf-8")
    said = check(released=against or RELEASED) if not release else "released"
    if release:
        RELEASED.write_text(text(document()), encoding="utf-8")
    console.print(said, soft_wrap=True, highlight=False)
