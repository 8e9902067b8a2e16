"""Audit sample: a share of all cases, chosen by hash, that is reviewed whatever the score.

Only flagged cases get looked at, so what people report says nothing of those the model let
pass. A small share of all cases is therefore always reviewed, whatever its score; training
and monitoring weigh them by the share they stand for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from models.task import TaskName
from serving.policy.policy import AuditSamplePolicy

HASH_RANGE = 2**64
AUDIT_SAMPLE_NOTE = (
    "Picked at random so that the model can be checked: review it whatever the score says."
)


def in_audit_sample(sample: AuditSamplePolicy, task: TaskName, reference: Sequence[str]) -> bool:
    """Whether a case is in the sample: by its reference, so asking again changes nothing.

    The seed is the policy's, so a caller cannot steer a case into the sample or out of it.
    """
    return hash_fraction(sample.seed, task, reference) < sample.share


def hash_fraction(seed: str, task: TaskName, reference: Sequence[str]) -> float:
    """A number from 0 up to 1 that a case always draws with that seed."""
    named = "\x1f".join([seed, task, *reference])
    return int.from_bytes(hashlib.sha256(named.encode()).digest()[:8], "big") / HASH_RANGE
