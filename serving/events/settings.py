"""Settings of events, from the environment (`TRIAGE_EVENTS_...`)."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from data.settings import EnvironmentSettings
from serving.events.event_type import EventType
from serving.events.webhook_signature import read_secrets


class EventSettings(EnvironmentSettings):
    """Settings of events. Each field is read from `TRIAGE_EVENTS_` + its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="TRIAGE_EVENTS_", frozen=True, extra="ignore")

    url: str = Field(
        default="",
        description="webhook that events are sent to: https://, or http:// on this machine; "
        "nothing is sent by default",
    )
    secret_file: Path | None = Field(
        default=None,
        description="file with the secret that signs events (whsec_...), or two while it is "
        "changed; needed with a url",
    )
    types: str = Field(
        default="", description="types that are sent, with commas between; all by default"
    )
    source: str = Field(
        default="", description="`source` of the events; / and the record's origin by default"
    )
    timeout_seconds: float = Field(default=10.0, gt=0, le=60, description="of one delivery")
    attempts: int = Field(
        default=12, gt=0, le=100, description="tries before an event is put with the dead letters"
    )
    poll_seconds: float = Field(
        default=1.0, gt=0, le=60, description="between two looks for something new"
    )

    @property
    def wanted(self) -> frozenset[EventType]:
        """Event types that are sent.

        Raises:
            ValueError: a type is unknown; the message names it.
        """
        named = [one.strip() for one in self.types.split(",") if one.strip()]
        if unknown := [one for one in named if one not in set(EventType)]:
            choices = ", ".join(EventType)
            raise ValueError(f"TRIAGE_EVENTS_TYPES names {unknown[0]!r}; there are {choices}")
        return frozenset(map(EventType, named)) or frozenset(EventType)

    def checked(self) -> EventSettings:
        """Return these settings if they can be used. Errors never hold a secret.

        Raises:
            OSError: the secret cannot be read.
            ValueError: a setting cannot be used; the message says what it takes.
        """
        _ = self.wanted
        if self.url:
            _check_address(self.url)
            if self.secret_file is None:
                raise ValueError(
                    "TRIAGE_EVENTS_URL is set and TRIAGE_EVENTS_SECRET_FILE is not: "
                    "events are sent signed or not at all"
                )
            read_secrets(self.secret_file)
        return self


def _check_address(url: str) -> None:
    parts = urlsplit(url)
    if parts.username or parts.password:
        raise ValueError("TRIAGE_EVENTS_URL holds a user or a password; events are signed instead")
    host = parts.hostname or ""
    well = parts.scheme == "https" or (parts.scheme == "http" and _on_this_machine(host))
    if not host or not well:
        raise ValueError(
            f"TRIAGE_EVENTS_URL is {parts.scheme or 'no scheme'}://{host}; it takes https://, "
            "or http:// on this machine (127.0.0.1, ::1, localhost)"
        )


def _on_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
