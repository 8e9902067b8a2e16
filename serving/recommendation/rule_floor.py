"""Rule floor: a rule that is seldom right informs and does not put a case before a person."""

from __future__ import annotations

from collections.abc import Sequence

from models.rule_precision import RulePrecisions, is_worth_flagging
from serving.policy.finding import NOT_COMPUTED, Finding
from serving.policy.policy import Policy


def apply_rule_floor(
    findings: Sequence[Finding], site: str | None, measured: RulePrecisions, policy: Policy
) -> list[Finding]:
    """Take the flag from findings of rules that are measured to be below the policy's floor.

    Args:
        findings: of the rules about a case.
        site: of the case.
        measured: precision of the rules, from training; empty where none was measured, and then
            every finding flags as its task says.
        policy: with the floor, and the hard gates that flag always.
    """
    floor, always = policy.rules.precision_floor, policy.rules.always_flag
    return [
        finding
        if is_worth_flagging(finding.code, site, measured, floor, always)
        else finding.model_copy(update={"flags": False})
        for finding in findings
    ]


def flagging(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings that put a case before a person."""
    return [finding for finding in findings if finding.flags and finding.code != NOT_COMPUTED]
