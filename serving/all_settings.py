"""Every class of settings that the service reads, by part: one line each."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic_settings import BaseSettings

from serving.access.settings import AccessSettings
from serving.audit.settings import AuditSettings
from serving.events.settings import EventSettings
from serving.observe.settings import ObserveSettings
from serving.settings import Settings
from serving.swap.settings import SwapSettings

SETTINGS: Mapping[str, type[BaseSettings]] = {
    "service": Settings,
    "who may ask": AccessSettings,
    "record": AuditSettings,
    "events": EventSettings,
    "swap": SwapSettings,
    "metrics, traces, logs": ObserveSettings,
}
"""A test walks the code and names what is missing here."""
OWN = ("TRIAGE_LIFELINE", "TRIAGE_SERVICE")
"""Variables by which the processes of the service find each other: nobody sets them."""
