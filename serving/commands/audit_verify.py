"""`triage audit verify`: whether the record is what was recorded."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from data.lake import Lake
from data.progress import console, step

if TYPE_CHECKING:
    from serving.audit.note import Verifier
    from serving.audit.store import AuditStore
    from serving.audit.verify.fault import Verdict

FAULTS, STOPPED = 1, 130
KEY = "verifier key that you trust, or a file that holds one; may be given again"


def verify(
    resumed: Annotated[
        Path | None, typer.Option("--from", help="checkpoint you kept: read what came after it")
    ] = None,
    against: Annotated[
        Path | None, typer.Option(help="checkpoint you kept: read everything, and hold it to that")
    ] = None,
    key: Annotated[list[str] | None, typer.Option(help=KEY)] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="write the verdict here")] = None,
    workers: Annotated[int, typer.Option(min=1, help="processes that read")] = 2,
) -> None:
    """Recompute the whole record and say what was done to it, and where first.

    Exit code: 0 all is as it was recorded, 1 it is not, 2 it could not be read.
    """
    from serving.audit.opened import open_audit, second_place
    from serving.audit.verify.trusted import keys_given, read
    from serving.audit.verify.verification import verify as verified

    lake, given = Lake.from_environment(), keys_given(key or [])
    since, trusted = (read(path) if path else None for path in (resumed, against))
    try:
        with closing(open_audit(lake)) as store, step("Verifying the record") as progress:
            verdict = verified(
                store,
                keys=given or own_keys(lake, store),
                second_place=second_place(lake),
                trusted=trusted,
                since=since,
                workers=workers,
                progress=progress,
            )
    except KeyboardInterrupt:
        console.print("Stopped; nothing was decided, and nothing was changed.")
        raise typer.Exit(STOPPED) from None
    if json_file:
        json_file.write_text(json.dumps(verdict.as_json(), indent=1) + "\n")
    tell(verdict, own=not given, resumed=resumed)
    raise typer.Exit(0 if verdict.ok else FAULTS)


def own_keys(lake: Lake, store: AuditStore) -> list[Verifier]:
    """The lake's own key, under the name that the log gives itself, whatever else `head` says."""
    from sqlalchemy import select

    from serving.audit.note import Verifier
    from serving.audit.opened import signing_key
    from serving.audit.tables import HEAD

    with store.reading() as connection:
        origins = list(connection.scalars(select(HEAD.c.origin)))
    return [Verifier.parse(signing_key(lake).verifier(origin)) for origin in origins]


def tell(verdict: Verdict, *, own: bool, resumed: Path | None) -> None:
    """The verdict, for people."""
    from serving.audit.verify.wording import OWN_KEY, place, sentences

    for sentence in sentences(verdict):
        console.print(sentence, highlight=False, markup=False, soft_wrap=True)
    if resumed and not verdict.since:
        console.print(
            f"{resumed} is not the beginning of this log, so everything was read.",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
    if own:
        console.print(OWN_KEY, highlight=False, markup=False, soft_wrap=True)
    if verdict.ok:
        console.print("[green]✓[/] The record is as it was recorded.", highlight=False)
        return
    table = Table(title="Not as it was recorded; by the first entry concerned", show_lines=True)
    for heading in ("fault", "where", "what it means"):
        table.add_column(heading, overflow="fold")
    for finding in verdict.findings:
        table.add_row(str(finding.fault), place(finding), finding.sentence.replace("[", "\\["))
    console.print(table)
    first = verdict.findings[0]
    line = f"✗ {first.fault} at {place(first)}."
    console.print(line, highlight=False, markup=False, soft_wrap=True)
