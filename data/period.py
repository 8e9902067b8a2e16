"""How far the ingested history reaches.

Decisions do not count: people may decide long after the last extract, and nothing else is
known of those days. Nor do events that were received one by one: their day is the
service's own.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from data.contracts.decisions import DECISIONS
from data.ingest import MANIFEST


def end_of_data(canonical: Path) -> datetime:
    """Midnight (UTC) after the newest row in a folder of canonical tables.

    Raises:
        FileNotFoundError, ValueError: when nothing was ingested there.
    """
    path = canonical / MANIFEST
    if not path.exists():
        raise FileNotFoundError(f"no {path}; run `triage ingest --source NAME` first")
    try:
        tables = json.loads(path.read_text(encoding="utf-8"))["tables"]
        newest = [
            table["known_at"][1]
            for name, table in tables.items()
            if table["rows"] and table["known_at"] and name != DECISIONS.name
        ]
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is damaged ({error}); ingest the source again") from error
    if not newest:
        raise ValueError(f"{canonical} holds no rows; ingest a source that has some")
    last = max(datetime.fromisoformat(moment) for moment in newest)
    return datetime.combine(last.date() + timedelta(days=1), time(), tzinfo=UTC)
