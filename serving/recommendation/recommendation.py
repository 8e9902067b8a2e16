"""Domain values of a recommendation, as they are recorded and answered."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from serving.policy.finding import Finding
from serving.policy.known_task import KnownTask
from serving.policy.sections import Level
from serving.recommendation.fallback_ladder import Rung, StepDown


class FrozenModel(BaseModel):
    """A part of a recommendation."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class Interval(FrozenModel):
    """Exact 90 % interval of the share of similar past cases that ended in `explained_class`."""

    low: float
    high: float


class Reason(FrozenModel):
    """A fact and what it did to the probability of `explained_class`."""

    feature: str
    theme: str
    sentence: str
    contribution: float


class ReasonGroup(FrozenModel):
    """Facts about one subject, and what they did together to the probability.

    contribution: exact sum of all steps of the theme; base + all groups is the probability.
    actionable: whether a person could change such facts of this case.
    """

    theme: str
    contribution: float
    actionable: bool
    sentence: str


class Abstention(FrozenModel):
    """Why the service does not advise on the case, and what would mend it."""

    code: str = Field(
        description="UNSEEN_KEY, OUT_OF_RANGE, STALE_HISTORY, WIDE_INTERVAL or STRADDLES_THRESHOLD"
    )
    sentence: str


class ModelVersion(FrozenModel):
    """Which model answered."""

    name: str
    version: str
    digest: str


class PolicyVersion(FrozenModel):
    """Which policy was applied."""

    version: str
    digest: str


class Advice(FrozenModel):
    """A recommendation as it is recorded, before it has a place in the audit.

    Where no model answered, everything that only a model can say is null or empty, and `rung`
    is `rules` or `no_score`; `rung_reasons` says why.

    probability: of `explained_class` (the event of a two-class task, else the likeliest). It may
        lie outside `interval`: then `notes` say that history disagrees.
    exception_probability: that anything at all goes wrong; what `priority` is made from.
    delay_days: quantiles of the delay by level, where the task predicts one.
    """

    id: str
    task: KnownTask
    case: dict[str, str]
    site_id: str
    asked_at: datetime
    answered_at: datetime
    expires_at: datetime
    recommendation_only: Literal[True] = True
    rung: Rung = Field(
        description="how the answer was made: `champion` or `previous` (the model before it) "
        "advises; `rules`: only what rules found; `no_score`: nothing, queue the case as usual. "
        "An abstention is on one of the last two, and keeps its score",
    )
    rung_reasons: list[StepDown] = Field(
        description="why each better rung was left, from the top; empty at the top"
    )
    sentence: str
    suggested_action: str
    level: Level
    route: str = Field(description="role or queue that should see it, never a person")
    explained_class: str | None
    probability: float | None
    probabilities: dict[str, float]
    interval: Interval | None
    class_set: list[str]
    delay_days: dict[str, float]
    exception_probability: float | None
    similar_cases: int | None
    similar_cases_that_ended_so: int | None
    abstained: bool = Field(
        default=False,
        description="true: the service does not advise here, see `abstentions`; the score is "
        "kept, and is not to be acted on",
    )
    abstentions: list[Abstention] = []
    flagged: bool = Field(
        description="true: to be looked at for what the model or a rule says, or because there "
        "is no advice; false: at most because it was picked at random",
    )
    audit_sample: bool = Field(
        default=False,
        description="true: picked at random, to be reviewed whatever the score says",
    )
    audit_share: float = Field(
        default=0.0, description="share of all cases that is picked at random"
    )
    explained: bool = Field(
        default=True,
        description="false: scored without its reasons, as the request wanted (`explain`) or for "
        "want of time; `reasons`, `reason_groups` and `missing` are empty, and `/reasons` and "
        "the report make them from the record",
    )
    reason_groups: list[ReasonGroup] = Field(
        default=[],
        description="all reasons by subject: first those a person can act on that matter (a "
        "point or more, and a tenth or more of what the strongest did), then the rest, the "
        "strongest first in both",
    )
    reasons: list[Reason] = Field(
        description="the five strongest facts, ordered as `reason_groups` are: first those a "
        "person can act on that matter, then the rest, the strongest first in both"
    )
    findings: list[Finding]
    missing: list[str]
    unseen: list[str]
    notes: list[str]
    money_at_risk: float | None
    money_at_risk_is: str
    currency: str
    priority: float
    priority_is: str
    model: ModelVersion | None = Field(description="that scored the case; null where none did")
    policy: PolicyVersion
    features_as_of: str | None
    snapshot_id: str | None


class Recommendation(Advice):
    """A recommendation with its place in the audit and the address of its report."""

    audit_sequence: int
    audit_hash: str
    report: str


class Answer(FrozenModel):
    """Answer to a request: one recommendation a case, in the order of the cases."""

    recommendations: list[Recommendation]
    checkpoint: str = Field(
        description="signed state of the record that holds this answer (C2SP tlog-checkpoint); "
        "keep it: later it proves that nothing recorded up to then was rewritten or dropped. "
        "Empty where nothing is signed"
    )


class Decided(FrozenModel):
    """Answer to a decision: where it is recorded."""

    decision_id: str
    recommendation_id: str
    audit_sequence: int
    audit_hash: str
    checkpoint: str = Field(
        description="signed state of the record that holds this decision (C2SP tlog-checkpoint); "
        "keep it, as that of an answer. Empty where nothing is signed"
    )
