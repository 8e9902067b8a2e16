"""Signatures are those of Standard Webhooks, and secrets are told nowhere."""

import base64
import hashlib
import hmac

import pytest

from serving.events.webhook_signature import read_secrets, signature_headers

# Of the Standard Webhooks specification and its libraries: secret, id, time, body, signature.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
VECTOR = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def by_hand(secret, identifier, at, body):
    """Compute the signature independently, as the standard defines it."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    text = b".".join([identifier.encode(), str(at).encode(), body])
    inner = hashlib.sha256(bytes(b ^ 0x36 for b in key.ljust(64, b"\0")) + text).digest()
    outer = hashlib.sha256(bytes(b ^ 0x5C for b in key.ljust(64, b"\0")) + inner).digest()
    assert hmac.compare_digest(outer, hmac.digest(key, text, "sha256"))
    return "v1," + base64.b64encode(outer).decode()


def secret_file(tmp_path, text, mode=0o600):
    path = tmp_path / "secret"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_the_published_vector(tmp_path):
    secrets = read_secrets(secret_file(tmp_path, SECRET))
    body = b'{"test": 2432232314}'
    made = signature_headers(secrets, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert made["webhook-signature"] == VECTOR
    assert made["webhook-id"] == "msg_p5jXN8AQM9LWM0D4loKWxJek"
    assert made["webhook-timestamp"] == "1614265330"
    assert by_hand(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body) == VECTOR


def test_while_a_secret_is_changed_both_sign(tmp_path):
    new = "whsec_" + base64.b64encode(bytes(32)).decode()
    made = signature_headers(
        read_secrets(secret_file(tmp_path, f"{new}\n{SECRET}\n")), "a", 1, b"x"
    )
    first, second = made["webhook-signature"].split()
    assert first == by_hand(new, "a", 1, b"x")
    assert second == by_hand(SECRET, "a", 1, b"x")


@pytest.mark.parametrize(
    "text", ["", "hunter2", "whsec_hunter2", "whsec_aGk=", f"{SECRET}\n" * 3, "whsec_\xff"]
)
def test_invalid_secrets_are_refused_without_being_shown(tmp_path, text):
    with pytest.raises(ValueError, match="it takes one line, or two") as refused:
        read_secrets(secret_file(tmp_path, text))
    assert "hunter2" not in str(refused.value)
    assert "MfKQ" not in str(refused.value)


def test_a_secret_that_others_can_read_is_refused(tmp_path):
    with pytest.raises(ValueError, match="chmod 600"):
        read_secrets(secret_file(tmp_path, SECRET, 0o644))
