"""An entry of the audit: canonical JSON, chained by digests to the entry before it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from serving.audit.canonical import canonical

GENESIS = "0" * 64


class EntryKind(StrEnum):
    """What is recorded."""

    RECOMMENDATION = "recommendation"
    DECISION = "decision"
    MODEL_PROMOTED = "model_promoted"
    MODEL_ROLLED_BACK = "model_rolled_back"


@dataclass(frozen=True)
class Draft:
    """What is to be recorded, before it has a place.

    id: unique. about: the recommendation a decision answers; for a recommendation, itself;
        for a change of model, the version as `task/version`.
    task, site, reference, priority: what the desk finds it by; a change of model has no site.
    payload: values that JSON can hold; numbers that are not finite must be null.
    """

    id: str
    kind: EntryKind
    about: str
    task: str
    site: str
    reference: str
    priority: float
    recorded_at: str
    payload: dict[str, Any]


@dataclass(frozen=True)
class Entry:
    """What is recorded, in its place.

    sequence: 1, 2, 3, ... without gaps. body: RFC 8785 JSON of the payload.
    hash: sha256 of the canonical JSON of {body: sha256 of the body, previous, sequence}.
    """

    sequence: int
    id: str
    kind: EntryKind
    recorded_at: str
    body: str
    previous: str
    hash: str

    @property
    def payload(self) -> Any:
        """What was recorded, read back."""
        return json.loads(self.body)


def link(sequence: int, previous: str, body: str) -> str:
    """The hash of an entry: of its content, its place and everything before it."""
    of_body = hashlib.sha256(body.encode()).hexdigest()
    place = canonical({"body": of_body, "previous": previous, "sequence": sequence})
    return hashlib.sha256(place.encode()).hexdigest()
