"""Decisions: what people did with recommendations, as reported by the orchestrator."""

from enum import StrEnum

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
        HAPPENED_AT,
        KNOWN_AT,
    ),
    observed=True,
)
