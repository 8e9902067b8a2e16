"""Decisions: what people did with recommendations, as reported by the orchestrator.

With each goes what training must know of the recommendation: which case it was about, what
it said, and why a person looked at it at all. Where that is missing (decisions from another
system's extract), a decision counts people but teaches nothing.
"""

from enum import StrEnum

from data.contracts.sites import SITE_ID
from data.contracts.table import HAPPENED_AT, KNOWN_AT, Column, Kind, Table


class Action(StrEnum):
    """What a person did with a recommendation."""

    FOLLOWED = "followed"
    OVERRIDDEN = "overridden"
    IGNORED = "ignored"


DECISION_ID = Column("decision_id", Kind.TEXT, "the decision", required=True)
RECOMMENDATION_ID = Column(
    "recommendation_id", Kind.TEXT, "the recommendation it answers", required=True
)
ACTION = Column("action", Kind.TEXT, "what was done", allowed=list(Action), required=True)
RESOLVED_AS = Column("resolved_as", Kind.TEXT, "class or outcome the person settled on")
REASON = Column("reason", Kind.TEXT, "why, in the person's words")
ROLE = Column("role", Kind.TEXT, "role of who decided (never a name)", required=True)
TASK = Column("task", Kind.TEXT, "task that the recommendation answered")
CASE_ID = Column("case_id", Kind.TEXT, 'the case\'s own reference, its parts joined by "/"')
DECIDED_SITE = Column(str(SITE_ID), Kind.TEXT, "site of the case")
RECOMMENDED_CLASS = Column("recommended_class", Kind.TEXT, "class that was explained to the person")
EXCEPTION_PROBABILITY = Column(
    "exception_probability",
    Kind.NUMBER,
    "probability then that anything goes wrong",
    unit="share",
    minimum=0,
)
FLAGGED = Column("flagged", Kind.FLAG, "to be looked at, even had it not been drawn")
AUDIT_SAMPLE = Column("audit_sample", Kind.FLAG, "drawn at random for review, whatever the score")
AUDIT_SHARE = Column(
    "audit_share", Kind.NUMBER, "chance of such a case to be drawn", unit="share", minimum=0
)
MODEL_VERSION = Column("model_version", Kind.TEXT, "version of the model that answered")
ASKED_AT = Column("asked_at", Kind.MOMENT, "moment that the question was about", unit="UTC")
ANSWERED_AT = Column("answered_at", Kind.MOMENT, "when it was recommended", unit="UTC")

DECISIONS = Table(
    "decisions",
    grain="one decision by a person on one recommendation",
    key=(DECISION_ID,),
    columns=(
        DECISION_ID,
        RECOMMENDATION_ID,
        ACTION,
        RESOLVED_AS,
        REASON,
        ROLE,
        TASK,
        CASE_ID,
        DECIDED_SITE,
        RECOMMENDED_CLASS,
        EXCEPTION_PROBABILITY,
        FLAGGED,
        AUDIT_SAMPLE,
        AUDIT_SHARE,
        MODEL_VERSION,
        ASKED_AT,
        ANSWERED_AT,
        HAPPENED_AT,
        KNOWN_AT,
    ),
    observed=True,
)
