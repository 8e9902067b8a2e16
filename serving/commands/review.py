"""`triage report`, `decisions`, `pause`, `resume` and `pauses`.

Write the report of a recommendation and recorded decisions as a canonical table, and switch advice
off and on per task and site.
"""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from data.command_line import console, show_progress
from data.lake import Lake


def decisions() -> None:
    """Write what people decided into the canonical tables; `triage train` learns from it.

    The whole record is written each time, so running it again changes nothing.
    """
    from data.ingest import replace_table
    from serving.audit.dataframes import canonical_decisions_batch
    from serving.audit.factory import open_audit

    lake = Lake.from_environment().make()
    with show_progress("Reading decisions"):
        store = open_audit(lake)
        try:
            report = replace_table(
                canonical_decisions_batch(store), lake.canonical, lake.quarantine
            )
        finally:
            store.close()
    console.print(str(report), highlight=False, soft_wrap=True)


def report(
    recommendation: str,
    out: Annotated[Path | None, typer.Option(help="file to write")] = None,
) -> None:
    """Write the explanation report of a recommendation as one self-contained HTML file."""
    from serving.review.report import write_report

    lake = Lake.from_environment().make()
    console.print(str(write_report(lake, recommendation, out)), soft_wrap=True)


if TYPE_CHECKING:
    from serving.audit.log.entry_kind import EntryKind


Task = Annotated[str, typer.Argument(help="a task, as /v1/models lists them")]
Site = Annotated[str, typer.Option(help="one site; every site by default")]
By = Annotated[str, typer.Option(help="who does it; recorded as a pseudonym")]
Role = Annotated[str, typer.Option(help="in which role; told on the desk and in answers")]
Reason = Annotated[str, typer.Option(help="why; told in answers and kept for good: no names")]


def pause(task: Task, by: By, reason: Reason, site: Site = "", role: Role = "operations") -> None:
    """Keep models from advising on a task; cases are answered by rules until it is resumed.

    Recorded first; every process of the service follows within about a second.
    """
    from serving.audit.log.entry_kind import EntryKind

    _record(EntryKind.ADVICE_PAUSED, (task, site), {"role": role, "reason": reason}, by)


def resume(task: Task, by: By, reason: Reason, site: Site = "", role: Role = "operations") -> None:
    """Let models advise again, where the task was paused so."""
    from serving.audit.log.entry_kind import EntryKind

    _record(EntryKind.ADVICE_RESUMED, (task, site), {"role": role, "reason": reason}, by)


def pauses() -> None:
    """List what is paused, by which role, since when and why."""
    from serving.audit.factory import open_audit
    from serving.pipeline.pauses import PAUSE_ENTRY_KINDS, ActivePauses

    with closing(open_audit(Lake.from_environment())) as record:
        active = ActivePauses.from_entries(record.of_kind(*PAUSE_ENTRY_KINDS)).all()
    for held in active:
        _say(f"{held.task} {held.where}, by {held.role} since {held.since}: {held.reason}")
    if not active:
        _say("Nothing is paused.")


def _record(kind: EntryKind, where: tuple[str, str], fields: dict[str, str], by: str) -> None:
    from serving.audit.factory import open_audit
    from serving.audit.pseudonym import open_pseudonyms
    from serving.pipeline.pauses import PauseRecorder

    lake = Lake.from_environment()
    with closing(open_audit(lake)) as record:
        recorder = PauseRecorder(record, open_pseudonyms(lake), datetime.now(UTC))
        entry = recorder.record(kind, *where, fields, by)
    _say(f"Recorded as entry {entry.sequence}; the service follows within about a second.")


def _say(sentence: str) -> None:
    console.print(sentence, highlight=False, markup=False, soft_wrap=True)
