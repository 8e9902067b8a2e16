"""The BentoML service: how many processes of what; what one of them is made of is `process`.

BentoML imports this where it only starts workers, too: what answers is imported by the workers.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import anyio.to_thread
import bentoml

from serving.fronted import FrontedService, mounted
from serving.settings import Settings

if TYPE_CHECKING:
    from serving.process import Process

SETTINGS = Settings()

# BentoML reads these when it builds the application: neither reports home nor traces.
os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")
os.environ.setdefault("OTEL_SDK_DISABLED", "true")


@bentoml.service(
    name="triage",
    service_class=FrontedService,
    workers=SETTINGS.workers,
    threads=SETTINGS.threads,
    traffic={"timeout": SETTINGS.timeout_seconds},
    metrics={"enabled": False},
    logging={"access": {"enabled": False}},  # it tells paths; ours tells routes
)
@bentoml.asgi_app(mounted, path="/")
class Triage:
    """A process of the service; requests go to the mounted application."""

    def __init__(self) -> None:
        """Start it, as `Process.begun` says."""
        from serving.process import Process  # noqa: PLC0415 - see above

        self.process: Process = Process.begun(SETTINGS)

    @bentoml.on_startup  # type: ignore[untyped-decorator] # the framework is untyped
    async def limit_threads(self) -> None:
        """Work on so many requests at once; the others wait their turn."""
        anyio.to_thread.current_default_thread_limiter().total_tokens = SETTINGS.threads

    @bentoml.on_shutdown  # type: ignore[untyped-decorator] # the framework is untyped
    async def close(self) -> None:
        """End it, as `Process.end` says."""
        await self.process.end()
