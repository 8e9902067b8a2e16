"""Load on a server: many connections at once, or one request after the other at a rate.

`wrk` does it where it is installed, and takes little from the processors that are measured;
elsewhere threads with plain sockets do. Both count only answers with status 200.
"""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True)
class Target:
    """A request that is sent again and again."""

    port: int
    path: str
    body: bytes

    @property
    def request(self) -> bytes:
        """As it goes over the wire."""
        head = f"POST {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(self.body)}\r\n\r\n"
        return head.encode() + self.body


class Connection:
    """One connection, kept open."""

    def __init__(self, target: Target) -> None:
        self.socket = socket.create_connection(("127.0.0.1", target.port), timeout=120)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")
        self.request = target.request

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()
        self.socket.close()

    def ask(self) -> bytes:
        """The body of the answer; a ValueError for anything but 200."""
        self.socket.sendall(self.request)
        status, length = self.file.readline(), 0
        while (line := self.file.readline()) not in {b"\r\n", b""}:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        body = self.file.read(length)
        if b" 200 " not in status:
            raise ValueError(f"{status!r}: {body[:300]!r}")
        return body


def client() -> str:
    """What sends the load here."""
    return "wrk" if shutil.which("wrk") else "threads and sockets"


def rate(target: Target, connections: int, seconds: float) -> float:
    """Answers a second with so many connections, each asking as soon as it was answered."""
    return (_wrk if shutil.which("wrk") else _threads)(target, connections, seconds)


def _wrk(target: Target, connections: int, seconds: float) -> float:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "body").write_bytes(target.body)
        script = Path(folder) / "post.lua"
        script.write_text(
            f'local f = io.open("{folder}/body", "rb")\nwrk.method = "POST"\n'
            'wrk.body = f:read("*a")\nwrk.headers["Content-Type"] = "application/json"\n'
        )
        url = f"http://127.0.0.1:{target.port}{target.path}"
        command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout"]
        command += ["60s", "-s", str(script), url]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in said:
        raise ValueError(f"{target.path}: {said}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1])


def _threads(target: Target, connections: int, seconds: float) -> float:
    done = [0] * connections
    until = time.perf_counter() + seconds

    def ask(i: int) -> None:
        with Connection(target) as connection:
            while time.perf_counter() < until:
                connection.ask()
                done[i] += 1

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / seconds


def paced(target: Target, per_second: float, seconds: float, connections: int = 8) -> list[float]:
    """Milliseconds of each answer, rising; asked at a rate, each from when it was due.

    Over so many connections in turn: whoever waits for an answer keeps no other request back.
    """
    count = max(10, round(per_second * seconds))
    began = time.perf_counter() + 0.1

    def ask(first: int) -> list[float]:
        took = []
        with Connection(target) as connection:
            for i in range(first, count, connections):
                due = began + i / per_second
                time.sleep(max(0.0, due - time.perf_counter()))
                connection.ask()
                took.append(1000 * (time.perf_counter() - due))
        return took

    with ThreadPoolExecutor(connections) as pool:
        return sorted(one for took in pool.map(ask, range(connections)) for one in took)
