"""Supervisor of `make up` and `triage serve`.

Start BentoML as a child process, wait until it is ready, restart it on failure, stop it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped] # it ships no types
import sqlalchemy as sa

from data.lake import Lake
from data.settings import SECRETS_FOLDER_VARIABLE, path_variables
from models.task import TaskName
from serving.auth.settings import AuthSettings
from serving.server.doctor import check_port
from serving.server.lifeline import GRACE_SECONDS, Lifeline
from serving.server.preflight import MODE, ServiceError, auth_mode_for, check_can_start
from serving.server.settings_catalogue import SETTINGS_CLASSES

PROJECT_ROOT = Path(__file__).resolve().parents[2]
SERVICE_MARK_VARIABLE = "TRIAGE_SERVICE"
"""The variable by which the processes of one service know each other."""


@dataclass(frozen=True)
class LaunchCommand:
    """How the service is started, as often as it takes. log: the terminal by default.

    more: variables that are its own.
    """

    lake: Lake
    host: str
    port: int
    log: Path | None = None
    more: Mapping[str, str] = field(default_factory=dict)
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)
    lifeline: Lifeline = field(default_factory=Lifeline)

    def start(self) -> subprocess.Popen[bytes]:
        """The child, in a group of its own: Ctrl-C reaches it through `stop_process`, once."""
        command = [
            sys.executable,
            "-m",
            "serving.server.lifeline",
            "serve",
            "serving.server.service:Triage",
        ]
        command += [
            "--host",
            self.host,
            "--port",
            str(self.port),
            "--working-dir",
            str(PROJECT_ROOT),
        ]
        target = None if self.log is None else self.log.open("ab")
        try:
            return subprocess.Popen(  # noqa: S603 - our own command
                command,
                cwd=PROJECT_ROOT,
                env=self._environment(),
                stdout=target,
                stderr=target,
                start_new_session=True,
                pass_fds=[self.lifeline.end],
            )
        finally:
            if target is not None:
                target.close()

    def _environment(self) -> dict[str, str]:
        home = self.lake.home.resolve()
        path = os.pathsep.join(filter(None, [str(PROJECT_ROOT), os.environ.get("PYTHONPATH")]))
        own = {
            **self.lake.environment,
            SERVICE_MARK_VARIABLE: self.mark,
            # BentoML clears the figures there when it starts: not those of another service.
            "BENTOML_HOME": str(home / "bentoml" / str(self.port)),
            "BENTOML_DO_NOT_TRACK": "True",
            "OTEL_SDK_DISABLED": "true",
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": path,
            **self.more,
        }
        return {**os.environ, **absolute_paths(os.environ), **self.lifeline.environment, **own}

    def clear(self) -> None:
        """End at once what is left of the service, whoever its parent is by now."""
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get(SERVICE_MARK_VARIABLE) == self.mark:
                    process.kill()


def absolute_paths(settings: Mapping[str, str]) -> dict[str, str]:
    """Paths among the settings, as seen from here: the child works in another folder."""
    names = [
        SECRETS_FOLDER_VARIABLE,
        *(name for kind in SETTINGS_CLASSES.values() for name in path_variables(kind)),
    ]
    found = {name: settings[name] for name in names if settings.get(name)}
    made = {name: str(Path(v).resolve()) for name, v in found.items() if "://" not in v}
    address = settings.get("TRIAGE_AUDIT_URL", "")
    if address.startswith("sqlite:"):
        url = sa.make_url(address)
        if url.database:
            file = url.set(database=str(Path(url.database).resolve()))
            made["TRIAGE_AUDIT_URL"] = file.render_as_string(hide_password=False)
    return made


def stop_process(process: subprocess.Popen[bytes]) -> None:
    """Let the service finish what it has accepted, then end it."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(GRACE_SECONDS + 5)
    except subprocess.TimeoutExpired:
        kill_process_tree(process)


def kill_process_tree(process: subprocess.Popen[bytes]) -> None:
    """End the service and its workers at once, each in a process group of its own."""
    every = [*psutil.Process(process.pid).children(recursive=True), process]
    for one in every:
        with suppress(psutil.NoSuchProcess):
            one.kill()
    process.wait()


QUICK_EXIT_SECONDS = 10.0
"""Who lives for less has not started: loading takes some seconds."""
MAX_QUICK_EXITS = 5
FIRST_PAUSE_SECONDS = 0.5


@dataclass
class RestartPolicy:
    """Counts deaths. quick: those in a row that came at once."""

    quick: int = 0

    def pause_after(self, lived: float) -> float | None:
        """Seconds to wait before the next start, twice as long each time; None to give up."""
        self.quick = self.quick + 1 if lived < QUICK_EXIT_SECONDS else 0
        if self.quick >= MAX_QUICK_EXITS:
            return None
        return FIRST_PAUSE_SECONDS * 2.0 ** max(0, self.quick - 1)


def describe_exit(code: int) -> str:
    """How a process ended, by its exit code; negative is the signal that ended it."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"


START_TIMEOUT_SECONDS = 90
REQUEST_TIMEOUT_SECONDS = 60
POLL_SECONDS = 0.1


@dataclass
class RunningService:
    """A service that answers. address: e.g. `http://127.0.0.1:3000`.

    process: BentoML's, another one after it had to be started again.
    """

    address: str
    command: LaunchCommand
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
            with urllib.request.urlopen(request, timeout=REQUEST_TIMEOUT_SECONDS) as answer:  # noqa: S310
                return list(json.load(answer)["recommendations"])
        except urllib.error.HTTPError as error:
            raise ServiceError(f"{task}: {error.read().decode(errors='replace')}") from error

    def wait(self) -> int:
        """Until the service ends for good; its exit code.

        One that ends by itself is started again, after a pause and with a line that says why,
        until it ends several times in a row as soon as it was started.
        """
        restarts, started = RestartPolicy(), self.started
        while True:
            code = self.process.wait()
            pause = restarts.pause_after(time.monotonic() - started)
            if pause is None:
                sys.stderr.write(
                    f"the service {describe_exit(code)}, {restarts.quick} times in a row\n"
                )
                return code
            sys.stderr.write(f"the service {describe_exit(code)}; it is started again\n")
            time.sleep(pause)
            self._clear_port()
            self.process, started = self.command.start(), time.monotonic()

    def _clear_port(self) -> None:
        """Until nothing listens any more: workers finish what they had accepted."""
        deadline = time.monotonic() + GRACE_SECONDS + 1
        while not check_port(self.command.host, self.command.port).well:
            if time.monotonic() > deadline:
                self.command.clear()
            time.sleep(POLL_SECONDS)


@contextmanager
def run_service(
    lake: Lake, host: str = "127.0.0.1", port: int = 3000, log: Path | None = None
) -> Iterator[RunningService]:
    """The service while the block runs: ready when it begins, stopped when it ends.

    Stopped, Ctrl-C included, after it has finished what it had accepted.

    log: file for what the service writes; the terminal by default.

    Raises:
        ServiceError: a host that others can reach while nobody could show who they are, a
            port that is taken, or a service that does not start.
        AuditUnavailableError: a record that cannot be written.
        ValueError: a policy that cannot be read.
    """
    mode = auth_mode_for(host, AuthSettings())
    check_can_start(lake.make(), host, port, mode)
    command = LaunchCommand(lake, host, port, log, {MODE: str(mode)})
    running = RunningService(f"http://{host}:{port}", command, command.start())
    try:
        _wait_until_ready(running)
        yield running
    finally:
        stop_process(running.process)
        command.lifeline.cut()


def _wait_until_ready(running: RunningService) -> None:
    """Until the service answers, ready or with reasons why not for some tasks."""
    process, address = running.process, running.address
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ServiceError(f"the service ended at once, with exit code {process.returncode}")
        if (status := _readiness_status(f"{address}/readyz")) is not None:
            if status != 200:
                sys.stderr.write(f"not every task can be answered: see {address}/readyz\n")
            return
        time.sleep(POLL_SECONDS)
    raise ServiceError(
        f"the service did not answer at {address} within {START_TIMEOUT_SECONDS} seconds"
    )


def _readiness_status(address: str) -> int | None:
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
