"""Abstention: reasons not to advise on a scored case, and what would remedy each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from models.abstention import AbstentionReason, find_abstention_reasons
from models.model import Predictions
from models.task import Task
from serving.policy.finding import Finding, FindingCode
from serving.policy.policy import Policy
from serving.recommendation.recommendation import Abstention

NO_ADVICE_PREFIX = "No advice: "


# A rule that found the very thing which the model expects: however few past cases the model
# has to go by, the advice then rests on what was computed.
CONCLUSIVE_CODES = frozenset({FindingCode.PROMISE_PASSED, FindingCode.OUT_OF_STOCK})
MODEL_DOUBTS = frozenset({AbstentionReason.WIDE_INTERVAL, AbstentionReason.STRADDLES_THRESHOLD})


def find_abstentions(
    answers: Predictions,
    row: int,
    task: Task,
    policy: Policy,
    history_days: int,
    findings: Sequence[Finding] = (),
) -> list[Abstention]:
    """Reasons not to advise on the case in that row; empty where there is none.

    history_days: from the end of the history to the moment asked about. findings: of the
    rules; where they bear the model out, its own doubts are no reason.
    """
    borne_out = CONCLUSIVE_CODES | {task.classes[answers.explained[row]]}
    certain = any(finding.code in borne_out for finding in findings)
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
        if not (certain and why in MODEL_DOUBTS)
    ]


def remedy_for(why: AbstentionReason) -> str:
    """What would let the service advise on such a case."""
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
