"""A Redis server of a test's own, which can be stopped and frozen."""

import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import redis

from tests.support.polling import poll_until
from tests.support.ports import free_port

NAME = "redis-server"


class RedisServer:
    """Redis server without persistence; `address` has the form of TRIAGE_AUTH_LIMITS."""

    def __init__(self) -> None:
        self.port = free_port()
        self.address = f"redis://127.0.0.1:{self.port}"
        self.process = self.start()

    def start(self) -> subprocess.Popen:
        """Start the server and wait until it answers."""
        assert shutil.which(NAME), f"no Redis: {NAME} is not installed (apt install {NAME})"
        command = [NAME, "--port", str(self.port), "--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        with redis.Redis(port=self.port) as client:
            poll_until(lambda: _answers(client))
        return self.process

    def freeze(self) -> None:
        """Suspend the server: it still accepts connections, and answers none."""
        self.process.send_signal(signal.SIGSTOP)

    def stop(self) -> None:
        """Kill the server."""
        self.process.kill()
        self.process.wait()


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.exceptions.ConnectionError:
        return False


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    """Run a Redis server until the block ends."""
    server = RedisServer()
    try:
        yield server
    finally:
        server.stop()
