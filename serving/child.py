"""BentoML as a child process: started, stopped, and what is left of it cleared away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil  # type: ignore[import-untyped] # it ships no types
import sqlalchemy as sa

from data.environment import SECRETS, path_variables
from data.lake import Lake
from serving.all_settings import SETTINGS
from serving.supervised import GRACE_SECONDS, Lifeline

ROOT = Path(__file__).resolve().parent.parent
MARK = "TRIAGE_SERVICE"
"""The variable by which the processes of one service know each other."""


@dataclass(frozen=True)
class Command:
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
        """The child, in a group of its own: Ctrl-C reaches it through `stop`, once."""
        command = [sys.executable, "-m", "serving.supervised", "serve", "serving.service:Triage"]
        command += ["--host", self.host, "--port", str(self.port), "--working-dir", str(ROOT)]
        target = None if self.log is None else self.log.open("ab")
        try:
            return subprocess.Popen(  # noqa: S603 - our own command
                command,
                cwd=ROOT,
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
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        own = {
            **self.lake.environment,
            MARK: self.mark,
            # BentoML clears the figures there when it starts: not those of another service.
            "BENTOML_HOME": str(home / "bentoml" / str(self.port)),
            "BENTOML_DO_NOT_TRACK": "True",
            "OTEL_SDK_DISABLED": "true",
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": path,
            **self.more,
        }
        return {**os.environ, **absolute(os.environ), **self.lifeline.environment, **own}

    def clear(self) -> None:
        """End at once what is left of the service, whoever its parent is by now."""
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get(MARK) == self.mark:
                    process.kill()


def absolute(settings: Mapping[str, str]) -> dict[str, str]:
    """Paths among the settings, as seen from here: the child works in another folder."""
    names = [SECRETS, *(name for kind in SETTINGS.values() for name in path_variables(kind))]
    found = {name: settings[name] for name in names if settings.get(name)}
    made = {name: str(Path(v).resolve()) for name, v in found.items() if "://" not in v}
    address = settings.get("TRIAGE_AUDIT_URL", "")
    if address.startswith("sqlite:"):
        url = sa.make_url(address)
        if url.database:
            file = url.set(database=str(Path(url.database).resolve()))
            made["TRIAGE_AUDIT_URL"] = file.render_as_string(hide_password=False)
    return made


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
