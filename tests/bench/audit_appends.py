"""Appends per second of the audit log, through its group commit.

Three ways write the same entries in turn to one store. With one commit each, `max_entries=1` gives
every append of so many threads a transaction and an fsync of its own; grouped, they share them, as
decisions and keys do; batched, one thread brings as many entries at once, as the micro-batcher of
scoring does. Entries are signed for, as in the service. Sizes are of the payload: about 1 KB is a person's decision, 10 KB a
change of model, 30 KB a recommendation with its input, history and explanation.

    python -m tests.bench.audit_appends [--rounds 5] [--seconds 1.5] [--json FILE]
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import random
import sqlite3
import statistics
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from serving.audit.log.entry import Draft
from serving.audit.log.entry_kind import EntryKind
from serving.audit.log.group_commit import MAX_GROUP_ENTRIES, CommitResult
from serving.audit.log.store import AuditStore
from serving.audit.transparency.signing_key import SigningKey

POSTGRES = "postgresql://postgres@127.0.0.1:5432/test"
MAX_ENTRIES = {"one commit each": 1, "grouped": MAX_GROUP_ENTRIES, "batched": MAX_GROUP_ENTRIES}
STORES = ("sqlite", "postgresql")
CALLERS = (16, 64)
KILOBYTES = (1, 10, 30)


@dataclass(frozen=True)
class Run:
    """Appends per second, and the latency of one append in milliseconds."""

    rate: float
    p50: float
    p99: float


@dataclass(frozen=True)
class Figure:
    """Line of the table: medians over rounds, and the (min, median, max) of grouped to one."""

    store: str
    callers: int
    kilobytes: int
    one: Run
    grouped: Run
    batched: Run
    ratio: tuple[float, float, float]


def payload(kilobytes: int) -> dict[str, object]:
    """Return a reproducible payload of numbers and sentences, like that of a score."""
    numbers = random.Random(kilobytes)
    rows = [
        {
            "feature": f"late_share_{i}_days",
            "theme": "supplier",
            "value": numbers.random(),
            "contribution": numbers.gauss(0, 1),
            "sentence": f"{i} of 60 receipts in 90 days came later than promised",
        }
        for i in range(6 * kilobytes)
    ]
    return {"schema": 2, "kind": "recommendation", "steps": rows, "recommendation_only": True}


def draft(content: dict[str, object]) -> Draft:
    """Return the draft of a recommendation with the content and a new id."""
    name = str(uuid.uuid4())
    return Draft(
        id=name,
        kind=EntryKind.RECOMMENDATION,
        about=name,
        task="supplier_delay",
        site="S02",
        reference=f"po-{name[:8]}",
        priority=123.45,
        recorded_at="2026-03-10T08:00:00.000000+00:00",
        payload=content | {"id": name},
    )


def run(store: AuditStore, callers: int, content: dict[str, object], seconds: float) -> Run:
    """Measure callers that append one entry after the other, each on its own thread."""
    took: list[list[float]] = [[] for _ in range(callers)]
    ready = threading.Barrier(callers + 1)
    until = [0.0]

    def caller(own: list[float]) -> None:
        ready.wait()
        began = time.perf_counter()
        while began < until[0]:
            store.append([draft(content)])
            ended = time.perf_counter()
            own.append(ended - began)
            began = ended

    threads = [threading.Thread(target=caller, args=(own,)) for own in took]
    for thread in threads:
        thread.start()
    began = time.perf_counter()
    until[0] = began + seconds
    ready.wait()
    for thread in threads:
        thread.join()
    elapsed = time.perf_counter() - began
    every = sorted(itertools.chain.from_iterable(took))
    return Run(
        len(every) / elapsed, 1000 * every[len(every) // 2], 1000 * every[int(len(every) * 0.99)]
    )


def run_batched(store: AuditStore, size: int, content: dict[str, object], seconds: float) -> Run:
    """Measure one caller that commits `size` entries together; times are per batch."""
    took: list[float] = []
    began = time.perf_counter()
    while (now := time.perf_counter()) < began + seconds:
        for outcome in store.commit_together([([draft(content)], None) for _ in range(size)]):
            assert isinstance(outcome, CommitResult)
        took.append(time.perf_counter() - now)
    every = sorted(took)
    rate = size * len(took) / (time.perf_counter() - began)
    return Run(rate, 1000 * every[len(every) // 2], 1000 * every[int(len(every) * 0.99)])


def figure(name: str, callers: int, kilobytes: int, rounds: int, seconds: float) -> Figure:
    """Measure the three ways in turn, `rounds` times after a warm-up round."""
    content = payload(kilobytes)
    runs: dict[str, list[Run]] = {way: [] for way in MAX_ENTRIES}
    with opened(name) as store:
        for i in range(rounds + 1):
            for way in MAX_ENTRIES if i % 2 else reversed(MAX_ENTRIES):
                store.group.max_entries = MAX_ENTRIES[way]
                measure = run_batched if way == "batched" else run
                runs[way].append(measure(store, callers, content, seconds if i else 0.3))
    one, grouped, batched = (runs[way][1:] for way in MAX_ENTRIES)
    ratios = sorted(g.rate / o.rate for o, g in zip(one, grouped, strict=True))
    spread = (ratios[0], statistics.median(ratios), ratios[-1])
    return Figure(name, callers, kilobytes, *map(median, (one, grouped, batched)), spread)


def median(runs: list[Run]) -> Run:
    """Return the median of each field."""
    return Run(*(statistics.median(getattr(r, name) for r in runs) for name in asdict(runs[0])))


@contextmanager
def opened(name: str) -> Iterator[AuditStore]:
    """Open an empty record: a temporary file or a schema of its own."""
    signer = SigningKey.of(Ed25519PrivateKey.generate())
    if name == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            store = AuditStore.open(Path(folder) / "audit.db", signer=signer)
            yield store
            store.close()
        return
    url = postgres()
    schema = f"bench_{uuid.uuid4().hex[:12]}"
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    try:
        own = url.update_query_dict({"options": f"-csearch_path={schema}"})
        store = AuditStore.open(own.render_as_string(hide_password=False), signer=signer)
        yield store
        store.close()
    finally:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")
        engine.dispose()


def postgres() -> sa.URL:
    """Return the URL of the PostgreSQL server to measure."""
    url = os.environ.get("TRIAGE_TEST_POSTGRES", POSTGRES)
    return sa.make_url(url).set(drivername="postgresql+psycopg")


def versions() -> dict[str, str]:
    """Return the versions of what is measured."""
    engine = sa.create_engine(postgres())
    with engine.connect() as connection:
        server = connection.exec_driver_sql("SHOW server_version").scalar_one()
        fsync = connection.exec_driver_sql("SHOW fsync").scalar_one()
    engine.dispose()
    return {
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "postgresql": f"{server}, fsync {fsync}",
        "psycopg": psycopg.__version__,
        "sqlalchemy": sa.__version__,
        "processors": str(os.cpu_count()),
    }


HEADER = (
    "| store | callers | payload | one commit each | p50, p99 ms | grouped | p50, p99 ms | ratio"
    " | batched | p50, p99 ms |\n"
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
)


def line(of: Figure) -> str:
    """Format a figure as a row of the table."""
    low, middle, high = of.ratio
    return (
        f"| {of.store} | {of.callers} | {of.kilobytes} KB"
        f" | {of.one.rate:,.0f}/s | {of.one.p50:.1f}, {of.one.p99:.1f}"
        f" | {of.grouped.rate:,.0f}/s | {of.grouped.p50:.1f}, {of.grouped.p99:.1f}"
        f" | {middle:.1f}x ({low:.1f} to {high:.1f})"
        f" | {of.batched.rate:,.0f}/s | {of.batched.p50:.1f}, {of.batched.p99:.1f} |"
    )


def main() -> None:
    """Measure and print the table."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--seconds", type=float, default=1.5, help="of one run")
    arguments.add_argument("--stores", nargs="+", default=STORES, choices=STORES)
    arguments.add_argument("--callers", nargs="+", type=int, default=CALLERS)
    arguments.add_argument("--kilobytes", nargs="+", type=int, default=KILOBYTES)
    arguments.add_argument("--json", type=Path)
    options = arguments.parse_args()
    print(", ".join(f"{name} {what}" for name, what in versions().items()), HEADER, sep="\n")
    figures = []
    for of in itertools.product(options.stores, options.callers, options.kilobytes):
        measured = figure(*of, options.rounds, options.seconds)
        figures.append(measured)
        print(line(measured), flush=True)
    if options.json:
        options.json.write_text(
            json.dumps({"versions": versions(), "figures": [asdict(f) for f in figures]}, indent=1)
        )


if __name__ == "__main__":
    main()
