"""`triage audit replay`: answers on record given again, as they were or as they would be."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from data.lake import Lake
from data.progress import console, step

if TYPE_CHECKING:
    from models.task import TaskName
    from serving.replay.sources import Sources

DAY = ["%Y-%m-%d"]
SEEDS = 10**6


def replay(
    identifier: Annotated[
        str, typer.Option("--id", help="one recommendation, or the start of its id")
    ] = "",
    since: Annotated[
        datetime | None, typer.Option(formats=DAY, help="first day (UTC) it was recorded on")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=DAY, help="first day that is not looked at")
    ] = None,
    sample: Annotated[
        int | None, typer.Option(min=1, help="draw at most so many at random")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="draw the same ones again")] = None,
    task: Annotated[str, typer.Option(help="one task; all of them by default")] = "",
    what_if: Annotated[
        list[str] | None,
        typer.Option(help="a policy file, or model=VERSION; can be given once each"),
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="write what would change here, as a page")
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="write the figures here")] = None,
) -> None:
    """Give recorded answers again from the record alone, and demand that every bit is the same.

    With --what-if nothing is demanded: it says what another policy or model would have
    answered, and writes nothing to the record. Exit code: 0 all the same (or the what-if is
    told), 1 an answer differs, 2 something could not be replayed.
    """
    from serving.audit.opened import open_audit
    from serving.replay.selection import Selection, one
    from serving.replay.sources import sources_of

    if html and not what_if:
        raise ValueError("--html is the page of a what-if; add --what-if, or take --json")
    drawn_with = secrets.randbelow(SEEDS) if seed is None else seed
    days = [moment.date() if moment else None for moment in (since, until)]
    selection = Selection(_task(task), days[0], days[1], sample, drawn_with)
    lake = Lake.from_environment()
    with closing(open_audit(lake)) as record:
        places = [one(record, identifier)] if identifier else selection.sequences(record)
        if sample:
            console.print(f"drawn with --seed {drawn_with}", highlight=False)
        sources = sources_of(lake, record)
        if what_if:
            told, exit_code = _what_if(places, sources, what_if, html)
        else:
            told, exit_code = _replayed(places, sources)
    if json_file:
        told |= {"seed": drawn_with} if sample else {}
        json_file.write_text(json.dumps(told, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    raise typer.Exit(exit_code)


def _replayed(places: Sequence[int], sources: Sources) -> tuple[dict[str, Any], int]:
    from serving.context import code_version
    from serving.replay.replay import replay as again
    from serving.replay.selection import chunks
    from serving.replay.summary import Summary

    summary = Summary(code_version())
    with step(f"Replaying {len(places):,} answers") as progress:
        for entries in chunks(sources.record, places):
            summary.add(again(entries, sources))
            progress("done", (summary.replayed + len(summary.lacking)) / len(places))
    for line in summary.lines():
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    return summary.as_json(), summary.exit_code


def _what_if(
    places: Sequence[int], sources: Sources, wanted: Sequence[str], html: Path | None
) -> tuple[dict[str, Any], int]:
    from serving.replay.summary import EXIT_CANNOT, EXIT_SAME
    from serving.replay.what_if.alternative import alternative_of
    from serving.replay.what_if.page import render
    from serving.replay.what_if.report import report
    from serving.replay.what_if.terminal import lines, tables

    alternative = alternative_of(wanted)
    with step(f"Asking {len(places):,} answers again") as progress:
        found = report(places, sources, alternative, lambda share: progress("done", share))
    for table in tables(found) if found.figures else ():
        console.print(table)
    for line in lines(found):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    if html:
        html.write_text(render(found), encoding="utf-8")
    return found.as_json(), EXIT_SAME if found.answers else EXIT_CANNOT


def _task(name: str) -> TaskName | None:
    from models.task import TaskName

    if not name:
        return None
    if name not in set(TaskName):
        raise ValueError(f"no task {name!r}; there are {', '.join(TaskName)}")
    return TaskName(name)
