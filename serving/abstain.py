"""When the service does not advise, why in plain words, and what would mend it."""

from __future__ import annotations

from typing import assert_never

from models.abstain import Abstain, abstentions
from models.model import Predictions
from models.task import TaskName
from serving.policy.policy import Policy
from serving.recommendation import Abstention

PLAIN = "No advice: "


def withheld(
    answers: Predictions, row: int, task: TaskName, policy: Policy, history_days: int
) -> list[Abstention]:
    """Reasons not to advise on the case in that row; empty where there is none.

    history_days: from the end of the history to the moment asked about.
    """
    found = abstentions(
        answers,
        row,
        policy.abstain[task].limits,
        policy.thresholds[task],
        max(history_days, 0),
    )
    return [
        Abstention(code=why.name, sentence=f"{text.removeprefix(PLAIN)} {mend(why)}")
        for why, text in found
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
