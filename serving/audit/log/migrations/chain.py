"""Verify the hash chain of revision 0001 and carry it over into the Merkle tree.

The chain itself is kept, with the digest of each body in the body's stead: a body that the law
wants erased must not live on in it, and the chain still verifies.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from serving.audit.log.canonical_json import canonicalize
from serving.audit.log.errors import AuditUnavailableError
from serving.audit.transparency.merkle import Frontier, leaf_hash

GENESIS = "0" * 64
SCHEMA = 1
ROWS_AT_ONCE = 1000
PICKED = '"audit_sample":true,'
"""In canonical JSON nothing else reads so: a quote inside a text is escaped."""

Row = sa.RowMapping
Rows = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Carried:
    """How far the record was carried over: the tree, and the hash of its last leaf."""

    frontier: Frontier = field(default_factory=Frontier)
    previous: str = GENESIS


def verify(connection: sa.Connection, table: str) -> None:
    """Recompute the chain.

    Raises:
        AuditUnavailableError: it is broken; says where first.
    """
    expected, previous = 1, GENESIS
    for row in _read(connection, table):
        if row["sequence"] != expected:
            _broken(expected, f"it is missing; the next one is {row['sequence']}")
        if row["previous"] != previous:
            _broken(expected, "it does not follow upon the entry before it")
        if row["hash"] != link(expected, previous, digest(row["body"])):
            _broken(expected, "its content is not what was recorded")
        expected, previous = expected + 1, row["hash"]


def carried(connection: sa.Connection, table: str, tenant: str) -> Iterator[tuple[Carried, Rows]]:
    """Every row as rows of the new tables, some at a time, and how far that is."""
    so_far, rows = Carried(), _no_rows()
    for row in _read(connection, table):
        so_far = _add(rows, row, so_far, tenant)
        if len(rows["entries"]) == ROWS_AT_ONCE:
            yield so_far, rows
            rows = _no_rows()
    yield so_far, rows


def digest(body: str) -> str:
    """Digest of a body, hexadecimal."""
    return hashlib.sha256(body.encode()).hexdigest()


def link(sequence: int, previous: str, body_digest: str) -> str:
    """The hash of an entry of revision 0001: of its content, its place and all before it."""
    place = canonicalize({"body": body_digest, "previous": previous, "sequence": sequence})
    return hashlib.sha256(place.encode()).hexdigest()


def _no_rows() -> Rows:
    return {"entries": [], "payloads": [], "nodes": [], "chain": []}


def _add(rows: Rows, row: Row, so_far: Carried, tenant: str) -> Carried:
    salt, body = secrets.token_hex(16), row["body"]
    kept = ("about", "id", "kind", "priority", "recorded_at", "reference", "sequence", "site")
    envelope = {name: row[name] for name in (*kept, "task")} | {
        "commitment": hashlib.sha256(bytes.fromhex(salt) + body.encode()).hexdigest(),
        "picked": PICKED in body,
        "previous": so_far.previous,
        "schema": SCHEMA,
        "tenant": tenant,
    }
    leaf = leaf_hash(canonicalize(envelope).encode())
    frontier, nodes = so_far.frontier.with_leaves([leaf])
    rows["entries"].append(envelope | {"hash": leaf.hex()})
    month = row["recorded_at"][:7]
    rows["payloads"].append(
        {"sequence": row["sequence"], "month": month, "salt": salt, "body": body}
    )
    rows["nodes"] += [{"level": n.level, "index": n.index, "hash": n.hash.hex()} for n in nodes]
    rows["chain"].append(
        {"sequence": row["sequence"], "body_digest": digest(body)}
        | {name: row[name] for name in ("previous", "hash")}
    )
    return Carried(frontier, leaf.hex())


def _read(connection: sa.Connection, table: str) -> Iterator[Row]:
    sequence: sa.ColumnClause[int] = sa.column("sequence")
    query = sa.select(sa.text("*")).select_from(sa.table(table)).order_by(sequence)
    last = 0
    while True:
        some = connection.execute(query.where(sequence > last).limit(ROWS_AT_ONCE)).mappings().all()
        yield from some
        if len(some) < ROWS_AT_ONCE:
            return
        last = some[-1]["sequence"]


def _broken(sequence: int, what: str) -> None:
    raise AuditUnavailableError(
        f"the record of the older version is broken at sequence {sequence}: {what}. Nothing was"
        " changed; restore the file from a copy, or move it away and a new record begins"
    )
