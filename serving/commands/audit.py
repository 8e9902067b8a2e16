"""`triage audit`: verify, checkpoint, key, prove, check and export the audit log."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from data.command_line import console, show_progress
from data.lake import Lake
from serving.commands.audit_replay import replay

if TYPE_CHECKING:
    from serving.audit.log.store import AuditStore
    from serving.audit.transparency.note import Verifier
    from serving.audit.verify.verdict import Verdict


KEY_HELP = "verifier key that you trust, or a file that holds one; may be given again"


def check(
    file: Annotated[Path, typer.Argument(help="as `triage audit prove` wrote it")],
    key: Annotated[list[str] | None, typer.Option(help=KEY_HELP)] = None,
) -> None:
    """Say whether a proof file holds. Needs nothing but the file and the log's key.

    Exit code: 0 it holds under the key given, 1 it does not, 2 it could not be read,
    3 it is well formed, and no key was given to compare.
    """
    from serving.audit.verify.checkpoint_sources import parse_verifier_keys
    from serving.audit.verify.proof_check import check_proof as checked
    from serving.audit.verify.proof_file import MAX_PROOF_BYTES

    keys = parse_verifier_keys(key or [])
    with file.open("rb") as opened:
        result = checked(opened.read(MAX_PROOF_BYTES + 1), keys)
    for sentence in result.sentences:
        console.print(sentence, highlight=False, markup=False, soft_wrap=True)
    raise typer.Exit(result.outcome)


def checkpoint() -> None:
    """Write a signed checkpoint to the second place now, and print it.

    The service writes them while it runs; this is for before and after what is not the service.
    """
    from contextlib import closing
    from datetime import UTC, datetime

    from serving.audit.checkpointer import CheckpointWriter
    from serving.audit.factory import open_audit, open_checkpoint_mirror

    lake = Lake.from_environment().make()
    place = open_checkpoint_mirror(lake)
    with closing(open_audit(lake)) as store:
        note = CheckpointWriter(store, place, lambda: datetime.now(UTC)).write(wait=True)
    if note is None:
        note = place.latest() or ""
        console.print(f"nothing new; the last one in {place.told} is", highlight=False)
    else:
        console.print(f"written to {place.told}:", highlight=False, soft_wrap=True)
    console.print(note.rstrip(), highlight=False, markup=False, soft_wrap=True)


DAY_FORMATS = ["%Y-%m-%d"]


def export(
    out: Annotated[Path, typer.Option(help="new or empty folder")],
    form: Annotated[str, typer.Option("--format", help="parquet or csv")] = "parquet",
    since: Annotated[
        datetime | None, typer.Option(formats=DAY_FORMATS, help="first day of recording, UTC")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=DAY_FORMATS, help="first day that is left out")
    ] = None,
    kind: Annotated[
        list[str] | None, typer.Option(help="a kind of entry; repeat it; all by default")
    ] = None,
    task: Annotated[str, typer.Option(help="one task")] = "",
    site: Annotated[str, typer.Option(help="one site")] = "",
) -> None:
    """Write the record as one file a group of entries, with a manifest of control totals.

    What was recorded in free words may name persons: keep the folder as you keep the record.
    """
    from contextlib import closing

    from serving.audit.export.export import Export, parse_kinds
    from serving.audit.export.selection import Selection
    from serving.audit.export.writers import ExportFormat
    from serving.audit.factory import open_audit
    from serving.runtime.context import code_version

    if form not in set(ExportFormat):
        raise ValueError(f"no format {form!r}; there are {', '.join(ExportFormat)}")
    wanted = Selection(
        since and since.date(), until and until.date(), parse_kinds(kind or ()), task, site
    )
    with (
        closing(open_audit(Lake.from_environment())) as store,
        show_progress("Exporting") as progress,
    ):
        work = Export(store, wanted, ExportFormat(form), datetime.now(UTC), code_version())
        manifest = work.write(out, progress)
    for file in manifest["files"]:
        console.print(f"{file['rows']:>9,} rows  {out / file['file']}", highlight=False)
    record = manifest["record"]
    console.print(f"of a record of {record['tree_size']:,}, root {record['root_hash']}")


def key() -> None:
    """Print the key that verifies this log's checkpoints, and where those go.

    Keep the key where whoever keeps the log cannot change it.
    """
    from contextlib import closing

    from serving.audit.factory import load_signing_key, open_audit, open_checkpoint_mirror
    from serving.audit.transparency.checkpoint import parse_unverified_checkpoint

    lake = Lake.from_environment().make()
    with closing(open_audit(lake)) as store:
        origin = store.head().origin
    verifier, place = load_signing_key(lake).verifier(origin), open_checkpoint_mirror(lake)
    lines = [verifier, f"checkpoints go to {place.told}"]
    latest = place.latest()
    if latest is None:
        lines.append("there is none yet: the service writes them while it runs")
    else:
        last = parse_unverified_checkpoint(latest)
        lines.append(f"the last one is of {last.size} entries, root {last.root.hex()}")
    others = [trusted for trusted in map(str, place.keys()) if trusted != verifier]
    lines += [f"also trusted there: {other}" for other in others]
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def prove(
    identifier: Annotated[str, typer.Argument(metavar="ID", help="an entry's id, or its number")],
    out: Annotated[
        Path | None, typer.Option(help="file to write; ID.proof.json by default")
    ] = None,
    *,
    without_payload: Annotated[
        bool, typer.Option("--without-payload", help="prove the envelope, and show nothing else")
    ] = False,
) -> None:
    """Write a small file that another machine checks with `triage audit check`."""
    from serving.audit.factory import open_audit
    from serving.audit.verify.proof_creation import create_proof

    with closing(open_audit(Lake.from_environment())) as store:
        proof = create_proof(store, identifier, with_payload=not without_payload)
    path = out or Path(f"{proof['envelope']['id']}.proof.json")
    path.write_text(json.dumps(proof, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    number, size = proof["envelope"]["sequence"], proof["size"]
    console.print(f"{path}: entry {number} in the tree of {size}", highlight=False, soft_wrap=True)
    if "key" in proof:
        advice = (
            f"Whoever checks it needs the log's key, from you and not from the file: {proof['key']}"
        )
        console.print(advice, highlight=False, soft_wrap=True)


EXIT_FAULTS, EXIT_STOPPED = 1, 130


def verify(
    resumed: Annotated[
        Path | None, typer.Option("--from", help="checkpoint you kept: read what came after it")
    ] = None,
    against: Annotated[
        Path | None, typer.Option(help="checkpoint you kept: read everything, and hold it to that")
    ] = None,
    key: Annotated[list[str] | None, typer.Option(help=KEY_HELP)] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="write the verdict here")] = None,
    workers: Annotated[int, typer.Option(min=1, help="processes that read")] = 2,
) -> None:
    """Recompute the whole record and say what was done to it, and where first.

    Exit code: 0 all is as it was recorded, 1 it is not, 2 it could not be read.
    """
    from serving.audit.factory import open_audit, open_checkpoint_mirror
    from serving.audit.verify.checkpoint_sources import parse_verifier_keys, read_small_text
    from serving.audit.verify.verification import verify_log as verified

    lake, given_keys = Lake.from_environment(), parse_verifier_keys(key or [])
    since, trusted = (read_small_text(path) if path else None for path in (resumed, against))
    try:
        with closing(open_audit(lake)) as store, show_progress("Verifying the record") as progress:
            verdict = verified(
                store,
                keys=given_keys or own_verifiers(lake, store),
                second_place=open_checkpoint_mirror(lake),
                trusted=trusted,
                since=since,
                workers=workers,
                progress=progress,
            )
    except KeyboardInterrupt:
        console.print("Stopped; nothing was decided, and nothing was changed.")
        raise typer.Exit(EXIT_STOPPED) from None
    if json_file:
        json_file.write_text(json.dumps(verdict.as_json(), indent=1) + "\n")
    print_verdict(verdict, own=not given_keys, resumed=resumed)
    raise typer.Exit(0 if verdict.ok else EXIT_FAULTS)


def own_verifiers(lake: Lake, store: AuditStore) -> list[Verifier]:
    """Return the lake's own key, under the origin that the log states in `head`."""
    from sqlalchemy import select

    from serving.audit.factory import load_signing_key
    from serving.audit.log.tables import HEAD
    from serving.audit.transparency.note import Verifier

    with store.reading() as connection:
        origins = list(connection.scalars(select(HEAD.c.origin)))
    return [Verifier.parse(load_signing_key(lake).verifier(origin)) for origin in origins]


def print_verdict(verdict: Verdict, *, own: bool, resumed: Path | None) -> None:
    """Print the verdict for people."""
    from serving.audit.verify.verdict import OWN_KEY_WARNING, describe_location, verdict_sentences

    for sentence in verdict_sentences(verdict):
        console.print(sentence, highlight=False, markup=False, soft_wrap=True)
    if resumed and not verdict.since:
        console.print(
            f"{resumed} is not the beginning of this log, so everything was read.",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
    if own:
        console.print(OWN_KEY_WARNING, highlight=False, markup=False, soft_wrap=True)
    if verdict.ok:
        console.print("[green]✓[/] The record is as it was recorded.", highlight=False)
        return
    table = Table(title="Not as it was recorded; by the first entry concerned", show_lines=True)
    for heading in ("fault", "where", "what it means"):
        table.add_column(heading, overflow="fold")
    for finding in verdict.findings:
        table.add_row(
            str(finding.fault), describe_location(finding), finding.sentence.replace("[", "\\[")
        )
    console.print(table)
    first = verdict.findings[0]
    line = f"✗ {first.fault} at {describe_location(first)}."
    console.print(line, highlight=False, markup=False, soft_wrap=True)


audit = typer.Typer(no_args_is_help=True, help="Verify, prove, replay, export and erase.")
COMMANDS = (verify, checkpoint, key, prove, check, replay, export)
for command in COMMANDS:
    audit.command()(command)
