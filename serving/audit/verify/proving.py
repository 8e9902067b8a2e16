"""Proofs of single entries, for whoever asks."""

from __future__ import annotations

import json
from typing import Any

from serving.audit import queries
from serving.audit.canonical import canonical
from serving.audit.checkpoint import Checkpoint
from serving.audit.entry import NAMES, Entry, EntryKind
from serving.audit.note import Note
from serving.audit.proof import inclusion_proof, root_at
from serving.audit.signing_key import SigningKey
from serving.audit.store import AuditStore
from serving.audit.tables import ENTRIES
from serving.audit.verify.proof_file import FORMAT


class NotCoveredError(LookupError):
    """No checkpoint covers the entry yet, and there is no key to sign one with."""


def proof_of(store: AuditStore, identifier: str, *, with_payload: bool = True) -> dict[str, Any]:
    """What `triage audit check` checks: the entry, its path to the root, a signed checkpoint.

    The checkpoint is the latest that was written to the second place, if it covers the entry;
    else one is signed now. identifier: an id, or the number of an entry.

    Raises:
        LookupError: there is no such entry, or hashes on the path are missing.
        NotCoveredError: as it says.
        ValueError: what is stored is no entry as it was recorded.
        AuditUnavailableError: the record cannot be read.
    """
    entry = _entry(store, identifier)
    note = _written(store, entry.sequence) or _signed_now(store, entry.sequence)
    checkpoint = Checkpoint.parse(Note.parse(note).text)
    path = inclusion_proof(store, entry.sequence, checkpoint.size)
    made = {
        "format": FORMAT,
        "origin": checkpoint.origin,
        "envelope": {name: getattr(entry.envelope, name) for name in NAMES},
        "hash": entry.hash,
        "index": entry.sequence - 1,
        "size": checkpoint.size,
        "path": [one.hex() for one in path],
        "checkpoint": note,
    }
    if isinstance(store.signer, SigningKey):
        made["key"] = store.signer.verifier(checkpoint.origin)
    return made | (_payload(entry) if with_payload and entry.body is not None else {})


def _entry(store: AuditStore, identifier: str) -> Entry:
    found = store.read(identifier)
    if found is None and identifier.isascii() and identifier.isdigit() and len(identifier) < 16:
        found = next(iter(store.between(int(identifier), int(identifier))), None)
    found = found or store.named(identifier)
    if found is None:
        raise LookupError(f"no entry has the id or the number {identifier!r}")
    return found


def _payload(entry: Entry) -> dict[str, Any]:
    payload = json.loads(entry.body or "")
    if canonical(payload) != entry.body:
        raise ValueError(
            f"the payload of entry {entry.sequence} is not as it was recorded; "
            "run `triage audit verify`"
        )
    return {"salt": entry.salt, "payload": payload}


def _written(store: AuditStore, sequence: int) -> str | None:
    """The note of the last checkpoint on record, if it covers the entry."""
    latest = queries.of_kinds([EntryKind.CHECKPOINT]).order_by(None)
    for entry in store.select(latest.order_by(ENTRIES.c.sequence.desc()).limit(1)):
        if entry.body is None:
            return None
        note = str(entry.payload["note"])
        if Checkpoint.parse(Note.parse(note).text).size >= sequence:
            return note
    return None


def _signed_now(store: AuditStore, sequence: int) -> str:
    if store.signer is None:
        raise NotCoveredError(
            f"entry {sequence} is not covered by a signed checkpoint yet; the running service "
            "writes one every TRIAGE_AUDIT_EVERY_ENTRIES entries or TRIAGE_AUDIT_EVERY_SECONDS "
            "seconds: try again then"
        )
    head = store.head()
    # Of the entries as they are, not of what `head` says: what is signed must hold.
    return store.signer.note(head.origin, head.frontier.size, root_at(store, head.frontier.size))
