"""Identity of the acting person: a name in the environment, or a token that proves it."""

from __future__ import annotations

from dataclasses import dataclass

from training.approval.people import Duty, find_by_token, read_people, same_person
from training.settings import ApprovalMode, ApprovalSettings

NOT_STATED = "not stated"
HOW_TO_IDENTIFY = "set TRIAGE_USER=your-name, or TRIAGE_TOKEN and TRIAGE_PEOPLE"


class IdentityError(RuntimeError):
    """It cannot be told who is acting, or they may not do this; says how to mend it."""


@dataclass(frozen=True)
class Identity:
    """Who acts. proved_by: "token", "environment" (a name that nothing proves) or "nothing".

    may: what this person may do; a name without a token may do all.
    """

    name: str
    role: str
    proved_by: str
    may: tuple[Duty, ...] = tuple(Duty)

    @property
    def named(self) -> bool:
        """Whether it is a person at all, and not a demonstration."""
        return self.proved_by != DEMO_IDENTITY.proved_by

    def allowed(self, duty: Duty) -> Identity:
        """Themselves, if they may.

        Raises:
            IdentityError: they may not.
        """
        if duty not in self.may:
            raise IdentityError(
                f"{self.name} ({self.role}) may not {duty}, only {', '.join(self.may)}; ask "
                f"someone who may, or add '{duty}' to their entry in the file of TRIAGE_PEOPLE"
            )
        return self


DEMO_IDENTITY = Identity("demo", "demonstration", "nothing")


def whoami(settings: ApprovalSettings | None = None) -> Identity:
    """Who is acting, by the settings.

    A token counts before a name. Where a file of people is named, a name alone proves
    nothing: otherwise whoever trained could approve under another name.

    Raises:
        IdentityError: it cannot be told, the token is nobody's, or it is not the named user's.
    """
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
