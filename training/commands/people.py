"""`triage people`: who may train and who may approve."""

from __future__ import annotations

from typing import Annotated

import typer

from data.command_line import console

people = typer.Typer(no_args_is_help=True, help="Who may train and who may approve.")


@people.callback()
def group() -> None:
    """Who may train and who may approve."""


@people.command()
def add(
    name: str,
    role: Annotated[str, typer.Option(help="their role, as it is to stand in the record")],
    may: Annotated[list[str], typer.Option(help="train or approve; give it twice for both")],
) -> None:
    """Add a person to the file that TRIAGE_PEOPLE names, and show their token once."""
    from training.approval.people import Duty, add_person
    from training.settings import ApprovalSettings

    path = ApprovalSettings.from_environment().people
    if path is None:
        raise ValueError("set TRIAGE_PEOPLE to the file that people are to be written to")
    if unknown := sorted(set(may) - set(Duty)):
        raise ValueError(f"--may {unknown[0]!r} is not one of {', '.join(Duty)}")
    token = add_person(path, name, role, [duty for duty in Duty if duty in may])
    console.print(f"{name} is in {path}. Their token, shown this once and kept nowhere:")
    print(token)
