"""Evidence of a site-item: what stock and scheduled receipts say, and what would mend it.

What is suggested is tried on the balance first: a receipt is to be brought forward only where that
leaves no day short.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from data.decimals import ZERO
from models.tasks.stock_risk import STOCK_RISK
from serving.policy.finding import Finding
from serving.policy.policy import Policy
from serving.policy.sections import Level
from serving.recommendation.advised_task import Record
from serving.recommendation.evidence import Evidence
from serving.recommendation.wording import short_date
from serving.tasks.stock_risk.projection import Projection, ScheduledReceipt, project
from serving.tasks.stock_risk.rules import StockFinding
from serving.tasks.stock_risk.wording import quantity, receipt_phrase

SELDOM_TRUE = "No action yet: such a projection has seldom come true here."


def stock_risk_evidence(
    case: Record, findings: Sequence[Finding], asked_at: datetime, policy: Policy
) -> Evidence | None:
    """Return what stock and receipts say; None where they last for the whole horizon."""
    del policy
    by_code = {finding.code: finding for finding in findings}
    projection = project(case, asked_at, STOCK_RISK.horizon_days)
    if (out := by_code.get(StockFinding.OUT_OF_STOCK)) is not None:
        return Evidence(
            out.sentence,
            level=Level.ACT if _is_wanted(projection) else Level.WATCH,
            suggestion=suggest(projection),
            settled=True,
            codes=(out.code,),
        )
    if (short := by_code.get(StockFinding.PROJECTED_SHORTAGE)) is not None:
        return Evidence(
            short.sentence,
            level=Level.WATCH if short.flags else None,
            suggestion=suggest(projection) if short.flags else SELDOM_TRUE,
            codes=(short.code,),
        )
    return None


def suggest(projection: Projection) -> str:
    """Return what would leave no day short from the first that can be mended."""
    short = projection.days_below(ZERO, since=1)
    if not short:
        return _suggest_to_serve(projection)
    needed = short[0]
    by = short_date(projection.day(needed), projection.today)
    for receipt in (*projection.due, *projection.overdue):
        if _cures(projection, receipt, needed):
            what = receipt_phrase(receipt, projection.today)
            if receipt in projection.overdue:
                return f"Get a new date for the {what}: they are needed by {by}."
            return f"Bring the {what} forward to {by}."
    short_by = -min(projection.balances[needed:])
    if projection.undated >= short_by:
        return (
            f"Get a date for the {quantity(projection.undated)} on order without one: "
            f"{quantity(short_by)} needed from {by} on."
        )
    return (
        f"Move {quantity(short_by)} in from another site, or order them for {by}: "
        f"{_why_not_covered(projection)}."
    )


def _why_not_covered(projection: Projection) -> str:
    """Say why no receipt would do."""
    on_order = projection.due or projection.overdue or projection.undated
    return "no scheduled receipt covers it alone" if on_order else "nothing is on order"


def _cures(projection: Projection, receipt: ScheduledReceipt, needed: int) -> bool:
    """Return true if no day is short any more when a receipt comes on the first day that is."""
    day = projection.day(needed)
    if receipt.day is not None and projection.today <= receipt.day <= day:
        return False
    return not projection.with_receipt_on(receipt, day).days_below(ZERO, since=needed)


def _suggest_to_serve(projection: Projection) -> str:
    """Return what to do where nothing is free now and nobody is seen to be short tomorrow."""
    if projection.due:
        first = receipt_phrase(projection.due[0], projection.today)
        told = ", and tell the customers who wait" if projection.owed else ""
        return f"Have the {first} confirmed{told}."
    if projection.owed:
        return f"Move {quantity(projection.owed)} in from another site for the customers who wait."
    if projection.demand is None:
        return "Check what demand to expect here, and order for it."
    return "Check whether the item is still to be kept here: nothing is owed or short."


def _is_wanted(projection: Projection) -> bool:
    """Return true if customers wait, or will be short, as far as demand is stated."""
    return bool(projection.owed or not projection.balances or projection.days_below(ZERO, since=1))
