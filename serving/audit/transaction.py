"""One transaction for a group of callers, and what each is told when it does not go through."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from serving.audit.engines import turn
from serving.audit.errors import AuditUnavailableError, reason
from serving.audit.group import Ticket
from serving.audit.writing import AlsoError, Signer, head, recognise, write

OF_ONE = (sa.exc.IntegrityError, sa.exc.DataError)
"""What one caller's entries can bring upon a whole group."""


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
        except OF_ONE as error:
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
