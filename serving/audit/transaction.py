"""One transaction for a group of callers, and what each is told when it does not go through."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from serving.audit.engines import turn
from serving.audit.errors import AuditUnavailableError, TakenError, reason
from serving.audit.group import Ticket
from serving.audit.rows import taken
from serving.audit.writing import AlsoError, Signer, head, recognise, write


@dataclass(frozen=True)
class Transaction:
    """Writes groups to a store. tenant: whose entries. signer: signs after every group.

    lock: between threads of this process, who would wait longer for that between processes.
    """

    engine: sa.Engine
    tenant: str
    signer: Signer | None
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def write(self, tickets: Sequence[Ticket]) -> None:
        """Write what can be written, together if possible, and settle every ticket."""
        try:
            self._together(tickets)
        except AlsoError as failed:
            failed.ticket.error = failed.error
            self._again([ticket for ticket in tickets if ticket is not failed.ticket])
        except sa.exc.IntegrityError as error:
            on_record = self._on_record(tickets)
            for ticket in tickets:
                ticket.error = next(map(TakenError, on_record & _ids(ticket)), None)
            if on_record:
                self._again([ticket for ticket in tickets if not ticket.done])
            else:
                self._one_by_one(tickets, error)
        except sa.exc.DataError as error:
            self._one_by_one(tickets, error)
        except (OSError, sa.exc.SQLAlchemyError) as error:
            self._away(tickets, error)
        except Exception as error:  # noqa: BLE001 - the caller whose entries it was gets it
            self._one_by_one(tickets, error)

    def _together(self, tickets: Sequence[Ticket]) -> None:
        with self.lock, turn(self.engine), self.engine.begin() as connection:
            for ticket, committed in write(connection, tickets, self.tenant, self.signer):
                ticket.tried = committed
        for ticket in tickets:
            ticket.committed = ticket.tried

    def _again(self, tickets: Sequence[Ticket]) -> None:
        if tickets:
            self.write(tickets)

    def _one_by_one(self, tickets: Sequence[Ticket], error: Exception) -> None:
        if len(tickets) > 1:
            for ticket in tickets:
                self.write([ticket])
            return
        told = error
        if isinstance(error, sa.exc.DataError):
            told = ValueError(f"what cannot be recorded exactly: {reason(error)}")
        elif isinstance(error, sa.exc.IntegrityError):
            told = AuditUnavailableError(f"nothing was recorded: {reason(error)}")
        told.__cause__ = None if told is error else error
        tickets[0].error = told

    def _on_record(self, tickets: Sequence[Ticket]) -> set[str]:
        """Their ids that are on record: asked only where the database refused, for most are new."""
        ids = set[str]().union(*map(_ids, tickets))
        try:
            with self.engine.connect().execution_options(reading=True) as connection:
                return taken(connection, sorted(ids))
        except (OSError, sa.exc.SQLAlchemyError):
            return set()

    def _away(self, tickets: Sequence[Ticket], error: Exception) -> None:
        """The database is away, or refuses. If that was at the commit, look what became of it.

        Whoever has the head row after a broken commit knows that the commit has ended.
        """
        told = AuditUnavailableError(f"nothing was recorded: {reason(error)}")
        if any(ticket.tried for ticket in tickets):
            try:
                with turn(self.engine), self.engine.begin() as connection:
                    head(connection, lock=True)
                    recognise(connection, tickets)
            except (OSError, sa.exc.SQLAlchemyError) as again:
                told = AuditUnavailableError(
                    "whether it was recorded cannot be told: the connection broke during the"
                    f" commit, and the record cannot be read since ({reason(again)});"
                    " ask again with the same idempotency key"
                )
        told.__cause__ = error
        for ticket in tickets:
            if not ticket.done:
                ticket.error = told


def _ids(ticket: Ticket) -> set[str]:
    return {draft.id for draft in ticket.drafts}
