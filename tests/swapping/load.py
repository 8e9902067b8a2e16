"""Callers that ask without a pause, and hold every answer against what its model says."""

import http.client
import json
import threading
from collections import Counter
from dataclasses import dataclass, field
from itertools import count

from tests.support.synthetic_lake import example_case
from tests.swapping.versions import CASES, TASK, Versions


@dataclass
class Load:
    """What callers saw, who ask until it is over. failed: answers that were none. wrong: that another model gave."""

    versions: Versions
    address: str
    by_version: Counter = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    aliases: Counter = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.next = count()
        self.over = threading.Event()
        self.bodies = [
            json.dumps({"cases": [example_case(TASK, n)]}).encode() for n in range(CASES)
        ]

    def start(self, clients: int) -> list[threading.Thread]:
        """So many callers."""
        callers = [threading.Thread(target=self.call, daemon=True) for _ in range(clients)]
        for caller in callers:
            caller.start()
        return callers

    def call(self) -> None:
        """One caller on one connection."""
        host, port = self.address.removeprefix("http://").split(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=60)
        while not self.over.is_set():
            number = next(self.next)
            try:
                connection.request(
                    "POST", f"/v1/{TASK}", self.bodies[number % CASES],
                    {"Content-Type": "application/json"},
                )  # fmt: skip
                answer = connection.getresponse()
                self.check(number % CASES, answer.status, answer.read())
            except (OSError, http.client.HTTPException) as error:
                self.failed.append(repr(error))
                connection.close()
        connection.close()

    def check(self, number: int, status: int, content: bytes) -> None:
        """The model that an answer names must say just that, to the last bit."""
        if status != 200:
            self.failed.append(f"{status} {content[:200]!r}")
            return
        given = json.loads(content)["recommendations"][0]
        named, digest = given["model"]["version"], given["model"]["digest"]
        self.by_version[named] += 1
        known = self.versions.digests.get(named) == digest
        if not known or given["probabilities"] != self.versions.said[digest][number]:
            self.wrong.append(f"case {number}: version {named}, {digest[:12]}")

    @property
    def asked(self) -> int:
        """Requests that came to an end."""
        return sum(self.by_version.values()) + len(self.failed)
