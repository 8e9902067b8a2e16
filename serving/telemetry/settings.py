"""Settings of metrics, traces and logs, read from environment variables `TRIAGE_...`."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from data.settings import EnvironmentSettings


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
