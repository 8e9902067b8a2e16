"""Catalogue of every settings class that the service reads, by subject."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic_settings import BaseSettings

from serving.events.settings import EventSettings
from serving.runtime.settings import (
    AuditSettings,
    AuthSettings,
    ServiceSettings,
    SwapSettings,
    TelemetrySettings,
)

SETTINGS_CLASSES: Mapping[str, type[BaseSettings]] = {
    "service": ServiceSettings,
    "who may ask": AuthSettings,
    "record": AuditSettings,
    "events": EventSettings,
    "swap": SwapSettings,
    "metrics, traces, logs": TelemetrySettings,
}
"""Settings classes by subject; a test names those that are missing here."""
LIFELINE_VARIABLE = "TRIAGE_LIFELINE"
"""File descriptor of the pipe by which a process learns that its parent is gone."""
INTERNAL_VARIABLES = (LIFELINE_VARIABLE,)
"""Variables that processes of the service set for each other; users never do."""
