"""One run: a real server under load while the alias moves and damaged models are offered."""

import os
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from serving.audit.factory import open_audit
from serving.audit.log.entry_kind import EntryKind
from serving.server.supervisor import run_service
from tests.support.polling import poll_until
from tests.support.synthetic_lake import example_case
from tests.swapping.damaged_artefacts import offer_version
from tests.swapping.load import Load
from tests.swapping.versions import TASK, Versions, make_versions

SETTINGS = {"TRIAGE_SWAP_SECONDS": "0.02", "TRIAGE_SWAP_PATIENCE_SECONDS": "0"}
DEADLINE_SECONDS = 120


@dataclass(frozen=True)
class Run:
    """Figures of a run.

    Attributes:
        load: Answers that the callers received.
        offered: Number of damaged models offered.
        moved: Number of times the alias moved.
        refused: Number of models recorded as refused.
        loaded: Digests recorded as loaded.
        memory: MiB of the service before and after.
        seconds: Duration of the load.
    """

    load: Load
    offered: int
    moved: int
    refused: int
    loaded: set[str]
    memory: tuple[float, float]
    seconds: float


def run(
    home: Path, port: int, requests: int, damaged: int, clients: int = 4, every: int = 50
) -> Run:
    """Send requests while the alias moves and damaged models are offered."""
    versions = make_versions(home)
    with settings(), run_service(versions.lake, port=port, log=home / "service.log") as running:
        running.recommend(TASK, [example_case(TASK, 1)])
        before, began = memory(running.process.pid), time.monotonic()
        load = Load(versions, running.address)
        callers = load.start(clients)
        offered, moved = promote_and_damage(versions, load, requests, damaged, every)
        for caller in callers:
            caller.join()
        after = memory(running.process.pid)
    seconds = time.monotonic() - began
    entries = recorded(versions)
    loaded = {e.payload["model"]["digest"] for e in entries if e.kind is EntryKind.MODEL_LOADED}
    refused = sum(entry.kind is EntryKind.MODEL_REFUSED for entry in entries)
    return Run(load, offered, moved, refused, loaded, (before, after), seconds)


def promote_and_damage(
    versions: Versions, load: Load, requests: int, damaged: int, every: int
) -> tuple[int, int]:
    """Move the alias until enough was asked and offered, or a request fails.

    A damaged model is offered after every move, and the next once it was refused.
    """
    offered = moved = 0
    names = list(versions.digests)
    audit = open_audit(versions.lake)
    try:
        while (offered < damaged or load.asked < requests) and not load.failed:
            if offered < damaged:
                seen = len(audit.of_kind(EntryKind.MODEL_REFUSED))
                offer_version(versions, offered, every)
                offered += 1
                wait_until(lambda seen=seen: len(audit.of_kind(EntryKind.MODEL_REFUSED)) > seen)
            moved += 1
            version = names[moved % len(names)]
            versions.point(version, before=names[(moved + 1) % len(names)])
            before = load.by_version[version]
            wait_until(lambda before=before, version=version: load.by_version[version] > before)
    finally:
        load.over.set()
        audit.close()
    return offered, moved


def wait_until(condition) -> None:
    """Wait for a condition of a service under load."""
    poll_until(condition, seconds=DEADLINE_SECONDS, interval=0.01)


def recorded(versions: Versions) -> list:
    """Return the entries about models that were loaded or refused."""
    audit = open_audit(versions.lake)
    try:
        return audit.of_kind(EntryKind.MODEL_LOADED, EntryKind.MODEL_REFUSED)
    finally:
        audit.close()


def memory(pid: int) -> float:
    """Return the MiB that the service's processes hold."""
    process = psutil.Process(pid)
    every = [process, *process.children(recursive=True)]
    return sum(one.memory_info().rss for one in every) / 2**20


@contextmanager
def settings(wanted=SETTINGS):
    """Set environment variables for the served process while the block runs."""
    kept = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in kept.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
