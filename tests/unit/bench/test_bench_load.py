"""The load that is measured with: it counts what was answered, and stops at what was refused."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.bench import load
from tests.bench.serving import table


@pytest.fixture
def server():
    asked = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked.append(body)
            self.send_response(200 if self.path == "/well" else 422)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made.server_port, asked
    made.shutdown()
    made.server_close()


def test_answers_are_counted_and_every_body_is_the_one_given(server):
    port, asked = server
    target = load.Target(port, "/well", (b'{"a":1}', b'{"a":2}'))
    reached = load._threads(target, 2, 0.2)
    assert reached == pytest.approx(len(asked) / 0.2)
    assert set(asked) == set(target.bodies)
    before = len(asked)
    took = load.paced(target, 200, 0.1, connections=3)
    assert (len(took), len(asked) - before) == (20, 20)
    assert took == sorted(took)


def test_refused_requests_do_not_count_as_answers(server):
    target = load.Target(server[0], "/badly", (b"{}",))
    with load.Connection(target) as connection, pytest.raises(ValueError, match="422"):
        connection.ask()


def test_the_table_names_spread_and_ratio():
    line = {
        "what": "a",
        "a second": (1.0, 2.0, 3.0),
        "against": {"b": (4.0, 5.0, 6.0), "c": (1.0, 1.5, 2.0)},
        "p50, p99 ms": [7.0, 8.0],
    }
    told = "5.00x (4.00 to 6.00) b; 1.50x (1.00 to 2.00) c"
    assert f"| a | 2 (1 to 3) | {told} | 7.0, 8.0 |" in table([line])
