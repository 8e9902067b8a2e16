"""The bare writer as a target: start it, read its answers, kill it."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from serving.audit.log.entry import Entry
from tests.faults.observations import AcknowledgedEntry, Answer, Outcome
from tests.faults.writer import Plant, digest

ROOT = Path(__file__).resolve().parents[2]
STOP_SECONDS = 60


def content(entry: Entry) -> str:
    """Return the part of an entry that the writer's answers repeat: a digest of all it holds."""
    return digest(entry.body or "")


@dataclass
class Answers:
    """Answers in the order of arrival, collected from several threads."""

    every: list[Answer] = field(default_factory=list)
    taken: int = 0
    news: threading.Condition = field(default_factory=threading.Condition)

    def add(self, answer: Answer) -> None:
        """Add an answer."""
        with self.news:
            self.every.append(answer)
            self.news.notify_all()

    def take(self) -> list[Answer]:
        """Return and forget the answers that came since the last call."""
        with self.news:
            new = self.every[self.taken :]
            self.taken = len(self.every)
        return new

    def first(
        self,
        outcome: Outcome,
        since: float,
        seconds: float,
        count: int = 1,
    ) -> Answer | None:
        """Wait for the count-th answer with an outcome to a request sent since a moment."""

        def matching() -> Answer | None:
            late = [a for a in reversed(self.every[-4000:]) if a.outcome is outcome]
            late = [a for a in reversed(late) if a.sent >= since]
            return late[count - 1] if len(late) >= count else None

        with self.news:
            self.news.wait_for(matching, seconds)
            return matching()


@dataclass
class Writer:
    """One writer process at a time; `environment` holds the location of its record."""

    environment: Mapping[str, str]
    folder: Path
    name: str = "w"
    threads: int = 4
    twice: bool = False
    plant: Plant = Plant.NONE
    prefix: Sequence[str] = ()
    answers: Answers = field(default_factory=Answers)
    started: int = 0
    pid: int = 0
    spawner: subprocess.Popen[bytes] | None = None
    said: queue.Queue[Mapping[str, Any]] = field(default_factory=queue.Queue)

    def start(self) -> None:
        """Start a writer under names that no earlier one used."""
        self.started += 1
        if self.spawner is None:
            self._open_spawner()
        command = ["--name", f"{self.name}{self.started}", "--threads", str(self.threads)]
        command += ["--seed", str(self.started), "--plant", self.plant]
        self.pid = self._told([*command, *(["--twice"] if self.twice else [])])["started"]

    def _open_spawner(self) -> None:
        with (self.folder / "writer.log").open("ab") as log:
            self.spawner = subprocess.Popen(
                [*self.prefix, sys.executable, "-m", "tests.faults.writer_spawner"],
                cwd=ROOT,
                env=os.environ | {"PYTHONPATH": str(ROOT)} | self.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                bufsize=0,
            )
        threading.Thread(target=self._listen, args=(self.spawner,), daemon=True).start()

    def _listen(self, spawner: subprocess.Popen[bytes]) -> None:
        """Read complete lines; an incomplete line was never an answer."""
        with open(spawner.stdout.fileno(), "rb", closefd=False) as lines:
            for line in lines:
                message = json.loads(line) if line.endswith(b"\n") else {}
                if "sent" in message:
                    self.answers.add(parse_answer(message))
                elif message:
                    self.said.put(message)

    def _told(self, wish: Any) -> Mapping[str, Any]:
        self.spawner.stdin.write((json.dumps(wish) + "\n").encode())
        return self.said.get(timeout=STOP_SECONDS)

    def kill(self) -> None:
        """Kill the writer and wait until all its output was read."""
        os.kill(self.pid, signal.SIGKILL)
        self._ended()

    def terminate(self) -> int:
        """Send SIGTERM and return the exit code once the writer has finished."""
        os.kill(self.pid, signal.SIGTERM)
        return self._ended()

    def _ended(self) -> int:
        code = self._told(self.pid)["code"]
        self.pid = 0
        return code

    def stop(self) -> None:
        """End the writer in whatever state it is."""
        if self.pid:
            self.kill()
        if self.spawner is not None:
            self.spawner.stdin.close()
            self.spawner.wait(STOP_SECONDS)
            self.spawner.stdout.close()
            self.spawner = None


def parse_answer(line: Mapping[str, Any]) -> Answer:
    """Parse the answer in a line of the writer."""
    sent, got = line["sent"], line["got"]
    if "refused" in line:
        return Answer(Outcome.REFUSED, sent, got, status=503, reason=line["refused"])
    if "again" in line:
        first, count = line["again"]
        replayed: Iterator[AcknowledgedEntry] = (
            AcknowledgedEntry("", at, "") for at in range(first, first + count)
        )
        return Answer(Outcome.ACKNOWLEDGED, sent, got, tuple(replayed), key=line["key"], status=200)
    acknowledged = tuple(AcknowledgedEntry(*one) for one in line["told"])
    return Answer(Outcome.ACKNOWLEDGED, sent, got, acknowledged, line["note"], line["key"], 200)


def sleep_until(moment: float) -> None:
    """Sleep until a moment of the monotonic clock: how long a fault lasts is part of its plan."""
    time.sleep(max(0.0, moment - time.monotonic()))
