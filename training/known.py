"""The canonical tables as they were known at a moment."""

from __future__ import annotations

from datetime import datetime

import ibis

from data.contracts.table import KNOWN_AT
from data.store import Store


class KnownBefore(Store):
    """A store in which nothing known at or after a moment exists.

    Shares the connection of the store it looks at; closing it closes that one.
    """

    def __init__(self, store: Store, moment: datetime) -> None:
        """Look at `store` as of `moment`, which has a zone."""
        if moment.tzinfo is None:
            raise ValueError(f"a moment needs a zone, got {moment.isoformat()}; UTC is usual")
        super().__init__(store.connection)
        self._store = store
        self._moment = ibis.literal(moment, type="timestamp('UTC', 6)")

    def table(self, name: str) -> ibis.Table:
        """The rows of a canonical table that were known before the moment."""
        rows = self._store.table(name)
        return rows.filter(rows[KNOWN_AT] < self._moment)
