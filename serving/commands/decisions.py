"""`triage decisions`: what people decided, as a table that training can read."""

from __future__ import annotations

from data.lake import Lake
from data.progress import console, step


def decisions() -> None:
    """Write what people decided into the canonical tables; `triage train` learns from it.

    The whole record is written each time, so running it again changes nothing.
    """
    from data.ingest import ingest_one
    from serving.audit.canonical_decisions import canonical_decisions
    from serving.audit.opened import open_audit

    lake = Lake.from_environment().make()
    with step("Reading decisions"):
        store = open_audit(lake)
        try:
            report = ingest_one(canonical_decisions(store), lake.canonical, lake.quarantine)
        finally:
            store.close()
    console.print(str(report), highlight=False, soft_wrap=True)
