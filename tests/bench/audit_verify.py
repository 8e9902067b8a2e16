"""Entries per minute that `triage audit verify` recomputes.

    python -m tests.bench.audit_verify --entries 1000000
    python -m tests.bench.audit_verify --entries 200000 --url postgresql://...
    python -m tests.bench.audit_verify --entries 50000 --bytes 10000

The record is written by the real writer in large groups, verified, and removed. On PostgreSQL it
lives in a schema of its own.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

import sqlalchemy as sa

from serving.audit.log.entry import Draft
from serving.audit.log.entry_kind import EntryKind
from serving.audit.log.store import AuditStore
from serving.audit.transparency.checkpoint_mirror import CheckpointMirror
from serving.audit.transparency.note import Verifier
from serving.audit.transparency.signing_key import SigningKey
from serving.audit.verify.verification import verify_log

AT_ONCE = 5000
FROM = datetime(2026, 3, 1, tzinfo=UTC)


def main() -> None:
    """Write a log, verify it and print the rates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--bytes", type=int, default=100, help="of a payload, about")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--url", default="", help="a PostgreSQL; SQLite in a temporary folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, place(options.url, Path(folder)) as url:
        signer = SigningKey.load_or_make(Path(folder) / "audit.key")
        store = AuditStore.open(url, signer=signer)
        second = CheckpointMirror.open(Path(folder) / "checkpoints")
        note, key = fill(store, second, signer, options.entries, options.bytes)
        started, before = perf_counter(), sum(os.times()[:4])
        verdict = verify_log(store, keys=[key], second_place=second, workers=options.workers)
        took = perf_counter() - started
        assert verdict.ok, verdict.findings
        assert verdict.entries == verdict.covered == options.entries
        rate, busy = options.entries / took * 60, sum(os.times()[:4]) - before
        print(f"verified {options.entries:,} entries in {took:.1f} s: {rate:,.0f} a minute")
        print(f"with {options.workers} workers, {busy:.1f} s of processor time in all")
        started = perf_counter()
        assert (
            verify_log(store, keys=[key], second_place=second, since=note).since == options.entries
        )
        print(f"resumed from a checkpoint of all of them in {perf_counter() - started:.2f} s")
        store.close()


@contextmanager
def place(url: str, folder: Path) -> Iterator[str]:
    """Yield the URL of an empty record: a file, or a schema that is dropped afterwards."""
    if not url:
        yield f"sqlite:///{folder / 'audit.db'}"
        return
    schema = f"triage_bench_{uuid.uuid4().hex[:12]}"
    server = sa.make_url(url)
    engine = sa.create_engine(server.set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    own = server.update_query_dict({"options": f"-csearch_path={schema}"})
    try:
        yield own.render_as_string(hide_password=False)
    finally:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")
        engine.dispose()


def fill(
    store: AuditStore, second: CheckpointMirror, signer: SigningKey, entries: int, size: int
) -> tuple[str, Verifier]:
    """Write the entries and mirror a checkpoint of them all; return its note and the key."""
    started, leaves, note = perf_counter(), list[bytes](), ""
    for first in range(0, entries, AT_ONCE):
        many = range(first, min(first + AT_ONCE, entries))
        committed = store.commit([draft(number, size) for number in many])
        leaves += [bytes.fromhex(entry.hash) for entry in committed.entries]
        note = committed.checkpoint
    key = Verifier.parse(signer.verifier(store.head().origin))
    second.write(note, key, lambda begin, last: leaves[begin - 1 : last])
    print(f"wrote {entries:,} entries of about {size:,} bytes in {perf_counter() - started:.0f} s")
    return note, key


def draft(number: int, size: int) -> Draft:
    """Return the draft of a small recommendation."""
    return Draft(
        id=f"{number:032x}",
        kind=EntryKind.RECOMMENDATION,
        about=f"{number:032x}",
        task="stock_risk",
        site=f"S{number % 7:02d}",
        reference=f"S{number % 7:02d}/I{number % 2000:05d}",
        priority=number / 7,
        recorded_at=(FROM + timedelta(seconds=number)).isoformat(),
        payload={"kind": "recommendation", "number": number / 3, "filler": "x" * (size - 60)},
    )


if __name__ == "__main__":
    main()
