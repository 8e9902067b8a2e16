"""Restarts under load: callers repeat unanswered requests until each has its answer.

A request is accepted once the service has read it: from then on its trace id is in the log of
requests, whatever comes of it. Accepted, it has failed if its caller was given no answer, which
a caller sees as a connection that is closed. What no service has read (no connection, or one
closed before), and what was answered with 503 and Retry-After, is sent again after a moment
under the same Idempotency-Key. A replay would show that an answer was recorded and not given.
"""

import http.client
import json
import re
import secrets
import threading
import time
import uuid
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from serving.audit.factory import open_audit
from serving.audit.log.entry_kind import ANSWER_KINDS
from serving.server.supervisor import run_service
from tests.support.synthetic_lake import example_case, make_lake
from tests.swapping.trial import settings, wait_until
from tests.swapping.versions import TASK

SETTINGS = {"TRIAGE_ACCESS_LOG": "true"}
PAUSE_SECONDS = 0.05
REPLAYED = "Idempotency-Replayed"
TRACE = re.compile(r'"trace_id": ?"([0-9a-f]{32})"')


@dataclass
class Callers:
    """Answers that callers received across restarts.

    Attributes:
        port: Port of the service.
        answered: Ids of recommendations, by idempotency key.
        replayed: Keys whose answer was a replay.
        wrong: Descriptions of wrong answers.
        read: Trace ids that were answered with 200.
        closed: Trace ids whose connection closed without an answer.
        cut: Those of `closed` that the service had read.
        sent_again: Number of repeated requests.
    """

    port: int
    answered: dict[str, str] = field(default_factory=dict)
    replayed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    read: set[str] = field(default_factory=set)
    closed: set[str] = field(default_factory=set)
    cut: set[str] = field(default_factory=set)
    sent_again: int = 0

    def __post_init__(self) -> None:
        self.next = count()
        self.over = threading.Event()

    def start(self, clients: int) -> list[threading.Thread]:
        """Start callers, each with requests of its own."""
        callers = [threading.Thread(target=self.call, daemon=True) for _ in range(clients)]
        for caller in callers:
            caller.start()
        return callers

    def call(self) -> None:
        """Send requests on one connection, which reopens whenever it is closed."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        while not self.over.is_set():
            key = str(uuid.uuid4())
            body = json.dumps({"cases": [example_case(TASK, next(self.next) % 200)]})
            while not self.send(connection, key, body):
                self.sent_again += 1
                time.sleep(PAUSE_SECONDS)
        connection.close()

    def send(self, connection: http.client.HTTPConnection, key: str, body: str) -> bool:
        """Send a request and return whether it was answered; record the outcome."""
        trace = secrets.token_hex(16)
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": key,
            "traceparent": f"00-{trace}-{secrets.token_hex(8)}-00",
        }
        try:
            connection.request("POST", f"/v1/{TASK}", body, headers)
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException):
            self.closed.add(trace)
            connection.close()
            return False
        if answer.status == 503 and answer.headers["Retry-After"]:
            return False
        if answer.status != 200:
            self.wrong.append(f"{answer.status} {content[:200]!r}")
            return True
        if answer.headers[REPLAYED]:
            self.replayed.append(key)
        self.read.add(trace)
        self.answered[key] = json.loads(content)["recommendations"][0]["id"]
        return True


def run(home: Path, port: int, restarts: int, between: int, clients: int = 4) -> Callers:
    """Restart the service repeatedly, each time after `between` more answers."""
    lake = make_lake(home, (TASK,))
    callers, threads, log = Callers(port), list[threading.Thread](), home / "service.log"
    for number in range(restarts + 1):
        with settings(SETTINGS), run_service(lake, port=port, log=log):
            threads = threads or callers.start(clients)
            seen = len(callers.answered)
            wait_until(lambda seen=seen: callers.wrong or len(callers.answered) >= seen + between)
            if number == restarts:
                callers.over.set()
                for thread in threads:
                    thread.join()
    logged = set(TRACE.findall(log.read_text()))
    assert callers.read <= logged, "the log does not tell what the service reads"
    callers.cut = callers.closed & logged
    audit = open_audit(lake)
    try:
        ids = [entry.id for entry in audit.of_kind(*ANSWER_KINDS)]
    finally:
        audit.close()
    if sorted(ids) != sorted(callers.answered.values()):
        callers.wrong.append(f"{len(ids)} on record, {len(callers.answered)} answered")
    return callers
