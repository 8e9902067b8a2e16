"""Tokens: the ones that hold say who asks, and all others are refused."""

import base64
import json
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from serving.audit.pseudonym import Pseudonyms
from serving.auth.caller import AccessScope, AuthenticationError
from serving.auth.jwks import JsonWebKeySet, JsonWebKeySetError
from serving.auth.tokens import TokenVerifier
from serving.runtime.settings import AuthSettings

ISSUER, AUDIENCE = "https://idp.example", "triage"
OURS, OTHERS = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
PUBLIC = OURS.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
GOOD = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "scope": "decide unknown", "sites": ["S01"]}


def jwks(*keys):
    said = [json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key())) for key in keys]
    return {"keys": [one | {"kid": f"k{i}"} for i, one in enumerate(said)]}


@pytest.fixture
def tokens(tmp_path):
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps(jwks(OURS)))
    settings = AuthSettings(
        issuer=ISSUER, audience=AUDIENCE, jwks=str(path), services="erp", leeway_seconds=0
    )
    keys = JsonWebKeySet(settings.jwks, 300.0)
    keys.read()
    return TokenVerifier(settings, keys, Pseudonyms(b"p" * 32))


def token(changes=None, key=OURS, algorithm="ES256", kid="k0"):
    claims = {"exp": datetime.now(UTC) + timedelta(minutes=5), **GOOD, **(changes or {})}
    held = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(held, key, algorithm, headers={"kid": kid} if kid else {})


def signed_with_the_public_key():
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")

    import hashlib
    import hmac

    claims = GOOD | {"exp": 2**33}
    head = part({"alg": "HS256", "typ": "JWT", "kid": "k0"}) + b"." + part(claims)
    sign = hmac.digest(PUBLIC, head, hashlib.sha256)
    return (head + b"." + base64.urlsafe_b64encode(sign).rstrip(b"=")).decode()


def ago(minutes):
    return datetime.now(UTC) - timedelta(minutes=minutes)


REFUSED = {
    "expired": lambda: token({"exp": ago(1)}),
    "not yet": lambda: token({"nbf": ago(-5)}),
    "no expiry": lambda: token({"exp": None}),
    "no signature": lambda: token(key="", algorithm="none"),
    "signed with the public key": signed_with_the_public_key,
    "another audience": lambda: token({"aud": "billing"}),
    "no audience": lambda: token({"aud": None}),
    "another issuer": lambda: token({"iss": "https://evil.example"}),
    "another key": lambda: token(key=OTHERS),
    "a key nobody published": lambda: token(kid="k9"),
    "no name of a key": lambda: token(kid=None),
    "nobody": lambda: token({"sub": None}),
    "cut": lambda: token()[:-4],
    "garbage": lambda: "a.b.c",
    "no token": lambda: "x" * 5000,
}


@pytest.mark.parametrize("made", REFUSED.values(), ids=REFUSED)
def test_invalid_tokens_are_refused(tokens, made):
    with pytest.raises(AuthenticationError):
        tokens.caller(made())


def test_a_token_says_what_it_allows_and_names_no_person(tokens):
    caller = tokens.caller(token())
    assert (caller.scopes, caller.sites) == (frozenset({AccessScope.DECIDE}), frozenset({"S01"}))
    assert caller.name.startswith("jwt:person-")
    assert "ada" not in caller.name


def test_without_sites_none_is_seen_and_a_service_is_named(tokens):
    caller = tokens.caller(token({"sites": None, "scope": None, "azp": "erp"}))
    assert (caller.name, caller.sites, caller.scopes) == ("client:erp", frozenset(), frozenset())
    assert tokens.caller(token({"sites": "*"})).sees("S99")


def test_symmetric_keys_of_a_key_set_are_never_used(tmp_path):
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps({"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "k0"}]}))
    with pytest.raises(JsonWebKeySetError, match="cannot be read"):
        JsonWebKeySet(str(path), 300.0).read()


@pytest.mark.parametrize("algorithms", ["HS256", "none", "RS256,HS512", ""])
def test_settings_take_no_algorithm_that_whoever_verifies_could_sign_with(algorithms):
    with pytest.raises(ValueError, match="TRIAGE_AUTH_ALGORITHMS"):
        AuthSettings(algorithms=algorithms)


def test_keys_of_the_issuer_do_not_travel_in_the_clear():
    with pytest.raises(ValueError, match="https"):
        AuthSettings(issuer=ISSUER, audience=AUDIENCE, jwks="http://idp.example/keys")
