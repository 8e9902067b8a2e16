"""A service that authenticates its callers, and an identity provider for its tokens."""

import json
import threading
import urllib.error
import urllib.request
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from serving.audit.factory import open_audit
from serving.auth.api_key import new_key
from tests.support.polling import poll_until
from tests.support.synthetic_lake import example_case


class AuthenticatedService:
    """A running service, and API keys to it by what they permit."""

    def __init__(self, lake, address):
        self.lake, self.address, self.shown = lake, address, {}

    def ask(self, method, path, key=None, body=None):
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        data = None if body is None else json.dumps(body).encode()
        if data is not None:
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(f"{self.address}{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read().decode()

    def scored(self, key, task, number):
        body = {"cases": [example_case(task, number)]}
        status, _, answer = self.ask("POST", f"/v1/{task}", key, body)
        assert status == 200, answer
        return json.loads(answer)["recommendations"][0]["id"]


def record_api_key(lake, scopes, sites):
    """Create an API key, record it, and return it with its text."""
    now = datetime.now(UTC)
    key, shown = new_key("test", scopes, sites, now, now + timedelta(days=1))
    with closing(open_audit(lake)) as store:
        store.append([key.draft({})])
    return key, shown


def poll_service_until(condition):
    """Wait for a condition; ask seldom enough that the rate limit of one address is not reached."""
    poll_until(condition, seconds=20, interval=0.25)


class IdentityProvider:
    """An identity provider: publishes keys by name over HTTP, and signs with them."""

    audience = "triage"

    def __init__(self):
        self.keys, self.asked = {}, 0
        self.publish("first")

    def publish(self, *names):
        """Publish exactly these keys; generate those of new names."""
        made = {name: ec.generate_private_key(ec.SECP256R1()) for name in names}
        self.keys = {name: self.keys.get(name, key) for name, key in made.items()}

    def public(self, name):
        kind = serialization.PublicFormat.SubjectPublicKeyInfo
        return self.keys[name].public_key().public_bytes(serialization.Encoding.PEM, kind)

    def jwks(self):
        read = jwt.algorithms.ECAlgorithm.to_jwk
        held = {name: json.loads(read(key.public_key())) for name, key in self.keys.items()}
        return {"keys": [one | {"kid": name, "use": "sig"} for name, one in held.items()]}

    def claims(self, **changes):
        given = {"iss": self.address, "aud": self.audience, "sub": "ada.lovelace"}
        given["exp"] = datetime.now(UTC) + timedelta(minutes=5)
        return given | changes

    def token(self, kid="first", **changes):
        key = self.keys[kid]
        return jwt.encode(self.claims(**changes), key, "ES256", headers={"kid": kid})


@contextmanager
def identity_provider():
    """Serve the keys of an identity provider on this machine while the block runs."""
    made = IdentityProvider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            made.asked += 1
            content = json.dumps(made.jwks()).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    made.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
