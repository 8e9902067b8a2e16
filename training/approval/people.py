"""People who may train or approve models: the people file, and the identity of who is acting.

The file holds the SHA-256 of each token, never the token, so many may read it. Who may write it
decides who may approve, so few should.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from data.atomic_file import write_text_atomically
from training.settings import ApprovalMode, ApprovalSettings

TABLE = "people"
TOKEN_BYTES = 32


class Duty(StrEnum):
    """Right that a person may have."""

    TRAIN = "train"
    APPROVE = "approve"


@dataclass(frozen=True)
class Person:
    """One entry of the file. token_sha256: in hexadecimal, of the token's UTF-8."""

    name: str
    role: str
    token_sha256: str
    may: tuple[Duty, ...]


def read_people(path: Path) -> list[Person]:
    """The people in the file, in its order.

    Raises:
        ValueError: naming the file and the entry that cannot be read.
        FileNotFoundError: there is no such file.
    """
    if not path.exists():
        raise FileNotFoundError(
            f"TRIAGE_PEOPLE names {path}, which is not there; `triage people add` makes it"
        )
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get(TABLE, [])
        return [_person(entry) for entry in entries]
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path} is not a file of people: {error!r}; write [[{TABLE}]] entries with name, "
            f"role, token_sha256 and may = [...] of {', '.join(Duty)}, or use `triage people add`"
        ) from error


def find_by_token(people: Iterable[Person], token: str) -> Person | None:
    """Return the person whose token it is, or None."""
    digest = token_digest(token)
    matches = [p for p in people if hmac.compare_digest(p.token_sha256.encode(), digest.encode())]
    return matches[0] if matches else None


def same_person(one: str, other: str) -> bool:
    """Return whether two names are one person's, ignoring capitals and surrounding spaces."""
    return one.strip().casefold() == other.strip().casefold()


def add_person(path: Path, name: str, role: str, may: Sequence[Duty]) -> str:
    """Add a person with the digest of a new token; return the token, which is stored nowhere."""
    people = read_people(path) if path.exists() else []
    if not name.strip() or not role.strip() or not may:
        raise ValueError("a person needs a name, a role, and at least one of --may train, approve")
    if any(same_person(person.name, name) for person in people):
        raise ValueError(f"{path} has {name!r} already; remove that entry to give a new token")
    token = secrets.token_urlsafe(TOKEN_BYTES)
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    new = Person(name.strip(), role.strip(), token_digest(token), tuple(may))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text_atomically(path, f"{before.rstrip()}\n\n{_entry(new)}".lstrip())
    return token


def token_digest(token: str) -> str:
    """Digest of a token, in hexadecimal."""
    return hashlib.sha256(token.encode()).hexdigest()


def _person(entry: dict[str, Any]) -> Person:
    may = entry["may"]
    if not isinstance(may, list) or not set(may) <= set(Duty):
        raise TypeError(f"may = {may!r} is not a list of {', '.join(Duty)}")
    texts = [str(entry[name]) for name in ("name", "role", "token_sha256")]
    return Person(texts[0], texts[1], texts[2].lower(), tuple(Duty(duty) for duty in may))


def _entry(person: Person) -> str:
    """TOML of one person: JSON's texts and lists of texts are TOML's too."""
    return (
        f"[[{TABLE}]]\n"
        f"name = {json.dumps(person.name, ensure_ascii=False)}\n"
        f"role = {json.dumps(person.role, ensure_ascii=False)}\n"
        f"token_sha256 = {json.dumps(person.token_sha256)}\n"
        f"may = {json.dumps([str(duty) for duty in person.may])}\n"
    )


NOT_STATED = "not stated"
HOW_TO_IDENTIFY = "set TRIAGE_USER=your-name, or TRIAGE_TOKEN and TRIAGE_PEOPLE"


class IdentityError(RuntimeError):
    """The person acting is not identified or lacks the right; the message says how to fix it."""


@dataclass(frozen=True)
class Identity:
    """Identity of the person acting.

    Attributes:
        proved_by: "token", "environment" (a name that nothing proves) or "nothing".
        may: rights of this person; a name without a token has all of them.
    """

    name: str
    role: str
    proved_by: str
    may: tuple[Duty, ...] = tuple(Duty)

    @property
    def named(self) -> bool:
        """Whether the identity is a person's, and not a demonstration's."""
        return self.proved_by != DEMO_IDENTITY.proved_by

    def allowed(self, duty: Duty) -> Identity:
        """Return this identity if it has the right.

        Raises:
            IdentityError: if it has not.
        """
        if duty not in self.may:
            raise IdentityError(
                f"{self.name} ({self.role}) may not {duty}, only {', '.join(self.may)}; ask "
                f"someone who may, or add '{duty}' to their entry in the file of TRIAGE_PEOPLE"
            )
        return self


DEMO_IDENTITY = Identity("demo", "demonstration", "nothing")


def whoami(settings: ApprovalSettings | None = None) -> Identity:
    """Identify the person acting, from the settings."""
    settings = settings or ApprovalSettings.from_environment()
    name = (settings.user or "").strip()
    if settings.token:
        return _by_token(settings, name)
    if name and settings.people:
        raise IdentityError(
            f"TRIAGE_PEOPLE names {settings.people}, so a name alone proves nothing: set "
            f"TRIAGE_TOKEN to the token of {name}, or unset TRIAGE_PEOPLE to trust names"
        )
    if name:
        return Identity(name, settings.role or NOT_STATED, "environment")
    if settings.approval is ApprovalMode.DEMO:
        return DEMO_IDENTITY
    raise IdentityError(f"nobody is named: {HOW_TO_IDENTIFY} (TRIAGE_APPROVAL=demo goes without)")


def _by_token(settings: ApprovalSettings, name: str) -> Identity:
    assert settings.token
    if settings.people is None:
        raise IdentityError("TRIAGE_TOKEN is set without TRIAGE_PEOPLE, the TOML file it is in")
    person = find_by_token(read_people(settings.people), settings.token.get_secret_value().strip())
    if person is None:
        raise IdentityError(
            f"the token in TRIAGE_TOKEN is nobody's in {settings.people}; "
            "`triage people add NAME --role ROLE --may train` makes one"
        )
    if name and not same_person(name, person.name):
        raise IdentityError(
            f"TRIAGE_USER is {name!r} and the token in TRIAGE_TOKEN is of {person.name!r}; "
            "unset one of them"
        )
    return Identity(person.name, person.role, "token", person.may)
