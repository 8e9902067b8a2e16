"""Catalogue of every settings class that the service reads, by subject."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic_settings import BaseSettings

from serving.audit.settings import AuditSettings
from serving.auth.settings import AuthSettings
from serving.events.settings import EventSettings
from serving.model_registry.settings import SwapSettings
from serving.runtime.settings import ServiceSettings
from serving.telemetry.settings import TelemetrySettings

SETTINGS_CLASSES: Mapping[str, type[BaseSettings]] = {
    "service": ServiceSettings,
    "who may ask": AuthSettings,
    "record": AuditSettings,
    "events": EventSettings,
    "swap": SwapSettings,
    "metrics, traces, logs": TelemetrySettings,
}
"""A test walks the code and names what is missing here."""
INTERNAL_VARIABLES = ("TRIAGE_LIFELINE", "TRIAGE_SERVICE")
"""Variables by which the processes of the service find each other: nobody sets them."""
