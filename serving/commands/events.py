"""`triage events`: state of event delivery, dead letters, resend, skip and resume."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from data.command_line import console
from data.lake import Lake

if TYPE_CHECKING:
    from serving.events.outbox import Cursor, Outbox


events = typer.Typer(no_args_is_help=True, help="Events that the service sends: state, dead ones.")


@contextmanager
def open_outbox() -> Iterator[Outbox]:
    """Open the outbox of the lake's audit log."""
    from serving.audit.factory import open_audit
    from serving.events.outbox import Outbox

    with closing(open_audit(Lake.from_environment())) as store:
        yield Outbox(store)


def require_cursor(outbox: Outbox) -> Cursor:
    """Return the cursor of the subscription.

    Raises:
        LookupError: no event was ever sent; the message says how to begin.
    """
    cursor = outbox.cursor()
    if cursor is None:
        raise LookupError(
            "no event was ever sent: set TRIAGE_EVENTS_URL and TRIAGE_EVENTS_SECRET_FILE, "
            "and start the service"
        )
    return cursor


def print_line(line: str) -> None:
    """Print a line as it is."""
    console.print(line, highlight=False, markup=False, soft_wrap=True)


@events.command()
def status() -> None:
    """How far the receiver was told, and what holds it up."""
    from serving.events.event_type import EventType, entry_kinds_of

    with open_outbox() as outbox:
        cursor = require_cursor(outbox)
        size, dead = outbox.store.head().frontier.size, outbox.dead()
        waiting = outbox.next(cursor.sequence, entry_kinds_of(frozenset(EventType)), 1)
    print_line(f"told up to entry {cursor.sequence} of {size}; {len(dead)} dead letters")
    if cursor.stopped:
        print_line(f"stopped: {cursor.stopped}; `triage events resume` goes on")
    elif cursor.attempts:
        print_line(
            f"entry {waiting[0].sequence} failed {cursor.attempts} times: {cursor.last_error}"
        )
        print_line(f"it is tried again at {cursor.next_at}; `triage events skip` gives it up")


@events.command()
def dead() -> None:
    """Events that could not be delivered."""
    with open_outbox() as outbox:
        letters = outbox.dead()
    if not letters:
        print_line("No dead letters.")
        return
    table = Table(title="Events that could not be delivered")
    for heading in ("id", "entry", "type", "tries", "why", "since", "again"):
        table.add_column(heading, overflow="fold")
    for letter in letters:
        cells = (letter.id, letter.sequence, letter.type, letter.attempts, letter.error, letter.at)
        table.add_row(*map(str, (*cells, letter.resend or "")))
    console.print(table)


@events.command()
def resend(
    identifier: Annotated[str, typer.Argument(metavar="ID", help="of a dead letter")] = "",
    *,
    every: Annotated[bool, typer.Option("--all", help="all of them")] = False,
) -> None:
    """Have dead letters sent once more by the service, each under the id it had."""
    if bool(identifier) == every:
        raise ValueError("name one dead letter (`triage events dead` lists them), or say --all")
    with open_outbox() as outbox:
        count = outbox.resend(identifier)
    if identifier and not count:
        raise LookupError(f"there is no dead letter {identifier!r}; see `triage events dead`")
    print_line(f"{count} to be sent again, as soon as the service runs.")


@events.command()
def skip() -> None:
    """Put the event that holds up the others with the dead letters, without further tries."""
    from datetime import UTC, datetime

    from serving.events.dispatcher import skip_event
    from serving.events.event_type import EventType, entry_kinds_of

    with open_outbox() as outbox:
        cursor = require_cursor(outbox)
        if not cursor.attempts:
            raise LookupError("nothing is held up; see `triage events status`")
        (entry,) = outbox.next(cursor.sequence, entry_kinds_of(frozenset(EventType)), 1)
        skip_event(outbox, cursor, entry, datetime.now(UTC).isoformat())
    print_line(f"{entry.id} (entry {entry.sequence}) is with the dead letters now.")


@events.command()
def resume() -> None:
    """Go on sending to a receiver that said it wants no more events (HTTP 410)."""
    from serving.events.outbox import Cursor

    with open_outbox() as outbox:
        cursor = require_cursor(outbox)
        if not cursor.stopped:
            raise LookupError("nothing is stopped; see `triage events status`")
        outbox.move(cursor, Cursor(cursor.sequence))
    print_line(f"Goes on after entry {cursor.sequence}.")
