"""The whole service as a target: `triage serve` with tiny models, and callers over HTTP."""

import http.client
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from models.tasks.stock_risk import STOCK_RISK
from serving.audit.log.canonical_json import canonicalize
from serving.audit.log.entry import Entry
from serving.audit.log.entry_kind import ANSWER_KINDS
from serving.recommendation.recommendation import Advice
from tests.faults.observations import AcknowledgedEntry, Answer, Outcome
from tests.faults.writer import digest
from tests.faults.writer_target import ROOT, Answers
from tests.support.ports import free_port
from tests.support.synthetic_lake import example_case

TASK = STOCK_RISK.name
CALLERS = 4
PAUSE_SECONDS = 0.05
"""Seconds that a caller waits after a refusal or a broken connection."""
ANSWER_SECONDS = 60
STOP_SECONDS = 60
BENTOML, WORKER = "serving.server.supervisor", "_bentoml_impl.worker"
REPLICA_STRIDE = 100_000


def content(entry: Entry) -> str | None:
    """Return the part of an entry that the service's answers repeat: a digest of the recommendation."""
    if entry.kind not in ANSWER_KINDS:
        return None
    return digest(canonicalize(entry.payload["recommendation"]))


@dataclass
class Service:
    """One `triage serve` and its callers; `environment` locates lake and record."""

    environment: Mapping[str, str]
    folder: Path
    name: str = "a"
    twice: bool = False
    prefix: Sequence[str] = ()
    answers: Answers = field(default_factory=Answers)
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    stopped: threading.Event = field(default_factory=threading.Event)
    callers: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Start the service and, the first time, its callers, which tolerate that it loads."""
        command = [*self.prefix, sys.executable, str(ROOT / "triage.py"), "serve"]
        with (self.folder / f"service-{self.name}.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--port", str(self.port)],
                cwd=ROOT,
                env=os.environ | {"PYTHONPATH": str(ROOT)} | self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        if not self.callers:
            self.callers += [
                threading.Thread(target=self._call, args=(number,), daemon=True)
                for number in range(CALLERS)
            ]
            for caller in self.callers:
                caller.start()

    def parent(self) -> psutil.Process:
        """Return BentoML's parent process."""
        return self._child_of(psutil.Process(self.process.pid), BENTOML)

    def worker(self) -> psutil.Process:
        """Return the worker process that answers."""
        return self._child_of(self.parent(), WORKER)

    @staticmethod
    def _child_of(process: psutil.Process, what: str) -> psutil.Process:
        for one in process.children():
            if any(what in word for word in one.cmdline()):
                return one
        raise RuntimeError(f"{process.pid} has no child that runs {what}")

    def kill(self) -> None:
        """Kill all processes of the service, as when a machine loses power."""
        every = psutil.Process(self.process.pid).children(recursive=True)
        self.process.kill()
        for one in every:
            try:
                one.kill()
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(every, STOP_SECONDS)
        self.process.wait(STOP_SECONDS)

    def terminate(self) -> int:
        """Send SIGTERM and return the exit code once accepted requests are finished."""
        self.process.send_signal(signal.SIGTERM)
        return self.exit_code()

    def exit_code(self) -> int:
        """Wait for the command to end and return its exit code."""
        return self.process.wait(STOP_SECONDS)

    def stop(self) -> None:
        """End the service and its callers in whatever state they are."""
        self.stopped.set()
        if self.alive:
            self.kill()
        for caller in self.callers:
            caller.join(STOP_SECONDS)

    @property
    def alive(self) -> bool:
        """Return whether the command runs."""
        return self.process is not None and self.process.poll() is None

    def _call(self, caller: int) -> None:
        """Send requests one after the other; repeat those with a key until answered."""
        for number in itertools.count(caller, CALLERS):
            if self.stopped.is_set():
                return
            key = f"{self.name}-{number}" if self.twice or number % 2 else ""
            body = self._body(number)
            if self.twice:
                second = threading.Thread(target=self._until_answered, args=(body, key))
                second.start()
                self._until_answered(body, key)
                second.join()
            self._until_answered(body, key)

    def _body(self, number: int) -> bytes:
        start = REPLICA_STRIDE * ord(self.name) + 3 * number
        cases = [example_case(TASK, one) for one in range(start, start + 1 + number % 3)]
        return json.dumps({"cases": cases}).encode()

    def _until_answered(self, body: bytes, key: str) -> None:
        while not self.stopped.is_set():
            answer = self.ask(body, key)
            self.answers.add(answer)
            if answer.outcome is Outcome.ACKNOWLEDGED:
                return
            self.stopped.wait(PAUSE_SECONDS)
            if not key:  # asked again, it would be recorded again, as it should
                return

    def ask(self, body: bytes, key: str = "") -> Answer:
        """Send a request and return its answer; it is acknowledged only if read to its end."""
        sent = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_SECONDS)
        headers = {"Content-Type": "application/json"} | ({"Idempotency-Key": key} if key else {})
        try:
            connection.request("POST", f"/v1/{TASK}", body, headers)
            response = connection.getresponse()
            read, kind = response.read(), response.headers.get_content_type()
        except (OSError, http.client.HTTPException) as error:
            return Answer(Outcome.BROKEN, sent, time.monotonic(), reason=repr(error))
        finally:
            connection.close()
        got = time.monotonic()
        if response.status == 200:
            return acknowledged(json.loads(read), sent, got, key)
        reason = f"{kind}: {read[:300].decode(errors='replace')}"
        return Answer(Outcome.REFUSED, sent, got, status=response.status, reason=reason)


def acknowledged(body: Mapping[str, Any], sent: float, got: float, key: str) -> Answer:
    """Parse the answer in a response body."""
    acknowledged = tuple(
        AcknowledgedEntry(one["id"], one["audit_sequence"], one["audit_hash"], _content_of(one))
        for one in body["recommendations"]
    )
    return Answer(
        Outcome.ACKNOWLEDGED, sent, got, acknowledged, body.get("checkpoint", ""), key, 200
    )


def _content_of(recommendation: Mapping[str, Any]) -> str:
    """Return a digest of a recommendation without its position in the record."""
    return digest(
        canonicalize({k: v for k, v in recommendation.items() if k in Advice.model_fields})
    )
