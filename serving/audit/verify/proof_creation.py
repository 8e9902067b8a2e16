"""Create inclusion and consistency proofs, and the proof file of an entry, from the log.

A tile is 256 neighbouring hashes of one tile level (C2SP tlog-tiles): leaves at level 0, roots
of perfect subtrees of 256 leaves at level 1, and so on. Whatever the size of the log, a path
reads two tiles a level at most.

The two `verify` functions need nothing but the numbers and hashes they are given.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from serving.audit.log import queries
from serving.audit.log.canonical_json import canonicalize
from serving.audit.log.entry import ENVELOPE_FIELDS, Entry
from serving.audit.log.entry_kind import EntryKind
from serving.audit.log.store import AuditStore
from serving.audit.log.tables import ENTRIES, NODES
from serving.audit.transparency.checkpoint import Checkpoint
from serving.audit.transparency.merkle import TILE_LEVELS
from serving.audit.transparency.note import Note
from serving.audit.transparency.signing_key import SigningKey
from serving.audit.transparency.tiled_tree import TILE_WIDTH, TiledTree, TileReader
from serving.audit.verify.proof_file import PROOF_FORMAT


def stored_tiles(store: AuditStore) -> TileReader:
    """The tiles of a log, read from its leaves and from the hashes kept beside them."""

    def tile(level: int, index: int) -> Sequence[bytes]:
        start = index * TILE_WIDTH
        query = leaf_tile_query(start) if level == 0 else node_tile_query(level, start)
        with store.reading() as connection:
            found = connection.execute(query).all()
        return [bytes.fromhex(row.hash) for n, row in enumerate(found) if row.place == start + n]

    return tile


def leaf_tile_query(start: int) -> sa.Select[tuple[int, str]]:
    """Leaf hashes of a tile, from that leaf on. A leaf's place is its sequence less one."""
    wanted = ENTRIES.c.sequence.between(start + 1, start + TILE_WIDTH)
    place = (ENTRIES.c.sequence - 1).label("place")
    return sa.select(place, ENTRIES.c.hash).where(wanted).order_by(ENTRIES.c.sequence)


def node_tile_query(level: int, start: int) -> sa.Select[tuple[int, str]]:
    """Hashes of a tile above the leaves, from that one on."""
    wanted = NODES.c.index.between(start, start + TILE_WIDTH - 1)
    query = sa.select(NODES.c.index.label("place"), NODES.c.hash)
    return query.where(NODES.c.level == level * TILE_LEVELS, wanted).order_by(NODES.c.index)


def inclusion_proof(store: AuditStore, sequence: int, size: int | None = None) -> list[bytes]:
    """The path from the leaf of that entry to the root of the log at a size; now, if none.

    Raises:
        ValueError: the log was never of that size, or did not hold the entry then.
        LookupError: entries that the proof needs are missing.
        AuditUnavailableError: the record cannot be read.
    """
    return _tree_at(store, size).inclusion(sequence - 1)


def consistency_proof(store: AuditStore, first: int, second: int | None = None) -> list[bytes]:
    """The path that proves the log at size `first` to be the beginning of it at `second`.

    Raises:
        ValueError, LookupError, AuditUnavailableError: as `inclusion_proof` says.
    """
    return _tree_at(store, second).consistency(first)


def root_at(store: AuditStore, size: int) -> bytes:
    """The root of the log when it had that size, from the hashes that are kept.

    Raises:
        ValueError, LookupError, AuditUnavailableError: as `inclusion_proof` says.
    """
    return _tree_at(store, size).root()


def _tree_at(store: AuditStore, size: int | None) -> TiledTree:
    now = store.head().frontier.size
    if size is not None and not 0 <= size <= now:
        raise ValueError(f"the log has {now} entries; it cannot be proven at size {size}")
    return TiledTree(now if size is None else size, stored_tiles(store))


class NotCoveredError(LookupError):
    """No checkpoint covers the entry yet, and there is no key to sign one with."""


def create_proof(
    store: AuditStore, identifier: str, *, with_payload: bool = True
) -> dict[str, Any]:
    """Create the proof of an entry: envelope, path to the root and a signed checkpoint.

    The checkpoint is the latest that was written to the second place, if it covers the entry;
    else one is signed now. identifier: an id, or the number of an entry.

    Raises:
        LookupError: there is no such entry, or hashes on the path are missing.
        NotCoveredError: no checkpoint covers the entry, and there is no key to sign one.
        ValueError: the stored payload is not in the form in which it was recorded.
        AuditUnavailableError: the record cannot be read.
    """
    entry = _find_entry(store, identifier)
    note = _covering_checkpoint(store, entry.sequence) or _sign_checkpoint_now(
        store, entry.sequence
    )
    checkpoint = Checkpoint.parse(Note.parse(note).text)
    path = inclusion_proof(store, entry.sequence, checkpoint.size)
    made = {
        "format": PROOF_FORMAT,
        "origin": checkpoint.origin,
        "envelope": {name: getattr(entry.envelope, name) for name in ENVELOPE_FIELDS},
        "hash": entry.hash,
        "index": entry.sequence - 1,
        "size": checkpoint.size,
        "path": [one.hex() for one in path],
        "checkpoint": note,
    }
    if isinstance(store.signer, SigningKey):
        made["key"] = store.signer.verifier(checkpoint.origin)
    return made | (_payload_part(entry) if with_payload and entry.body is not None else {})


def current_checkpoint(store: AuditStore) -> str:
    """Sign the head of the log as it is now; empty where nothing is signed.

    Raises:
        AuditUnavailableError: the record cannot be read.
    """
    head, signer = store.head(), store.signer
    return signer.note(head.origin, head.frontier.size, head.frontier.root()) if signer else ""


def verifier_key(store: AuditStore) -> str:
    """The key that verifies checkpoints (C2SP verifier key); empty where nothing is signed.

    Raises:
        AuditUnavailableError: the record cannot be read.
    """
    signer = store.signer
    return signer.verifier(store.head().origin) if isinstance(signer, SigningKey) else ""


def _find_entry(store: AuditStore, identifier: str) -> Entry:
    found = store.read(identifier)
    if found is None and identifier.isascii() and identifier.isdigit() and len(identifier) < 16:
        found = next(iter(store.between(int(identifier), int(identifier))), None)
    found = found or store.named(identifier)
    if found is None:
        raise LookupError(f"no entry has the id or the number {identifier!r}")
    return found


def _payload_part(entry: Entry) -> dict[str, Any]:
    payload = json.loads(entry.body or "")
    if canonicalize(payload) != entry.body:
        raise ValueError(
            f"the payload of entry {entry.sequence} is not as it was recorded; "
            "run `triage audit verify`"
        )
    return {"salt": entry.salt, "payload": payload}


def _covering_checkpoint(store: AuditStore, sequence: int) -> str | None:
    """The note of the last checkpoint on record, if it covers the entry."""
    latest = queries.entries_of_kinds([EntryKind.CHECKPOINT]).order_by(None)
    for entry in store.select(latest.order_by(ENTRIES.c.sequence.desc()).limit(1)):
        if entry.body is None:
            return None
        note = str(entry.payload["note"])
        if Checkpoint.parse(Note.parse(note).text).size >= sequence:
            return note
    return None


def _sign_checkpoint_now(store: AuditStore, sequence: int) -> str:
    if store.signer is None:
        raise NotCoveredError(
            f"entry {sequence} is not covered by a signed checkpoint yet; the running service "
            "writes one every TRIAGE_AUDIT_EVERY_ENTRIES entries or TRIAGE_AUDIT_EVERY_SECONDS "
            "seconds: try again then"
        )
    head = store.head()
    # Of the entries as they are, not of what `head` says: what is signed must hold.
    return store.signer.note(head.origin, head.frontier.size, root_at(store, head.frontier.size))
