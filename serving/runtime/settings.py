"""Settings of the service, from the environment (`TRIAGE_...`), one class a subject.

Those of events stand in `serving.events.settings`: reading them takes the kinds of events and the
keys of the webhook, which this layer does not know.
"""

from __future__ import annotations

import ipaddress
from enum import StrEnum
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from data.lake import Lake
from data.settings import EnvironmentSettings, FolderOrUrl


class AuditSettings(EnvironmentSettings):
    """Settings of the audit log. Each field is read from `TRIAGE_AUDIT_` + its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="TRIAGE_AUDIT_", frozen=True, extra="ignore")

    url: str = Field(
        default="",
        description="database: sqlite:///file or postgresql://...; audit.db in the lake by default",
    )
    checkpoints: FolderOrUrl = Field(
        default="",
        description="second place for signed checkpoints: a folder, or object storage by URL "
        "(s3://, gs://, abfs://); `checkpoints` in the lake by default",
    )
    key_file: Path | None = Field(
        default=None,
        description="private key that signs checkpoints; made in the lake (audit.key) by default",
    )
    pseudonym_key_file: Path | None = Field(
        default=None,
        description="key of the pseudonyms of persons; made in the lake (people.key) by default",
    )
    every_entries: int = Field(default=1000, gt=0, description="entries between two checkpoints")
    every_seconds: float = Field(default=60.0, gt=0, description="seconds between two checkpoints")
    keys_kept_hours: int = Field(
        default=7 * 24, gt=0, description="how long an Idempotency-Key is remembered"
    )
    tenant: str = Field(default="default", min_length=1, max_length=100, description="whose record")


ASYMMETRIC_ALGORITHMS = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)
"""Signature algorithms of tokens. Never HS...: whoever can verify could sign as well."""


class AuthMode(StrEnum):
    """Authentication that is required: of every caller, or not of callers on this machine."""

    REQUIRED = "required"
    LOCAL = "local"


class AuthSettings(EnvironmentSettings):
    """Settings of authentication. Each field is read from `TRIAGE_AUTH_` + its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="TRIAGE_AUTH_", frozen=True, extra="ignore")

    mode: AuthMode = Field(
        default=AuthMode.REQUIRED,
        description="required: nobody without a key or token; local: whoever is on this machine. "
        "`triage serve` on a loopback address takes local, unless this or an issuer is set",
    )
    issuer: str = Field(default="", description="`iss` of tokens (JWT); none are taken by default")
    audience: str = Field(default="", description="`aud` that a token must name")
    jwks: FolderOrUrl = Field(
        default="",
        description="public keys of the issuer (JWKS): a file, or an https URL",
    )
    jwks_seconds: float = Field(
        default=300.0, ge=10, description="how long keys of the issuer are kept before a new look"
    )
    algorithms: str = Field(
        default="RS256,ES256,EdDSA", description="what tokens may be signed with, by commas"
    )
    services: str = Field(
        default="",
        description="client ids that are services, by commas: recorded by name. Every other "
        "token is a person's, recorded by pseudonym",
    )
    sites_claim: str = Field(
        default="sites", description="claim that lists a token's sites; * for all, none without"
    )
    leeway_seconds: int = Field(
        default=10, ge=0, le=120, description="by how much clocks of issuer and service may differ"
    )
    api_keys: bool = Field(default=True, description="whether keys of `triage keys` are taken")
    requests_per_minute: int = Field(
        default=6000, gt=0, description="of one caller; on this machine without limit by default"
    )
    requests_per_second: int = Field(default=300, gt=0, description="of one caller, at a peak")
    failures_per_minute: int = Field(
        default=60, gt=0, description="refused keys and tokens of one address before 429"
    )
    limits: str = Field(
        default="memory://",
        description="where requests are counted: memory:// for each worker by itself, or a "
        "store for all of them, e.g. redis://host:6379",
    )

    @property
    def allowed_algorithms(self) -> tuple[str, ...]:
        """The setting `algorithms` as a list."""
        return _split_list(self.algorithms)

    @property
    def service_clients(self) -> frozenset[str]:
        """The setting `services` as a set."""
        return frozenset(_split_list(self.services))

    @property
    def limited_locally(self) -> bool:
        """True if the settings ask for a limit on this machine, too."""
        return bool({"requests_per_minute", "requests_per_second"} & self.model_fields_set)

    @model_validator(mode="after")
    def usable(self) -> Self:
        """Check that issuer, audience and keys come together, and algorithms are asymmetric."""
        if self.issuer and not (self.audience and self.jwks):
            raise ValueError(
                "TRIAGE_AUTH_ISSUER takes TRIAGE_AUTH_AUDIENCE and TRIAGE_AUTH_JWKS with it"
            )
        wrong = [name for name in self.allowed_algorithms if name not in ASYMMETRIC_ALGORITHMS]
        if wrong or not self.allowed_algorithms:
            raise ValueError(
                f"TRIAGE_AUTH_ALGORITHMS: got {(wrong or [''])[0]!r}, takes some of "
                f"{', '.join(sorted(ASYMMETRIC_ALGORITHMS))} (with HS... whoever "
                "verifies could sign, and "
                "none is no signature)"
            )
        if "://" in self.jwks and not _is_safe_url(self.jwks):
            raise ValueError("TRIAGE_AUTH_JWKS: takes a file or an https URL (http on loopback)")
        return self


def _split_list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _is_safe_url(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine alone; of names only localhost is."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class SwapSettings(EnvironmentSettings):
    """Settings of reloading; each is read from `TRIAGE_SWAP_` and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="TRIAGE_SWAP_", frozen=True, extra="ignore")

    seconds: float = Field(
        default=2.0, gt=0, le=3600, description="how often pointers and profiles are looked at"
    )
    patience_seconds: float = Field(
        default=10.0,
        ge=0,
        le=3600,
        description="so long may files of a model be on their way before it is refused",
    )
    shadow_cases: int = Field(
        default=2000,
        gt=0,
        le=100_000,
        description="cases that may wait for the challenger; more are dropped and counted",
    )


MEGABYTE = 2**20


class ServiceSettings(EnvironmentSettings):
    """What can be set. Every name is read from `TRIAGE_` + the name in capitals."""

    model_config = SettingsConfigDict(env_prefix="TRIAGE_", frozen=True, extra="ignore")

    home: Path = Field(default=Path(".triage"), description="the lake: models, profiles, audit")
    models: Path | None = Field(
        default=None, description="folder of models that something else fills; the lake's if unset"
    )
    policy: Path | None = Field(
        default=None,
        description="policy file, until one is approved; then the one approved last is applied",
    )
    max_body_bytes: int = Field(default=10 * MEGABYTE, gt=0, description="larger requests get 413")
    threads: int = Field(
        default=16, gt=0, le=64, description="requests worked on at once that score nothing"
    )
    workers: int = Field(
        default=1, gt=0, le=64, description="processes that answer; all append to one record"
    )
    timeout_seconds: int = Field(default=30, gt=0, description="longer requests get 504")
    answer_within_seconds: float = Field(
        default=10.0,
        gt=0,
        description="cases of a request not scored by then are answered by rules",
    )
    access_log: bool = Field(default=False, description="one line a request in the log")
    address: str = Field(
        default="", description="start of the addresses in answers, e.g. https://triage"
    )

    @property
    def lake(self) -> Lake:
        """The lake at `home`, with its models at `models`."""
        return Lake(self.home.resolve(), self.models.resolve() if self.models else None)


class LogLevel(StrEnum):
    """Least level of a line that is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class TelemetrySettings(EnvironmentSettings):
    """What can be set. Every name is read from `TRIAGE_` + the name in capitals."""

    model_config = SettingsConfigDict(env_prefix="TRIAGE_", frozen=True, extra="ignore")

    log_level: LogLevel = Field(
        default=LogLevel.INFO, description="what is less than this is not logged"
    )
    otlp_endpoint: str = Field(
        default="",
        description="OpenTelemetry collector that traces go to, e.g. "
        "http://collector:4318/v1/traces; no traces by default",
    )
    otlp_headers: SecretStr | None = Field(
        default=None, description="headers for the collector: name=value, several with commas"
    )
    trace_share: float = Field(
        default=1.0, ge=0, le=1, description="share of the requests that are traced, by trace id"
    )
    figures_seconds: float = Field(
        default=15.0,
        gt=0,
        description="how long /metrics repeats what it counted in the record",
    )
