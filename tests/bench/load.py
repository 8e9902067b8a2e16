"""Load generators: many connections at once, or requests at a fixed rate.

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
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Self

SCRIPT = """
local requests, at = {{}}, 0
wrk.headers["Content-Type"] = "application/json"
function init(args)
  for line in io.lines("{path}") do
    requests[#requests + 1] = wrk.format("POST", nil, nil, line)
  end
end
function request()
  at = at % #requests + 1
  return requests[at]
end
"""
"""Lua script for wrk: it cycles through the requests."""


@dataclass(frozen=True)
class Target:
    """Requests to a server, cycled through endlessly; each body is one line of JSON."""

    port: int
    path: str
    bodies: tuple[bytes, ...]

    def requests(self, first: int = 0) -> Iterator[bytes]:
        """Yield the raw requests endlessly, beginning at index `first`."""
        head = f"POST {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
        head += "Content-Type: application/json\r\nContent-Length: "
        for body in islice(cycle(self.bodies), first % len(self.bodies), None):
            yield f"{head}{len(body)}\r\n\r\n".encode() + body


class Connection:
    """A connection that is kept open."""

    def __init__(self, target: Target, first: int = 0) -> None:
        self.socket = socket.create_connection(("127.0.0.1", target.port), timeout=120)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")
        self.requests = target.requests(first)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()
        self.socket.close()

    def ask(self) -> bytes:
        """Send the next request and return the body of its answer.

        Raises:
            ValueError: The status is not 200.
        """
        self.socket.sendall(next(self.requests))
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
    """Return the name of the load generator on this machine."""
    return "wrk" if shutil.which("wrk") else "threads and sockets"


def rate(target: Target, connections: int, seconds: float) -> float:
    """Return the answers per second over connections that each ask as soon as answered."""
    return (_wrk if shutil.which("wrk") else _threads)(target, connections, seconds)


def _wrk(target: Target, connections: int, seconds: float) -> float:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "bodies").write_bytes(b"".join(body + b"\n" for body in target.bodies))
        script = Path(folder) / "post.lua"
        script.write_text(SCRIPT.format(path=Path(folder) / "bodies"))
        url = f"http://127.0.0.1:{target.port}{target.path}"
        command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout"]
        command += ["60s", "-s", str(script), url]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in output:
        raise ValueError(f"{target.path}: {output}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1])


def _threads(target: Target, connections: int, seconds: float) -> float:
    done = [0] * connections
    until = time.perf_counter() + seconds

    def ask(i: int) -> None:
        with Connection(target, i) as connection:
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
    """Return the latencies in milliseconds, ascending, each from when its request was due.

    Requests alternate between connections, so that a slow answer delays no other request.
    """
    count = max(10, round(per_second * seconds))
    began = time.perf_counter() + 0.1

    def ask(first: int) -> list[float]:
        took = []
        with Connection(target, first) as connection:
            for i in range(first, count, connections):
                due = began + i / per_second
                time.sleep(max(0.0, due - time.perf_counter()))
                connection.ask()
                took.append(1000 * (time.perf_counter() - due))
        return took

    with ThreadPoolExecutor(connections) as pool:
        return sorted(one for took in pool.map(ask, range(connections)) for one in took)
