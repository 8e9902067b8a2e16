"""Build the HTML report of one recommendation from its audit record, and record its reading."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from data.lake import Lake
from serving.audit.factory import open_audit
from serving.audit.log.entry import Entry
from serving.audit.log.store import AuditStore
from serving.audit.report_access_log import ReportAccess, record_report_access, report_accesses
from serving.recommendation.recommendation import Advice
from serving.replay.recorded_reasons import WordedAnswer, read_worded_answer, word_steps
from serving.replay.sources import open_replay_sources
from serving.review.case_facts import (
    child_tables,
    document_address,
    empty_child_titles,
    format_moment,
    known_model_facts,
    missing_model_facts,
    named_ids,
    omitted_facts,
    stated_facts,
)
from serving.review.contributions import build_waterfall, group_contributions
from serving.review.counterfactuals import Counterfactuals, counterfactuals_from_lake
from serving.review.page_templates import template_environment
from serving.runtime.context import RequestContext, command_context
from serving.tasks.catalogue import SERVED_TASKS
from serving.tasks.served_task import ServedTask

ERASED_SINCE = "erased since"


@dataclass(frozen=True)
class FollowUp:
    """What became of a recommendation since: decision and readings, a sentence each."""

    decided: str
    read: str


def follow_up(audit: AuditStore, recommendation: str) -> FollowUp:
    """Read what became of a recommendation since.

    Raises:
        AuditUnavailableError: the record cannot be read.
    """
    return FollowUp(
        describe_decision(audit.decisions(recommendation)),
        describe_readings(report_accesses(audit, recommendation)),
    )


def describe_decision(entries: Sequence[Entry]) -> str:
    """Describe the decision: action, role, moment, and entry."""
    if not entries:
        return "nothing was reported yet"
    entry = entries[0]
    where = f"{format_moment(entry.recorded_at)}, entry {entry.sequence}"
    if entry.body is None:
        return f"decided on {where}; by whom and what was {ERASED_SINCE}"
    fields = entry.payload
    ended = f", resolved as {fields['resolved_as']}" if fields["resolved_as"] else ""
    return f"{fields['action']} by {fields['role']}{ended}, {where}"


def describe_readings(accesses: Sequence[ReportAccess]) -> str:
    """Describe how often the report was read before, by whom, and when last."""
    if not accesses:
        return "never before"
    moments_by_reader = defaultdict[str, list[str]](list)
    for access in accesses:
        moments_by_reader[access.caller or ERASED_SINCE].append(access.at)
    phrases = [
        f"{_count_words(len(at))} by {who} (last {format_moment(max(at))})"
        for who, at in moments_by_reader.items()
    ]
    return "; ".join(phrases)


def _count_words(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


Payload = Mapping[str, Any]

REPORT_COMMAND = "triage report"
NOT_REQUESTED = "not computed for this page"


def render_report(
    entry: Entry,
    ways: Counterfactuals | str = NOT_REQUESTED,
    standing: FollowUp | None = None,
    reasons: WordedAnswer | None = None,
) -> str:
    """Render one HTML page that loads nothing else: no script, no font, no address.

    Args:
        entry: the recommendation.
        ways: what would change the answer, or why that cannot be said.
        standing: what became of it since; left out by default.
        reasons: the entry with its reasons in words; by default as recorded.

    Raises:
        PayloadErasedError: the recommendation has been erased.
        ValueError: for an entry that is not a recommendation.
    """
    if not entry.answers:
        raise ValueError(f"entry {entry.id} is a {entry.kind}; a report is of a recommendation")
    reasons = reasons or WordedAnswer(word_steps(entry.payload, ()))
    payload: Payload = reasons.payload
    # Canonical JSON drops the fraction of whole numbers; validation reads them as floats again.
    advice = Advice.model_validate(payload["recommendation"]).model_dump(mode="json")
    served = SERVED_TASKS[advice["task"]]
    scored = advice["model"] is not None
    explained = scored and reasons.explained
    return (
        template_environment()
        .get_template("report.html")
        .render(
            entry=entry,
            advice=advice,
            ways=None if isinstance(ways, str) else ways,
            standing=standing,
            no_ways=ways if isinstance(ways, str) else "",
            scored=scored,
            explained=explained,
            unexplained=reasons.lacking or NOT_REQUESTED,
            afterwards=explained and not entry.payload["recommendation"].get("explained", True),
            of_what=predicted_event(served, advice) if scored else "",
            waterfall=build_waterfall(payload["score"]) if explained else None,
            groups=group_contributions(advice["reason_groups"], payload["score"])
            if explained
            else [],
            class_name=class_title(advice["explained_class"]) if scored else "",
            classes=likely_classes(advice),
            named=named_ids(payload),
            link=document_address(payload),
            facts=stated_facts(served, payload),
            left_out=omitted_facts(served, payload),
            children=child_tables(served, payload),
            none_given=empty_child_titles(served, payload),
            looked_at=known_model_facts(payload) if explained else [],
            missing=missing_model_facts(payload) if explained else [],
            overdue=any(f["code"] in served.conclusive_codes for f in advice["findings"]),
        )
    )


def write_report(lake: Lake, recommendation: str, out: Path | None = None) -> Path:
    """Write the report of a recommendation to a file; the reading is recorded first.

    Args:
        lake: the lake whose audit log holds the recommendation.
        recommendation: its id, or the unique start of it.
        out: the file; by default `<id>.html` in the lake's reports.

    Returns:
        The file.

    Raises:
        LookupError: naming the recommendation that is not there.
        PayloadErasedError: it has been erased.
        AuditUnavailableError: the audit cannot be read, or the reading not be recorded.
    """
    with closing(open_audit(lake)) as store:
        entry = store.read(recommendation) or store.named(recommendation)
        if entry is None or not entry.answers:
            raise LookupError(f"there is no recommendation {recommendation!r} in {lake.audit}")
        reasons = read_worded_answer(entry, open_replay_sources(lake, store))
        ways, context = counterfactuals_from_lake(lake, entry), command_context(REPORT_COMMAND)
        page = render_recorded_report(store, entry, ways, reasons, datetime.now(UTC), context)
    path = out or lake.reports / f"{entry.id}.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(page)
    return path


def render_recorded_report(
    audit: AuditStore,
    entry: Entry,
    ways: Counterfactuals | str,
    reasons: WordedAnswer,
    now: datetime,
    context: RequestContext,
) -> bytes:
    """Render the page of a recommendation, and record that it is read before returning it.

    Raises:
        PayloadErasedError: the recommendation has been erased.
        AuditUnavailableError: the access could not be recorded, so there is no page.
    """
    page = render_report(entry, ways, follow_up(audit, entry.id), reasons).encode()
    record_report_access(audit, entry, page, now, context.recorded())
    return page


def predicted_event(served: ServedTask, advice: Payload) -> str:
    """Name the event of the probability, to complete "probability of ..."."""
    return served.event or f"ending as {class_title(advice['explained_class'])}"


def class_title(name: str) -> str:
    """Write a class name as words: `NO_RECEIPT` is "no receipt"."""
    return name.replace("_", " ").lower()


def likely_classes(advice: Payload) -> list[tuple[str, float, bool]]:
    """List likely classes of a task with several: words, probability, whether in the class set."""
    if len(advice["probabilities"]) == 2:
        return []
    ranked = sorted(advice["probabilities"].items(), key=lambda item: -item[1])
    kept = set(advice["class_set"])
    return [
        (class_title(name), p, name in kept) for name, p in ranked if p >= 0.005 or name in kept
    ]
