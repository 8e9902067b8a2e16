"""A receiver of webhooks over real HTTP, with scripted answers."""

import json
import threading
from collections.abc import Callable
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRETS = [bytes(range(32)), bytes(range(32, 64))]


class WebhookReceiver:
    """Deliveries received so far, and the answers to give next.

    answers: (status, headers) for each coming delivery; 204 once they are used up.
    """

    def __init__(self) -> None:
        self.came: list[dict] = []
        self.bodies: list[bytes] = []
        self.headers: list[dict] = []
        self.answers: list[tuple[int, dict]] = []
        self.arrived = threading.Condition()
        self.url = ""

    @property
    def ids(self) -> list[str]:
        return [one["id"] for one in self.came]

    @property
    def first_ids(self) -> list[str]:
        return list(dict.fromkeys(self.ids))

    def take(self, headers, body: bytes) -> tuple[int, dict]:
        with self.arrived:
            answer = self.answers.pop(0) if self.answers else (204, {})
            self.headers.append({name.lower(): value for name, value in headers.items()})
            self.bodies.append(body)
            self.came.append(json.loads(body))
            self.arrived.notify_all()
        return answer

    def wait(self, until: Callable[[], bool], seconds: float = 20) -> None:
        with self.arrived:
            assert self.arrived.wait_for(until, seconds), self.ids


@contextmanager
def webhook_receiver():
    """Listen on a free port while the block runs."""
    receiver = WebhookReceiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status, headers = receiver.take(self.headers, body)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
