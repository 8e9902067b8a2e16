"""Verify JSON Web Tokens of the configured issuer, and turn their claims into a caller."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import jwt

from serving.audit.pseudonym import Pseudonyms
from serving.auth.caller import ALL_SCOPES, AuthenticationError, Caller, Refusal, UnknownSignerError
from serving.auth.jwks import JsonWebKeySet
from serving.runtime.settings import AuthSettings

REQUIRED_CLAIMS = ["exp", "iss", "aud"]
EVERY_SITE = "*"
MAX_SITES = 1000
CLIENT_PATTERN = re.compile(r"[\x21-\x7e]{1,100}")


class TokenVerifier:
    """Verifies tokens of one issuer. people: makes pseudonyms of the persons they name."""

    def __init__(self, settings: AuthSettings, keys: JsonWebKeySet, people: Pseudonyms) -> None:
        self.settings, self.keys, self.people = settings, keys, people

    def caller(self, token: str) -> Caller:
        """Return the caller of a token.

        Raises:
            AuthenticationError: the token does not hold; the reason is for the log.
        """
        key = self._signer(token)
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                audience=self.settings.audience,
                issuer=self.settings.issuer,
                leeway=self.settings.leeway_seconds,
                options={"require": REQUIRED_CLAIMS},
            )
        except jwt.ExpiredSignatureError as error:
            raise AuthenticationError(Refusal.EXPIRED) from error
        except jwt.InvalidSignatureError as error:
            raise AuthenticationError(Refusal.SIGNATURE) from error
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError) as error:
            raise AuthenticationError(Refusal.CLAIMS) from error
        return self._caller(claims)

    def _signer(self, token: str) -> jwt.PyJWK:
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.PyJWTError, ValueError, RecursionError) as error:
            raise AuthenticationError(Refusal.NOT_A_TOKEN) from error
        algorithm, name = header.get("alg"), header.get("kid")
        if algorithm not in self.settings.allowed_algorithms:
            raise AuthenticationError(Refusal.ALGORITHM)
        key = self.keys.key(name) if isinstance(name, str) else None
        if key is None:
            raise UnknownSignerError
        # A key is for one algorithm: what the token says of itself chooses nothing.
        if key.algorithm_name != algorithm:
            raise AuthenticationError(Refusal.ALGORITHM)
        return key

    def _caller(self, claims: Mapping[str, Any]) -> Caller:
        return Caller(
            self._name(claims), scopes_in(claims), sites_in(claims.get(self.settings.sites_claim))
        )

    def _name(self, claims: Mapping[str, Any]) -> str:
        """Return a service's client id; any other subject counts as a person."""
        client = claims.get("azp") or claims.get("client_id")
        known = isinstance(client, str) and client in self.settings.service_clients
        if known and CLIENT_PATTERN.fullmatch(str(client)):
            return f"client:{client}"
        subject = claims.get("sub")
        if not isinstance(subject, str) or not subject.strip():
            raise AuthenticationError(Refusal.CLAIMS)
        return f"jwt:{self.people.of(subject)}"


def scopes_in(claims: Mapping[str, Any]) -> frozenset[str]:
    """Return the known scopes of a token: `scope` separated by spaces, or a list in `scp`."""
    claim = claims.get("scope", claims.get("scp", ()))
    names = claim.split() if isinstance(claim, str) else claim if isinstance(claim, list) else ()
    return frozenset(name for name in names if isinstance(name, str) and name in ALL_SCOPES)


def sites_in(claim: Any) -> frozenset[str] | None:
    """Return the sites that a token names; None (every site) for `*`."""
    names = [claim] if isinstance(claim, str) else claim if isinstance(claim, list) else []
    sites = frozenset(name for name in names[:MAX_SITES] if isinstance(name, str))
    return None if EVERY_SITE in sites else sites
