"""Supervisor of `make up` and `triage serve`: start BentoML, wait until it is ready, stop it.

It restarts nothing. BentoML replaces a worker that dies; a service that dies as a whole ends
`triage serve`, and what the service is run under (systemd, compose, Kubernetes) starts it again.

No process outlives the one that started it: a parent holds the writing end of a pipe, its child
reads, and the pipe ends the moment the parent does, killed or not. That is why BentoML is started
as `python -m serving.server.supervisor ARGUMENTS`, which is `python -m bentoml ARGUMENTS` on such a
lifeline.
"""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped] # it ships no types

from data.lake import Lake
from data.settings import SECRETS_FOLDER_VARIABLE, path_variables
from models.task import TaskName
from serving.runtime.settings import AuthSettings
from serving.server.settings_catalogue import LIFELINE_VARIABLE, SETTINGS_CLASSES

PROJECT_ROOT = Path(__file__).resolve().parents[2]
MODULE = "serving.server.supervisor"
SERVICE = "serving.server.service:Triage"
GRACE_SECONDS = 10
"""Seconds that a process has to finish accepted requests once its parent is gone."""
START_TIMEOUT_SECONDS = 90
REQUEST_TIMEOUT_SECONDS = 60
POLL_SECONDS = 0.1


class ServiceError(RuntimeError):
    """The service cannot be started, or cannot answer."""


class Lifeline:
    """Pipe that tells child processes when this process is gone; keep it while they are to live."""

    def __init__(self) -> None:
        self.end, self.kept = os.pipe()  # what is not passed on is not inherited

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables of a child that follows; `end` must be passed to it as well."""
        return {LIFELINE_VARIABLE: str(self.end)}

    def cut(self) -> None:
        """Let the children end."""
        os.close(self.kept)
        os.close(self.end)


def exit_with_parent() -> None:
    """End this process, as SIGTERM does, once its parent is gone.

    Accepted requests are finished; those that take longer than the grace period are cut off. Does
    nothing in a process that was not started on a lifeline.
    """
    number = os.environ.get(LIFELINE_VARIABLE, "")
    if number.isdecimal() and _is_pipe(int(number)):
        threading.Thread(target=_wait_for_parent, args=(int(number),), daemon=True).start()


def _is_pipe(number: int) -> bool:
    """Return whether a file descriptor is a pipe: the variable outlives what it names."""
    try:
        return stat.S_ISFIFO(os.fstat(number).st_mode)
    except OSError:
        return False


def _wait_for_parent(number: int) -> None:
    while os.read(number, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(GRACE_SECONDS)
    os._exit(1)


@dataclass(frozen=True)
class LaunchCommand:
    """How BentoML is started.

    log: file for what the service writes; None for the terminal.
    variables: environment variables of the service alone.
    """

    lake: Lake
    host: str
    port: int
    log: Path | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    lifeline: Lifeline = field(default_factory=Lifeline)

    def start(self) -> subprocess.Popen[bytes]:
        """Start the child in a session of its own: Ctrl-C reaches it once, by `stop_process`."""
        address = ["--host", self.host, "--port", str(self.port)]
        command = [sys.executable, "-m", MODULE, "serve", SERVICE, *address]
        target = None if self.log is None else self.log.open("ab")
        try:
            return subprocess.Popen(  # noqa: S603 - our own command
                [*command, "--working-dir", str(PROJECT_ROOT)],
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
            # BentoML clears the metrics there when it starts: not those of another service.
            "BENTOML_HOME": str(home / "bentoml" / str(self.port)),
            "BENTOML_DO_NOT_TRACK": "True",
            "OTEL_SDK_DISABLED": "true",
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": path,
            **self.variables,
        }
        return {**os.environ, **absolute_paths(os.environ), **self.lifeline.environment, **own}


def absolute_paths(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the settings that are relative paths, as absolute paths.

    They are relative to the folder of whoever set them; the child works in another.
    """
    names = [
        SECRETS_FOLDER_VARIABLE,
        *(name for kind in SETTINGS_CLASSES.values() for name in path_variables(kind)),
    ]
    paths = {name: settings[name] for name in names if settings.get(name)}
    absolute = {name: str(Path(v).resolve()) for name, v in paths.items() if "://" not in v}
    scheme, _, file = settings.get("TRIAGE_AUDIT_URL", "").partition(":///")
    if scheme.startswith("sqlite") and file:
        absolute["TRIAGE_AUDIT_URL"] = f"{scheme}:///{Path(file).resolve()}"
    return absolute


def stop_process(process: subprocess.Popen[bytes]) -> None:
    """Let the service finish what it has accepted, then end it."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(GRACE_SECONDS + 5)
    except subprocess.TimeoutExpired:
        kill_process_tree(process)


def kill_process_tree(process: subprocess.Popen[bytes]) -> None:
    """Kill the service and its workers, each of which is in a process group of its own."""
    for one in [*psutil.Process(process.pid).children(recursive=True), process]:
        with suppress(psutil.NoSuchProcess):
            one.kill()
    process.wait()


def describe_exit(code: int) -> str:
    """Return how a process ended, by its exit code; a negative one is the signal's number."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"


@dataclass(frozen=True)
class RunningService:
    """A service that answers. address: e.g. `http://127.0.0.1:3000`. process: BentoML's."""

    address: str
    process: subprocess.Popen[bytes]

    def recommend(self, task: TaskName, cases: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return the recommendations for 1 to 1,000 cases, asked for over HTTP.

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

    def wait(self) -> str:
        """Wait until the service ends by itself; return how it ended."""
        return describe_exit(self.process.wait())


@contextmanager
def run_service(
    lake: Lake, host: str = "127.0.0.1", port: int = 3000, log: Path | None = None
) -> Iterator[RunningService]:
    """Run the service while the block runs: ready when it begins, stopped when it ends.

    When it is stopped, by Ctrl-C too, it finishes what it has accepted.

    Args:
        lake: what it serves from.
        host: address to listen on.
        port: to listen on.
        log: file for what the service writes; the terminal by default.

    Raises:
        ServiceError: a host that others can reach although nobody could authenticate, a port
            that is taken, or a service that does not start.
        AuditUnavailableError: an audit log that cannot be written.
        ValueError: a policy that cannot be read.
    """
    from serving.server.preflight import (  # noqa: PLC0415 - neither BentoML nor workers need it
        MODE,
        auth_mode_for,
        check_can_start,
    )

    mode = auth_mode_for(host, AuthSettings())
    check_can_start(lake.make(), host, port, mode)
    command = LaunchCommand(lake, host, port, log, {MODE: str(mode)})
    running = RunningService(f"http://{host}:{port}", command.start())
    try:
        _wait_until_ready(running)
        yield running
    finally:
        stop_process(running.process)
        command.lifeline.cut()


def _wait_until_ready(running: RunningService) -> None:
    """Wait until the service answers, be it ready or with reasons why not for some tasks."""
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
    """Return the status of the service's own answer; None while it does not answer with JSON."""
    try:
        with urllib.request.urlopen(address, timeout=2) as answer:  # noqa: S310 - our own http address
            json.load(answer)
            return int(answer.status)
    except urllib.error.HTTPError as error:
        ours = error.headers.get_content_type() == "application/problem+json"
        return error.code if ours else None
    except (OSError, ValueError):
        return None


def run_bentoml() -> None:
    """Run BentoML's own command, which follows its parent and which its workers follow."""
    from bentoml_cli.cli import cli  # noqa: PLC0415 - workers import this module, and not that one

    exit_with_parent()
    own = Lifeline()
    os.set_inheritable(own.end, True)
    os.environ.update(own.environment)
    sys.argv[0] = "bentoml"
    cli()


if __name__ == "__main__":
    run_bentoml()
