"""Run the service: ready before it is announced, started again if it ends, stopped cleanly."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from data.lake import Lake
from models.task import TaskName
from serving.access.key_ring import KeyRing
from serving.access.settings import AccessSettings, Mode, is_loopback
from serving.audit.opened import open_audit
from serving.audit.store import AuditStore
from serving.child import Command, kill, stop
from serving.doctor import free_port
from serving.events.settings import EventSettings
from serving.policy.policy import load_policy
from serving.restarts import Restarts, ending
from serving.settings import Settings
from serving.supervised import GRACE_SECONDS

__all__ = ["Running", "ServiceError", "kill", "serve"]

START_SECONDS = 90
ANSWER_SECONDS = 60
PAUSE_SECONDS = 0.1
MODE, ISSUER = "TRIAGE_AUTH_MODE", "TRIAGE_AUTH_ISSUER"
CHOICES = (
    "make a key (`triage keys create`), or set TRIAGE_AUTH_ISSUER, or listen on 127.0.0.1, ::1 or "
    "localhost"
)


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
        ServiceError: a host that others can reach while nobody could show who they are, a
            port that is taken, or a service that does not start.
        AuditUnavailableError: a record that cannot be written.
        ValueError: a policy that cannot be read.
    """
    mode = mode_for(host, AccessSettings())
    can_start(lake.make(), host, port, mode)
    command = Command(lake, host, port, log, {MODE: str(mode)})
    running = Running(f"http://{host}:{port}", command, command.start())
    try:
        _wait(running)
        yield running
    finally:
        stop(running.process)
        command.lifeline.cut()


def mode_for(host: str, settings: AccessSettings) -> Mode:
    """Who is let in at that host without showing anything: at most whoever is on this machine.

    Raises:
        ServiceError: others can reach the host, and the settings would let everybody in.
    """
    said = "mode" in settings.model_fields_set
    if is_loopback(host):
        return settings.mode if said or settings.issuer else Mode.LOCAL
    if said and settings.mode is Mode.LOCAL:
        raise ServiceError(
            f"host {host!r} can be reached by others, and TRIAGE_AUTH_MODE=local asks nobody who "
            f"they are; {CHOICES}"
        )
    return Mode.REQUIRED


def asks_nobody(host: str) -> None:
    """Refuse what asks the service without showing anything, where it would be turned away.

    Raises:
        ServiceError: naming what makes the service take a key or token.
    """
    settings = AccessSettings()
    if mode_for(host, settings) is Mode.LOCAL:
        return
    why = "TRIAGE_AUTH_MODE=required" if "mode" in settings.model_fields_set else ISSUER
    raise ServiceError(
        f"{why} makes the service take a key or token, and this asks it without one; set "
        "TRIAGE_AUTH_MODE=local to let in whoever is on this machine, or run `triage serve`"
    )


def somebody_could_ask(audit: AuditStore, host: str) -> None:
    """Refuse to listen where authentication is needed and nobody could show who they are.

    Raises:
        ServiceError: naming the host and what it takes.
        AuditUnavailableError: the record cannot be read.
    """
    settings, ring = AccessSettings(), KeyRing(audit)
    if settings.issuer:
        return
    ring.read()
    if not (settings.api_keys and ring.live(datetime.now(UTC))):
        raise ServiceError(
            f"at host {host!r} authentication is needed, and there is neither an API key nor an "
            f"issuer of tokens; {CHOICES}"
        )


def can_start(lake: Lake, host: str, port: int, mode: Mode = Mode.LOCAL) -> None:
    """Look at what would end the service at once, while it can still be said in a line.

    Raises:
        ServiceError, AuditUnavailableError, ValueError: as `serve` says.
    """
    audit = open_audit(lake)
    try:
        audit.check()
        if mode is Mode.REQUIRED:
            somebody_could_ask(audit, host)
    finally:
        audit.close()
    load_policy(Settings().policy)
    EventSettings().checked()
    if not (port_check := free_port(host, port)).well:
        raise ServiceError(f"{port_check.found}; {port_check.mend}")


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
