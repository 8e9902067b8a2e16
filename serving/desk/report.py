"""The report of one recommendation, made from its audit record alone."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from data.lake import Lake
from models.task import TaskName
from serving.audit.entry import Entry
from serving.audit.opened import open_audit
from serving.audit.readings import record_reading
from serving.audit.store import AuditStore
from serving.context import Context, of_command
from serving.counterfactual.answer import Counterfactuals
from serving.counterfactual.offline import offline
from serving.desk.facts import children, facts, left_out, looked_at, missing, none_given
from serving.desk.groups import groups
from serving.desk.pages import environment
from serving.desk.standing import Standing, standing
from serving.desk.waterfall import waterfall
from serving.policy.finding import Code
from serving.recommendation import Advice
from serving.replay.explained import Told, in_words, told
from serving.replay.sources import sources_of

Payload = Mapping[str, Any]

COMMAND = "triage report"
NOT_ASKED = "not computed for this page"

OF_WHAT = {
    TaskName.STOCK_RISK: "running out of stock",
    TaskName.SUPPLIER_DELAY: "coming late",
}


def render(
    entry: Entry,
    ways: Counterfactuals | str = NOT_ASKED,
    standing: Standing | None = None,
    reasons: Told | None = None,
) -> str:
    """One HTML page that needs nothing else: no script, no font, no address.

    ways: what would change the answer, or why that cannot be said. standing: what became of
    it since; nothing is said of that by default. reasons: what the entry holds, in words; as it
    stands by default.

    Raises:
        ErasedError: the recommendation has been erased.
        ValueError: for an entry that is not a recommendation.
    """
    if not entry.answers:
        raise ValueError(f"entry {entry.id} is a {entry.kind}; a report is of a recommendation")
    reasons = reasons or Told(in_words(entry.payload, ()))
    payload: Payload = reasons.payload
    # Read back first: an old record lacks what answers did not say then.
    advice = Advice.model_validate(payload["recommendation"]).model_dump(mode="json")
    scored = advice["model"] is not None
    explained = scored and reasons.explained
    return (
        environment()
        .get_template("report.html")
        .render(
            entry=entry,
            advice=advice,
            ways=None if isinstance(ways, str) else ways,
            standing=standing,
            no_ways=ways if isinstance(ways, str) else "",
            scored=scored,
            explained=explained,
            unexplained=reasons.lacking or NOT_ASKED,
            afterwards=explained and not entry.payload["recommendation"].get("explained", True),
            of_what=of_what(advice) if scored else "",
            waterfall=waterfall(payload["score"]) if explained else None,
            groups=groups(advice["reason_groups"], payload["score"]) if explained else [],
            classes=likely(advice),
            facts=facts(payload),
            left_out=left_out(payload),
            children=children(payload),
            none_given=none_given(payload),
            looked_at=looked_at(payload) if explained else [],
            missing=missing(payload) if explained else [],
            overdue=any(f["code"] == Code.PROMISE_PASSED for f in advice["findings"]),
        )
    )


def write_report(lake: Lake, recommendation: str, out: Path | None = None) -> Path:
    """Write the report of a recommendation in the lake's audit; where it was written.

    That it was read is on record before the file is there.

    recommendation: its id, or the start of it that no other id has.
    out: the file; `<id>.html` in the lake's reports by default.

    Raises:
        LookupError: naming the recommendation that is not there.
        ErasedError: it has been erased.
        AuditUnavailableError: the audit cannot be read, or the reading not be recorded.
    """
    with closing(open_audit(lake)) as store:
        entry = store.read(recommendation) or store.named(recommendation)
        if entry is None or not entry.answers:
            raise LookupError(f"there is no recommendation {recommendation!r} in {lake.audit}")
        reasons = told(entry, sources_of(lake, store))
        ways, context = offline(lake, entry), of_command(COMMAND)
        page = read_page(store, entry, ways, reasons, datetime.now(UTC), context)
    path = out or lake.reports / f"{entry.id}.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(page)
    return path


def read_page(
    audit: AuditStore,
    entry: Entry,
    ways: Counterfactuals | str,
    reasons: Told,
    now: datetime,
    context: Context,
) -> bytes:
    """The page of a recommendation, for somebody to read: given once that is on record.

    Raises:
        ErasedError: the recommendation has been erased.
        AuditUnavailableError: the access could not be recorded, so there is no page.
    """
    page = render(entry, ways, standing(audit, entry.id), reasons).encode()
    record_reading(audit, entry, page, now, context.recorded())
    return page


def of_what(advice: Payload) -> str:
    """What the probability is of, to finish "probability of ..."."""
    task = TaskName(advice["task"])
    return OF_WHAT.get(task) or f"ending as {plain(advice['explained_class'])}"


def plain(name: str) -> str:
    """A class name as words: `NO_RECEIPT` is "no receipt"."""
    return name.replace("_", " ").lower()


def likely(advice: Payload) -> list[tuple[str, float, bool]]:
    """Classes of a task with several: words, probability, whether it cannot be ruled out."""
    if len(advice["probabilities"]) == 2:
        return []
    ranked = sorted(advice["probabilities"].items(), key=lambda item: -item[1])
    kept = set(advice["class_set"])
    return [(plain(name), p, name in kept) for name, p in ranked if p >= 0.005 or name in kept]
