"""Callers that send requests without a pause and check every answer against its model."""

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
    """Answers that callers received until the load is over.

    Attributes:
        versions: Versions of the model, with their expected predictions.
        address: Address of the service.
        by_version: Number of answers by the version they name.
        failed: Errors and answers with a status other than 200.
        wrong: Answers that differ from the prediction of the model they name.
    """

    versions: Versions
    address: str
    by_version: Counter = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.next = count()
        self.over = threading.Event()
        self.bodies = [
            json.dumps({"cases": [example_case(TASK, n)]}).encode() for n in range(CASES)
        ]

    def start(self, clients: int) -> list[threading.Thread]:
        """Start callers, each on a thread of its own."""
        callers = [threading.Thread(target=self.call, daemon=True) for _ in range(clients)]
        for caller in callers:
            caller.start()
        return callers

    def call(self) -> None:
        """Send requests on one connection until the load is over."""
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
        """Check that an answer equals the prediction of the model it names, bit for bit."""
        if status != 200:
            self.failed.append(f"{status} {content[:200]!r}")
            return
        recommendation = json.loads(content)["recommendations"][0]
        named, digest = recommendation["model"]["version"], recommendation["model"]["digest"]
        self.by_version[named] += 1
        consistent = self.versions.digests.get(named) == digest
        if not consistent or recommendation["probabilities"] != self.versions.said[digest][number]:
            self.wrong.append(f"case {number}: version {named}, {digest[:12]}")

    @property
    def asked(self) -> int:
        """Number of completed requests."""
        return sum(self.by_version.values()) + len(self.failed)
