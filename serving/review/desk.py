"""Desk pages: open recommendations by priority, and challengers compared with their champions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta

from serving.audit.log.store import AuditStore
from serving.audit.report_access_log import count_report_accesses
from serving.model_registry.active_models import ActiveModels
from serving.model_registry.challenger_comparison import MAX_SHADOW_ENTRIES, compare_challengers
from serving.pipeline.pauses import Pause
from serving.recommendation.recommendation import Advice
from serving.review.case_facts import document_address, named_ids
from serving.review.page_templates import template_environment
from serving.tasks.catalogue import SERVED_TASKS
from serving.tasks.lever import format_day

MAX_ROWS = 200

TASK_TITLES = {str(name): served.title for name, served in SERVED_TASKS.items()}


def day_of_old_data(
    now: datetime, history_end: date | None, oldest_days: int, *, local: bool
) -> datetime | None:
    """Return the day, midnight UTC, that data of the past end on; None where `now` holds.

    A demo is of a past period: judged by now, everything in it has expired. A service that asks
    its callers who they are is for people who act on cases: it is always judged by now.

    Args:
        now: by the service's clock.
        history_end: the day up to which the history reaches; None where there is no history.
        oldest_days: the age in days from which the policy calls history old.
        local: whether the caller is on this machine and needs no authentication.
    """
    if not local or history_end is None:
        return None
    end = datetime.combine(history_end, time(), UTC)
    return end if now - end > timedelta(days=oldest_days) else None


def queue_page(
    audit: AuditStore,
    now: datetime,
    task: str = "",
    site: str = "",
    *,
    picked: bool = False,
    pauses: Sequence[Pause] = (),
    seen: frozenset[str] | None = None,
    as_of: datetime | None = None,
) -> str:
    """Render the undecided recommendations, the latest of each case, by priority.

    What has expired comes after what may still be acted on.

    Args:
        audit: the log.
        now: the moment that expiry is judged by, unless `as_of` is given.
        task: only this task; "" for all.
        site: only this site; "" for all.
        picked: only the audit sample.
        pauses: pauses in force, shown above the queue.
        seen: the sites that the reader may see; None for all.
        as_of: the end of data of the past, which expiry is judged by; the page says so.
    """
    judged_at = as_of or now
    entries = audit.undecided(task, site, MAX_ROWS, picked=picked, within=seen)
    # Canonical JSON drops the fraction of whole numbers; validation reads them as floats again.
    read = [Advice.model_validate(entry.payload["recommendation"]) for entry in entries]
    read.sort(key=lambda advice: advice.expires_at <= judged_at)
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
            expired={
                a["id"]: datetime.fromisoformat(a["expires_at"]) <= judged_at for a in advices
            },
            as_of=as_of and format_day(as_of),
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
