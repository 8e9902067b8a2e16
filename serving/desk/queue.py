"""The desk: open recommendations, in the order in which they are worth looking at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from models.task import TaskName
from serving.audit.readings import times_read
from serving.audit.store import AuditStore
from serving.desk.pages import environment
from serving.pause import Pause
from serving.recommendation import Advice

MOST_ROWS = 200

TITLES = {
    TaskName.STOCK_RISK: "Stock risk",
    TaskName.INVOICE_MISMATCH: "Invoice mismatch",
    TaskName.SUPPLIER_DELAY: "Supplier delay",
}


def queue_page(
    audit: AuditStore,
    now: datetime,
    task: str = "",
    site: str = "",
    *,
    picked: bool = False,
    pauses: Sequence[Pause] = (),
    seen: frozenset[str] | None = None,
) -> str:
    """The latest recommendation of each case without a decision, highest priority first.

    picked: only the audit sample. pauses: in force, told above the queue. seen: the sites of
    whoever looks; None for all.
    """
    entries = audit.undecided(task, site, MOST_ROWS, picked=picked, within=seen)
    # Read back first: an old record lacks what answers did not say then.
    read = [Advice.model_validate(entry.payload["recommendation"]) for entry in entries]
    advices = [advice.model_dump(mode="json") for advice in read]
    return (
        environment()
        .get_template("queue.html")
        .render(
            advices=advices,
            places={entry.id: entry for entry in entries},
            read=times_read(audit, [entry.id for entry in entries]),
            expired={a["id"]: datetime.fromisoformat(a["expires_at"]) <= now for a in advices},
            titles={str(name): title for name, title in TITLES.items()},
            sites=[one for one in audit.sites() if seen is None or one in seen],
            task=task,
            site=site,
            picked=picked,
            pauses=[p for p in pauses if not p.site or seen is None or p.site in seen],
            most=MOST_ROWS,
        )
    )
