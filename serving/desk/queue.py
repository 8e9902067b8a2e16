"""The desk: open recommendations, in the order in which they are worth looking at."""

from __future__ import annotations

from datetime import datetime

from models.task import TaskName
from serving.audit.store import AuditStore
from serving.desk.pages import environment

MOST_ROWS = 200

TITLES = {
    TaskName.STOCK_RISK: "Stock risk",
    TaskName.INVOICE_MISMATCH: "Invoice mismatch",
    TaskName.SUPPLIER_DELAY: "Supplier delay",
}


def queue_page(audit: AuditStore, now: datetime, task: str = "", site: str = "") -> str:
    """The latest recommendation of each case without a decision, highest priority first."""
    advices = [e.payload["recommendation"] for e in audit.undecided(task, site, MOST_ROWS)]
    return (
        environment()
        .get_template("queue.html")
        .render(
            advices=advices,
            expired={a["id"]: datetime.fromisoformat(a["expires_at"]) <= now for a in advices},
            titles={str(name): title for name, title in TITLES.items()},
            sites=audit.sites(),
            task=task,
            site=site,
            most=MOST_ROWS,
        )
    )
