"""Run the service: ready before it is announced, started again if it ends, stopped cleanly."""

from __future__ import annotations

import ipaddress
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data.lake import Lake
from models.task import TaskName
from serving.audit.opened import open_audit
from serving.child import Command, kill, stop
from serving.doctor import free_port
from serving.policy.policy import load_policy
from serving.restarts import Restarts, ending
from serving.settings import Settings
from serving.supervised import GRACE_SECONDS

__all__ = ["Running", "ServiceError", "kill", "serve"]

START_SECONDS = 90
ANSWER_SECONDS = 60
PAUSE_SECONDS = 0.1


class ServiceError(RuntimeError):
    """The service cannot be started, and why."""


@dataclass
class Running:
    """A service that answers. address: e.g. `http://127.0.0.1:3000`.

    process: BentoML's, another one after it had to be started again.
    """

    address: str
    command: Command
    process: subprocess.Popen[bytes]
    started: float = field(default_factory=time.monotonic)

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
        """Until the service ends for good; its exit code.

        One that ends by itself is started again, after a pause and with a line that says why,
        until it ends several times in a row as soon as it was started.
        """
        restarts, started = Restarts(), self.started
        while True:
            code = self.process.wait()
            pause = restarts.pause_after(time.monotonic() - started)
            if pause is None:
                sys.stderr.write(f"the service {ending(code)}, {restarts.quick} times in a row\n")
                return code
            sys.stderr.write(f"the service {ending(code)}; it is started again\n")
            time.sleep(pause)
            self._clear_port()
            self.process, started = self.command.start(), time.monotonic()

    def _clear_port(self) -> None:
        """Until nothing listens any more: workers finish what they had accepted."""
        deadline = time.monotonic() + GRACE_SECONDS + 1
        while not free_port(self.command.host, self.command.port).well:
            if time.monotonic() > deadline:
                self.command.clear()
            time.sleep(PAUSE_SECONDS)


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
    command = Command(lake, host, port, log)
    running = Running(f"http://{host}:{port}", command, command.start())
    try:
        _wait(running)
        yield running
    finally:
        stop(running.process)
        command.lifeline.cut()


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
