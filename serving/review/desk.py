"""Desk pages: open recommendations by priority, and challengers compared with their champions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from serving.audit.log.store import AuditStore
from serving.audit.report_access_log import count_report_accesses
from serving.model_registry.active_models import ActiveModels
from serving.model_registry.challenger_comparison import MAX_SHADOW_ENTRIES, compare_challengers
from serving.pipeline.pauses import Pause
from serving.recommendation.recommendation import Advice
from serving.review.case_facts import document_address, named_ids
from serving.review.page_templates import template_environment
from serving.tasks.catalogue import SERVED_TASKS

MAX_ROWS = 200

TASK_TITLES = {str(name): served.title for name, served in SERVED_TASKS.items()}


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
    """Render the undecided recommendations, the latest of each case, by priority.

    What has expired comes after what may still be acted on.

    Args:
        audit: the log.
        now: the moment that expiry is judged by.
        task: only this task; "" for all.
        site: only this site; "" for all.
        picked: only the audit sample.
        pauses: pauses in force, shown above the queue.
        seen: the sites that the reader may see; None for all.
    """
    entries = audit.undecided(task, site, MAX_ROWS, picked=picked, within=seen)
    # Canonical JSON drops the fraction of whole numbers; validation reads them as floats again.
    read = [Advice.model_validate(entry.payload["recommendation"]) for entry in entries]
    read.sort(key=lambda advice: advice.expires_at <= now)
    advices = [advice.model_dump(mode="json") for advice in read]
    return (
        template_environment()
        .get_template("queue.html")
        .render(
            advices=advices,
            places={entry.id: entry for entry in entries},
            named={entry.id: named_ids(entry.payload) for entry in entries},
            links={entry.id: document_address(entry.payload) for entry in entries},
            read=count_report_accesses(audit, [entry.id for entry in entries]),
            expired={a["id"]: datetime.fromisoformat(a["expires_at"]) <= now for a in advices},
            titles=TASK_TITLES,
            sites=[one for one in audit.sites() if seen is None or one in seen],
            task=task,
            site=site,
            picked=picked,
            pauses=[p for p in pauses if not p.site or seen is None or p.site in seen],
            most=MAX_ROWS,
        )
    )


def challenger_page(audit: AuditStore, active: ActiveModels, sees: Callable[[str], bool]) -> str:
    """Render the comparison of challengers and champions. sees: whether the reader may see a site.

    Raises:
        AuditUnavailableError: the record cannot be read.
    """
    shares = {
        TASK_TITLES[name]: (one.version, active.canaries[name].share)
        for name, one in active.challengers.items()
        if name in active.canaries
    }
    return (
        template_environment()
        .get_template("challenger.html")
        .render(
            found=compare_challengers(audit, sees),
            titles=TASK_TITLES,
            shares=shares,
            refused=dict(active.refused),
            most=MAX_SHADOW_ENTRIES,
        )
    )
