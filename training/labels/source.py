"""Who said how an ask ended, and why anybody looked."""

from enum import StrEnum

from models.training_set import SYSTEM as TOLD_BY_SYSTEM


class Source(StrEnum):
    """Where a label comes from."""

    SYSTEM = TOLD_BY_SYSTEM
    """An outcome that a system recorded; known of every ask in the end."""
    PERSON_FLAGGED = "person, flagged"
    """A person's word on a case that was flagged; all such cases are looked at."""
    PERSON_SAMPLED = "person, sampled"
    """A person's word on a case that was not flagged but drawn into the audit sample."""
