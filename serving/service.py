"""The BentoML service: mounts the application, loads the engine, translates nothing itself."""

from __future__ import annotations

import gc
import os
from datetime import UTC, datetime

import anyio.to_thread
import bentoml

from serving.api.app import application
from serving.catalogue import served
from serving.engine import start
from serving.front import FrontedService, Whole
from serving.settings import Settings

SETTINGS = Settings()

# BentoML reads these when it builds the application: neither reports home nor traces.
os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")
os.environ.setdefault("OTEL_SDK_DISABLED", "true")

app = application(served())


@bentoml.service(
    name="triage",
    service_class=FrontedService,
    workers=1,
    threads=SETTINGS.threads,
    traffic={"timeout": SETTINGS.timeout_seconds},
    metrics={"enabled": False},
    logging={"access": {"enabled": SETTINGS.access_log}},
)
@bentoml.asgi_app(Whole(app), path="/")
class Triage:
    """Loads what answers need; requests go to the mounted application."""

    def __init__(self) -> None:
        """Load models, profiles, policy and audit, once, before the first request."""
        app.state.max_body_bytes = SETTINGS.max_body_bytes
        app.state.engine = start(SETTINGS, lambda: datetime.now(UTC))
        gc.collect()
        gc.freeze()  # what was loaded lives as long as the process: never look at it again

    @bentoml.on_startup  # type: ignore[untyped-decorator] # the framework is untyped
    async def limit_threads(self) -> None:
        """Work on so many requests at once; the others wait their turn."""
        anyio.to_thread.current_default_thread_limiter().total_tokens = SETTINGS.threads

    @bentoml.on_shutdown  # type: ignore[untyped-decorator] # the framework is untyped
    def close(self) -> None:
        """Let go of the audit file."""
        app.state.engine.audit.close()
