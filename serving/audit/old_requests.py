"""Idempotency keys that are too old to be asked for again."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from serving.audit.engines import turn
from serving.audit.errors import AuditUnavailableError, reason
from serving.audit.store import AuditStore
from serving.audit.tables import REQUESTS


def forget_requests(store: AuditStore, before: datetime) -> int:
    """Forget the keys that were used before then, UTC; how many. Their entries stay.

    Raises:
        AuditUnavailableError: the record cannot be read or written.
    """
    old = REQUESTS.c.recorded_at < before.isoformat()
    with store.reading() as connection:
        if connection.scalar(sa.select(REQUESTS.c.key).where(old).limit(1)) is None:
            return 0  # as nearly always: nobody has to wait for it
    try:
        with turn(store.engine), store.engine.begin() as connection:
            return connection.execute(sa.delete(REQUESTS).where(old)).rowcount
    except (OSError, sa.exc.SQLAlchemyError) as error:
        raise AuditUnavailableError(f"old keys cannot be forgotten: {reason(error)}") from error
