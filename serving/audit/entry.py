"""An entry of the audit: an envelope that stays, and a payload that can be erased.

The envelope is a leaf of a Merkle tree (RFC 9162). It names its payload only by a salted
digest, so that a payload erased by law leaves nothing to guess from, and a tree that still
verifies.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from operator import attrgetter
from typing import Any

from pydantic_core import from_json

from serving.audit.leaf import leaf

GENESIS = "0" * 64
SCHEMA = 2
"""Version of envelope and payload that is written now."""
SALT_BYTES = 16


class EntryKind(StrEnum):
    """What is recorded."""

    RECOMMENDATION = "recommendation"
    ABSTENTION = "abstention"
    FALLBACK = "fallback"
    DECISION = "decision"
    MODEL_PROMOTED = "model_promoted"
    MODEL_ROLLED_BACK = "model_rolled_back"
    POLICY_CHANGED = "policy_changed"
    CHECKPOINT = "checkpoint"
    ERASURE = "erasure"
    SERVICE_STARTED = "service_started"
    SERVICE_STOPPED = "service_stopped"
    REPORT_READ = "report_read"
    SHADOW = "shadow"
    MODEL_LOADED = "model_loaded"
    MODEL_REFUSED = "model_refused"
    CHALLENGER_SET = "challenger_set"
    CHALLENGER_ENDED = "challenger_ended"
    ADVICE_PAUSED = "advice_paused"
    ADVICE_RESUMED = "advice_resumed"
    EVENT_RECEIVED = "event_received"
    DRIFT_DETECTED = "drift_detected"
    KEY_CREATED = "key_created"
    KEY_REVOKED = "key_revoked"


SCORED = frozenset({EntryKind.RECOMMENDATION, EntryKind.ABSTENTION})
"""Kinds whose payload holds a scored case and what was answered."""
ANSWERS = SCORED | {EntryKind.FALLBACK}
"""Kinds of what was answered; an old fallback holds no answer, see `Entry.answers`."""


class ErasedError(LookupError):
    """What was recorded has been erased; only its envelope is left."""


@dataclass(frozen=True)
class Draft:
    """What is to be recorded, before it has a place.

    id: unique. about: the recommendation a decision answers; for a recommendation, itself;
        for a change of model, the version as `task/version`.
    task, site, reference, priority, picked: what the desk finds it by; "" where there is none.
    recorded_at: ISO 8601, UTC. picked: drawn for the audit sample.
    payload: values that JSON can hold; numbers that are not finite must be null.
    said: what the payload was made of, for whoever answers with it; not recorded.
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
    picked: bool = False
    said: Any = field(default=None, repr=False, compare=False)


def drafted(
    kind: EntryKind,
    said: Mapping[str, Any],
    context: Mapping[str, Any],
    at: str,
    *,
    id: str = "",  # noqa: A002 - the field's name
    about: str = "",
    task: str = "",
    site: str = "",
    reference: str = "",
    priority: float = 0.0,
    picked: bool = False,
    made_of: Any = None,
) -> Draft:
    """The draft of that kind which says that, under a new id unless it is given one.

    said: what is particular to the kind. context: as `serving.context` records it. at: ISO
    8601, UTC. made_of: `Draft.said`. Everything else as `Draft` says.
    """
    payload = {"schema": SCHEMA, "kind": kind.value, "context": dict(context), **said}
    name = id or str(uuid.uuid4())
    return Draft(name, kind, about, task, site, reference, priority, at, payload, picked, made_of)


@dataclass(frozen=True)
class Envelope:
    """What of an entry is never erased: everything here is under the leaf's hash.

    sequence: 1, 2, 3, ... without gaps: the order, whatever clocks say.
    commitment: sha256 of salt and canonical payload, hexadecimal.
    previous: hash of the entry before; 64 zeros for the first.
    """

    about: str
    commitment: str
    id: str
    kind: str
    picked: bool
    previous: str
    priority: float
    recorded_at: str
    reference: str
    schema: int
    sequence: int
    site: str
    task: str
    tenant: str

    @property
    def month(self) -> str:
        """The month it was recorded in, as `2026-11`."""
        return self.recorded_at[:7]

    def leaf(self) -> str:
        """Hash of the leaf: RFC 9162 over the canonical JSON of all fields, hexadecimal."""
        return leaf(VALUES(self)).hex()


NAMES = tuple(one.name for one in fields(Envelope))
VALUES = attrgetter(*NAMES)


@dataclass(frozen=True)
class Entry:
    """An entry in its place. hash: of its leaf. body: RFC 8785 JSON; None once erased."""

    envelope: Envelope
    hash: str
    salt: str | None
    body: str | None

    @property
    def sequence(self) -> int:
        """Its place in the record."""
        return self.envelope.sequence

    @property
    def previous(self) -> str:
        """Hash of the entry before."""
        return self.envelope.previous

    @property
    def id(self) -> str:
        """Its name."""
        return self.envelope.id

    @property
    def kind(self) -> EntryKind:
        """What it is."""
        return EntryKind(self.envelope.kind)

    @property
    def answers(self) -> bool:
        """Whether it holds an answer, scored or not.

        Fallbacks of older versions hold requests that were refused, and name no case.
        """
        return self.kind in SCORED or (
            self.kind is EntryKind.FALLBACK and bool(self.envelope.reference)
        )

    @property
    def recorded_at(self) -> str:
        """When, by the clock of who wrote it."""
        return self.envelope.recorded_at

    @property
    def payload(self) -> Any:
        """What was recorded, read back.

        Raises:
            ErasedError: it was erased.
        """
        if self.body is None:
            raise ErasedError(f"what entry {self.sequence} ({self.id}) held has been erased")
        return from_json(self.body)


def commitment(salt: str, body: str) -> str:
    """The salted digest of a payload. salt: hexadecimal."""
    return hashlib.sha256(bytes.fromhex(salt) + body.encode()).hexdigest()


def placed(
    draft: Draft, body: str, sequence: int, previous: str, tenant: str = "default", salt: str = ""
) -> Entry:
    """The draft as an entry in that place. body: its canonical payload. salt: random if none."""
    salt = salt or secrets.token_hex(SALT_BYTES)
    envelope = Envelope(
        about=draft.about,
        commitment=commitment(salt, body),
        id=draft.id,
        kind=str(draft.kind),
        picked=draft.picked,
        previous=previous,
        priority=draft.priority,
        recorded_at=draft.recorded_at,
        reference=draft.reference,
        schema=SCHEMA,
        sequence=sequence,
        site=str(draft.site),
        task=str(draft.task),
        tenant=tenant,
    )
    return Entry(envelope, envelope.leaf(), salt, body)
