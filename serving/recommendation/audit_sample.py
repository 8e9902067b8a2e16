"""Audit sample: a share of all cases, chosen by hash, that is reviewed whatever the score.

People look at flagged cases only, so their decisions say nothing about the cases that the model
let pass. The sample corrects that; training and monitoring weigh its cases by 1 / share.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from models.task import TaskName
from serving.policy.sections import AuditSamplePolicy

HASH_RANGE = 2**64
AUDIT_SAMPLE_NOTE = (
    "Picked at random so that the model can be checked: review it whatever the score says."
)


def in_audit_sample(sample: AuditSamplePolicy, task: TaskName, reference: Sequence[str]) -> bool:
    """Whether a case is in the sample.

    It depends on the reference of the case, so asking again does not change it, and on the seed
    of the policy, so a caller cannot steer a case into the sample or out of it.
    """
    return hash_fraction(sample.seed, task, reference) < sample.share


def hash_fraction(seed: str, task: TaskName, reference: Sequence[str]) -> float:
    """Return a number in [0, 1) that is always the same for a case and a seed."""
    identity = "\x1f".join([seed, task, *reference])
    return int.from_bytes(hashlib.sha256(identity.encode()).digest()[:8], "big") / HASH_RANGE
