"""When the service does not advise, why in plain words, and what would mend it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from models.abstain import Abstain, abstentions
from models.model import Predictions
from models.task import Task
from serving.policy.finding import Code, Finding
from serving.policy.policy import Policy
from serving.recommendation import Abstention

PLAIN = "No advice: "


# A rule that found the very thing which the model expects: however few past cases the model
# has to go by, the advice then rests on what was computed.
KNOWN_FOR_CERTAIN = frozenset({Code.PROMISE_PASSED, Code.OUT_OF_STOCK})
MODELS_OWN = frozenset({Abstain.WIDE_INTERVAL, Abstain.STRADDLES_THRESHOLD})


def withheld(
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
    borne_out = KNOWN_FOR_CERTAIN | {task.classes[answers.explained[row]]}
    certain = any(finding.code in borne_out for finding in findings)
    found = abstentions(
        answers,
        row,
        policy.abstain[task.name].limits,
        policy.thresholds[task.name],
        max(history_days, 0),
    )
    return [
        Abstention(code=why.name, sentence=f"{text.removeprefix(PLAIN)} {mend(why)}")
        for why, text in found
        if not (certain and why in MODELS_OWN)
    ]


def mend(why: Abstain) -> str:
    """What would let the service advise on such a case."""
    match why:
        case Abstain.UNSEEN_KEY:
            return "A model trained once such cases have matured would mend that."
        case Abstain.OUT_OF_RANGE:
            return "Figures put right would mend that; if they are right, training on such cases."
        case Abstain.STALE_HISTORY:
            return "Newer history would mend that: ingest, then `triage profiles`."
        case Abstain.WIDE_INTERVAL | Abstain.STRADDLES_THRESHOLD:
            return "A model trained once more such cases have matured would mend that."
        case _:
            assert_never(why)
