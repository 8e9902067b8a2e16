"""`triage audit replay`.

Recompute recorded answers bit for bit, or what another policy or model would answer.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from data.command_line import console, show_progress
from data.lake import Lake

if TYPE_CHECKING:
    from models.task import TaskName
    from serving.replay.sources import ReplaySources


DAY_FORMATS = ["%Y-%m-%d"]
MAX_SEED = 10**6


def replay(
    identifier: Annotated[
        str, typer.Option("--id", help="one recommendation, or the start of its id")
    ] = "",
    since: Annotated[
        datetime | None,
        typer.Option(formats=DAY_FORMATS, help="first day (UTC) it was recorded on"),
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=DAY_FORMATS, help="first day that is not looked at")
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
    from serving.audit.factory import open_audit
    from serving.replay.selection import AnswerSelection, sequence_of_answer
    from serving.replay.sources import open_replay_sources

    if html and not what_if:
        raise ValueError("--html is the page of a what-if; add --what-if, or take --json")
    drawn_with = secrets.randbelow(MAX_SEED) if seed is None else seed
    days = [moment.date() if moment else None for moment in (since, until)]
    selection = AnswerSelection(_task(task), days[0], days[1], sample, drawn_with)
    lake = Lake.from_environment()
    with closing(open_audit(lake)) as record:
        places = (
            [sequence_of_answer(record, identifier)] if identifier else selection.sequences(record)
        )
        if sample:
            console.print(f"drawn with --seed {drawn_with}", highlight=False)
        sources = open_replay_sources(lake, record)
        if what_if:
            figures, exit_code = _what_if(places, sources, what_if, html)
        else:
            figures, exit_code = _replay_exactly(places, sources)
    if json_file:
        figures |= {"seed": drawn_with} if sample else {}
        json_file.write_text(
            json.dumps(figures, indent=1, allow_nan=False) + "\n", encoding="utf-8"
        )
    raise typer.Exit(exit_code)


def _replay_exactly(places: Sequence[int], sources: ReplaySources) -> tuple[dict[str, Any], int]:
    from serving.replay.replay import replay_entries as again
    from serving.replay.selection import read_chunks
    from serving.replay.summary import ReplaySummary
    from serving.runtime.context import code_version

    summary = ReplaySummary(code_version())
    with show_progress(f"Replaying {len(places):,} answers") as progress:
        for entries in read_chunks(sources.record, places):
            summary.add(again(entries, sources))
            progress("done", (summary.replayed + len(summary.obstacles)) / len(places))
    for line in summary.lines():
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    return summary.as_json(), summary.exit_code


def _what_if(
    places: Sequence[int], sources: ReplaySources, wanted: Sequence[str], html: Path | None
) -> tuple[dict[str, Any], int]:
    from serving.replay.summary import EXIT_CANNOT, EXIT_SAME
    from serving.replay.what_if.comparison import parse_alternative
    from serving.replay.what_if.report import run_what_if
    from serving.review.what_if_view import what_if_lines, what_if_page, what_if_tables

    alternative = parse_alternative(wanted)
    with show_progress(f"Asking {len(places):,} answers again") as progress:
        comparison = run_what_if(
            places, sources, alternative, lambda share: progress("done", share)
        )
    for table in what_if_tables(comparison) if comparison.figures else ():
        console.print(table)
    for line in what_if_lines(comparison):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    if html:
        html.write_text(what_if_page(comparison), encoding="utf-8")
    return comparison.as_json(), EXIT_SAME if comparison.answers else EXIT_CANNOT


def _task(name: str) -> TaskName | None:
    from models.catalogue import task_named

    return task_named(name).name if name else None
