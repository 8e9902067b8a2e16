"""Run the service: BentoML in a child process, ready before it is announced, stopped cleanly."""

from __future__ import annotations

import ipaddress
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped] # it ships no types

from data.lake import Lake
from models.task import TaskName
from serving.audit.opened import open_audit
from serving.doctor import free_port
from serving.policy.policy import load_policy
from serving.settings import Settings

GRACE_SECONDS = 10
START_SECONDS = 90
ANSWER_SECONDS = 60
PAUSE_SECONDS = 0.1


class ServiceError(RuntimeError):
    """The service cannot be started, and why."""


@dataclass(frozen=True)
class Running:
    """A service that answers. address: e.g. `http://127.0.0.1:3000`."""

    address: str
    process: subprocess.Popen[bytes]

    def recommend(self, task: TaskName, cases: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Recommendations for 1 to 1,000 cases, as a caller over HTTP gets them.

        Raises:
            ServiceError: with the problem that the service answered with.
        """
        body = json.dumps({"cases": list(cases)}, allow_nan=False).encode()
        request = urllib.request.Request(  # noqa: S310 - our own http address
            f"{self.address}/v1/{task}", body, {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:  # noqa: S310
                return list(json.load(answer)["recommendations"])
        except urllib.error.HTTPError as error:
            raise ServiceError(f"{task}: {error.read().decode(errors='replace')}") from error

    def wait(self) -> int:
        """Until the service ends; its exit code."""
        return self.process.wait()


@contextmanager
def serve(
    lake: Lake, host: str = "127.0.0.1", port: int = 3000, log: Path | None = None
) -> Iterator[Running]:
    """The service while the block runs: ready when it begins, stopped when it ends.

    Stopped, Ctrl-C included, after it has finished what it had accepted.

    log: file for what the service writes; the terminal by default.

    Raises:
        ServiceError: a host that others can reach, a port that is taken, or a service that
            does not start.
        AuditUnavailableError: a record that cannot be written.
        ValueError: a policy that cannot be read.
    """
    only_this_machine(host)
    can_start(lake.make(), host, port)
    running = Running(f"http://{host}:{port}", _started(lake, host, port, log))
    try:
        _wait(running)
        yield running
    finally:
        stop(running.process)


def only_this_machine(host: str) -> None:
    """Refuse a host that others can reach: there is no authentication yet.

    Raises:
        ServiceError: naming the host and what it takes.
    """
    if host == "localhost":
        return
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise ServiceError(
            f"host {host!r} can be reached by others and there is no authentication yet; "
            "it takes 127.0.0.1, ::1 or localhost (put a proxy that authenticates in front)"
        )


def can_start(lake: Lake, host: str, port: int) -> None:
    """Look at what would end the service at once, while it can still be said in a line.

    Raises:
        ServiceError, AuditUnavailableError, ValueError: as `serve` says.
    """
    if not (port_check := free_port(host, port)).well:
        raise ServiceError(f"{port_check.found}; {port_check.mend}")
    audit = open_audit(lake)
    try:
        audit.check()
    finally:
        audit.close()
    load_policy(Settings().policy)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Let the service finish what it has accepted, then end it."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(GRACE_SECONDS + 5)
    except subprocess.TimeoutExpired:
        kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """End the service and its workers at once, each in a process group of its own."""
    every = [*psutil.Process(process.pid).children(recursive=True), process]
    for one in every:
        with suppress(psutil.NoSuchProcess):
            one.kill()
    process.wait()


def _started(lake: Lake, host: str, port: int, log: Path | None) -> subprocess.Popen[bytes]:
    """The child, in a group of its own: Ctrl-C reaches it through `stop`, once."""
    command = [sys.executable, "-m", "bentoml", "serve", "serving.service:Triage"]
    command += ["--host", host, "--port", str(port)]
    root = Path(__file__).resolve().parent.parent
    command += ["--working-dir", str(root)]
    target = None if log is None else log.open("ab")
    try:
        return subprocess.Popen(  # noqa: S603 - our own command
            command,
            cwd=root,
            env=_environment(lake, root),
            stdout=target,
            stderr=target,
            start_new_session=True,
        )
    finally:
        if target is not None:
            target.close()


def _environment(lake: Lake, root: Path) -> dict[str, str]:
    home = lake.home.resolve()
    return os.environ | {
        "TRIAGE_HOME": str(home),
        "BENTOML_HOME": str(home / "bentoml"),
        "BENTOML_DO_NOT_TRACK": "True",
        "OTEL_SDK_DISABLED": "true",
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")])),
    }


def _wait(running: Running) -> None:
    """Until the service answers, ready or with reasons why not for some tasks."""
    process, address = running.process, running.address
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ServiceError(f"the service ended at once, with exit code {process.returncode}")
        if (status := _status(f"{address}/readyz")) is not None:
            if status != 200:
                sys.stderr.write(f"not every task can be answered: see {address}/readyz\n")
            return
        time.sleep(PAUSE_SECONDS)
    raise ServiceError(f"the service did not answer at {address} within {START_SECONDS} seconds")


def _status(address: str) -> int | None:
    """Status of the service's own answer; None while it does not answer with JSON."""
    try:
        with urllib.request.urlopen(address, timeout=2) as answer:  # noqa: S310 - our own http address
            json.load(answer)
            return int(answer.status)
    except urllib.error.HTTPError as error:
        ours = error.headers.get_content_type() == "application/problem+json"
        return error.code if ours else None
    except (OSError, ValueError):
        return None
