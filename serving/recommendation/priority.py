"""Money at risk of a case, and the priority by which cases are ranked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from serving.policy.finding import MAX_RATIO, Finding
from serving.policy.sections import CurrencyPolicy
from serving.recommendation.advised_task import AdvisedTask, Record


@dataclass(frozen=True)
class MoneyAtRisk:
    """Money at risk in the case's currency, None where unknown. how: the formula in words."""

    amount: float | None
    currency: str
    how: str


@dataclass(frozen=True)
class Weight:
    """Share of the money at risk that counts in the ranking. words: what the share is.

    ranked: whether the case is ranked by money at all; where not, the words say why.
    """

    share: float
    words: str
    ranked: bool = True


def not_ranked(why: str) -> Weight:
    """Return the weight of a case that is not ranked by money, with the reason."""
    return Weight(0.0, why, ranked=False)


def assess_money_at_risk(
    task: AdvisedTask, case: Record, findings: Sequence[Finding], *, nothing_to_do: bool = False
) -> MoneyAtRisk:
    """Return the money at risk that the case states, else what the task computes from it.

    nothing_to_do: whether the facts say so; then nothing is at risk, whatever the case states.
    """
    currency = str(case["currency"] or "")
    if nothing_to_do:
        return MoneyAtRisk(0.0, currency, "nothing is at stake: there is nothing to do")
    if case["money_at_risk"] is not None:
        return MoneyAtRisk(case["money_at_risk"], currency, "as given with the case")
    amount, how = task.amount_at_risk(case, findings)
    if amount is None:
        return MoneyAtRisk(None, currency, f"not known: {how} needs values that are missing")
    return MoneyAtRisk(amount, currency, how)


def compute_priority(
    weight: Weight, risk: MoneyAtRisk, money: CurrencyPolicy, stated_rate: float | None = None
) -> tuple[float, str]:
    """Return weight x money at risk in the reporting currency, and that formula in words.

    Args:
        weight: of the case.
        risk: money at risk of the case.
        money: exchange rates.
        stated_rate: rate that came with the case; it leads over the policy's.
    """
    if not weight.ranked:
        return 0.0, weight.words
    if risk.amount is None:
        return 0.0, "money at risk is not known: ranked last"
    rate = money.rate(risk.currency, stated_rate)
    if rate is None:
        return 0.0, f"not computed: no rate for {risk.currency or 'an unknown currency'}"
    formula = f"{weight.words} x money at risk, {risk.currency} at {rate:g}"
    priority = min(weight.share * risk.amount * rate, MAX_RATIO)
    return priority, f"{formula} {money.reporting_currency}"


def multiply_known(*factors: float | None) -> float | None:
    """Multiply the factors; None where one of them is missing."""
    product = 1.0
    for factor in factors:
        if factor is None:
            return None
        product *= factor
    return product
