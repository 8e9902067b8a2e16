"""An audit entry: a permanent envelope, hashed as a Merkle leaf, and an erasable payload.

The envelope is a leaf of a Merkle tree (RFC 9162). It names its payload only by a salted
digest, so that a payload erased by law leaves nothing to guess from, and a tree that still
verifies.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from hashlib import sha256
from json.encoder import encode_basestring as text
from operator import attrgetter
from typing import Any

from pydantic_core import from_json

from serving.audit.log.canonical_json import SAFE_INTEGER_LIMIT, canonicalize
from serving.audit.log.entry_kind import ANSWER_KINDS, EntryKind


def envelope_leaf_hash(row: Sequence[Any]) -> bytes:
    """Return the RFC 9162 leaf hash of the canonical JSON of an envelope.

    Args:
        row: the values of the envelope in alphabetical order of its field names.

    Raises:
        TypeError, ValueError: a value of a type or range that no envelope holds.
    """
    about, commitment, name, kind, picked, previous, priority, at, reference, schema = row[:10]
    sequence, site, task, tenant = row[10:14]
    if type(schema) is not int or type(sequence) is not int or type(priority) is not float:
        raise TypeError(f"schema, sequence or priority is not a number: {row!r}")
    if (
        picked not in {0, 1}
        or abs(schema) >= SAFE_INTEGER_LIMIT
        or abs(sequence) >= SAFE_INTEGER_LIMIT
    ):
        raise ValueError(f"picked, schema or sequence is out of range: {row!r}")
    return sha256(
        (
            f'\0{{"about":{text(about)},"commitment":{text(commitment)},"id":{text(name)},'
            f'"kind":{text(kind)},"picked":{"true" if picked else "false"},'
            f'"previous":{text(previous)},"priority":{canonicalize(priority)},'
            f'"recorded_at":{text(at)},"reference":{text(reference)},"schema":{schema},'
            f'"sequence":{sequence},"site":{text(site)},"task":{text(task)},'
            f'"tenant":{text(tenant)}}}'
        ).encode()
    ).digest()


GENESIS_HASH = "0" * 64
SCHEMA_VERSION = 2
"""Version of envelope and payload that is written now."""
SALT_BYTES = 16


class PayloadErasedError(LookupError):
    """The payload has been erased; only the envelope is left."""


@dataclass(frozen=True)
class Draft:
    """An entry before it has its place in the log.

    id: unique. about: for a decision, the recommendation that it answers; for a recommendation,
        its own id; for a change of model, the version as `task/version`.
    task, site, reference, priority, picked: what the desk finds it by; "" where it has none.
    recorded_at: ISO 8601, UTC. picked: drawn for the audit sample.
    payload: values that JSON can hold; numbers that are not finite must be null.
    said: the object that the payload was made from, for the response; not recorded.
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


def new_draft(
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
    """Make a draft, under a new id unless one is given.

    Args:
        kind: of the entry.
        said: the fields of its payload that are particular to the kind.
        context: of the request, as `serving.runtime.context` records it; it names the release.
        at: when it is recorded, ISO 8601, UTC.
        id: of the entry; "" for a random one.
        about: see `Draft`, as for the arguments that follow.
        task: see `Draft`.
        site: see `Draft`.
        reference: see `Draft`.
        priority: see `Draft`.
        picked: see `Draft`.
        made_of: the object that the payload was made from; see `Draft.said`.
    """
    payload = {"schema": SCHEMA_VERSION, "kind": kind.value, "context": dict(context), **said}
    name = id or str(uuid.uuid4())
    return Draft(name, kind, about, task, site, reference, priority, at, payload, picked, made_of)


@dataclass(frozen=True)
class Envelope:
    """The part of an entry that is never erased; the leaf hash covers all of its fields.

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
        """Month in which the entry was recorded, as `2026-11`."""
        return self.recorded_at[:7]

    def leaf(self) -> str:
        """Return the RFC 9162 leaf hash over the canonical JSON of all fields, hexadecimal."""
        return envelope_leaf_hash(envelope_values(self)).hex()


ENVELOPE_FIELDS = tuple(declared.name for declared in fields(Envelope))
envelope_values = attrgetter(*ENVELOPE_FIELDS)


@dataclass(frozen=True)
class Entry:
    """An entry of the log. hash: of its leaf. body: RFC 8785 JSON; None once erased."""

    envelope: Envelope
    hash: str
    salt: str | None
    body: str | None

    @property
    def sequence(self) -> int:
        """Position in the log, from 1."""
        return self.envelope.sequence

    @property
    def previous(self) -> str:
        """Hash of the entry before, hexadecimal."""
        return self.envelope.previous

    @property
    def id(self) -> str:
        """Unique id of the entry."""
        return self.envelope.id

    @property
    def kind(self) -> EntryKind:
        """Kind of the entry."""
        return EntryKind(self.envelope.kind)

    @property
    def answers(self) -> bool:
        """True if the entry holds an answer, scored or not."""
        return self.kind in ANSWER_KINDS

    @property
    def recorded_at(self) -> str:
        """Time of recording by the clock of the writer, ISO 8601, UTC."""
        return self.envelope.recorded_at

    @property
    def payload(self) -> Any:
        """The recorded payload.

        Raises:
            PayloadErasedError: the payload was erased.
        """
        if self.body is None:
            raise PayloadErasedError(f"what entry {self.sequence} ({self.id}) held has been erased")
        return from_json(self.body)


def payload_commitment(salt: str, body: str) -> str:
    """Return the salted SHA-256 of a payload, hexadecimal. salt: hexadecimal."""
    return hashlib.sha256(bytes.fromhex(salt) + body.encode()).hexdigest()


def entry_from_draft(
    draft: Draft, body: str, sequence: int, previous: str, tenant: str = "default", salt: str = ""
) -> Entry:
    """Return the entry of a draft. body: its canonical payload. salt: hexadecimal; random if ""."""
    salt = salt or secrets.token_hex(SALT_BYTES)
    envelope = Envelope(
        about=draft.about,
        commitment=payload_commitment(salt, body),
        id=draft.id,
        kind=str(draft.kind),
        picked=draft.picked,
        previous=previous,
        priority=draft.priority,
        recorded_at=draft.recorded_at,
        reference=draft.reference,
        schema=SCHEMA_VERSION,
        sequence=sequence,
        site=str(draft.site),
        task=str(draft.task),
        tenant=tenant,
    )
    return Entry(envelope, envelope.leaf(), salt, body)
