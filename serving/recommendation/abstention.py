"""Reasons not to advise on a scored case, and the remedy of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from models.abstention import AbstentionReason, find_abstention_reasons
from models.model import Predictions
from serving.policy.finding import Finding
from serving.policy.policy import Policy
from serving.recommendation.advised_task import AdvisedTask
from serving.recommendation.recommendation import Abstention
from serving.recommendation.rule_floor import flagging

NO_ADVICE_PREFIX = "No advice: "
MODEL_DOUBTS = frozenset({AbstentionReason.WIDE_INTERVAL, AbstentionReason.STRADDLES_THRESHOLD})


def find_abstentions(
    answers: Predictions,
    row: int,
    served: AdvisedTask,
    policy: Policy,
    history_days: int,
    findings: Sequence[Finding] = (),
) -> list[Abstention]:
    """Return the reasons not to advise on the case in a row; empty where there is none.

    Where a rule that flags found the very thing that the model predicts, the model's own doubts
    are no reason: however few past cases it rests on, the advice rests on what was computed.

    Args:
        answers: predictions of a batch.
        row: of the case in it.
        served: task of the batch.
        policy: with the limits of the task.
        history_days: from the end of the history to the moment asked about.
        findings: of the rules about the case.
    """
    task = served.task
    conclusive = served.conclusive_codes | {task.classes[answers.explained[row]]}
    confirmed = any(finding.code in conclusive for finding in flagging(findings))
    found = find_abstention_reasons(
        answers,
        row,
        policy.abstain[task.name].limits,
        policy.thresholds[task.name],
        max(history_days, 0),
    )
    return [
        Abstention(
            code=why.name, sentence=f"{text.removeprefix(NO_ADVICE_PREFIX)} {remedy_for(why)}"
        )
        for why, text in found
        if not (confirmed and why in MODEL_DOUBTS)
    ]


def remedy_for(why: AbstentionReason) -> str:
    """Say what would let the service advise on such a case."""
    match why:
        case AbstentionReason.UNSEEN_KEY:
            return "A model trained once such cases have matured would mend that."
        case AbstentionReason.OUT_OF_RANGE:
            return "Figures put right would mend that; if they are right, training on such cases."
        case AbstentionReason.STALE_HISTORY:
            return "Newer history would mend that: ingest, then `triage profiles`."
        case AbstentionReason.WIDE_INTERVAL | AbstentionReason.STRADDLES_THRESHOLD:
            return "A model trained once more such cases have matured would mend that."
        case _:
            assert_never(why)
