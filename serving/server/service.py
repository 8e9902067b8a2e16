"""BentoML service: number of workers and threads, and the ASGI stack that each worker mounts.

BentoML imports this where it only starts workers, too: what answers is imported by the workers.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import anyio.to_thread
import bentoml
from bentoml import Service
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.runtime.settings import ServiceSettings

if TYPE_CHECKING:
    from serving.server.process import Process


async def mounted_app(scope: Scope, receive: Receive, send: Send) -> None:
    """Pass a request to the application; it is imported in workers only, at the first request."""
    from serving.server.process import tracked_app  # noqa: PLC0415

    await tracked_app(scope, receive, send)


class AsgiService(Service):  # type: ignore[misc] # the framework is untyped
    """A BentoML service whose ASGI application stands behind our middleware."""

    def to_asgi(self, is_main: bool = True) -> ASGIApp:  # noqa: FBT001, FBT002 - the framework's signature
        """Build the ASGI stack; BentoML calls this in workers only."""
        from serving.http.response_headers import SecurityHeadersMiddleware  # noqa: PLC0415
        from serving.server.asgi import FrameworkAdapter, ScoringRoute  # noqa: PLC0415
        from serving.server.process import tracked_app  # noqa: PLC0415
        from serving.telemetry.request_tracing import (  # noqa: PLC0415
            RequestTelemetryMiddleware,
            TraceResponseMiddleware,
        )

        framework: ASGIApp = super().to_asgi(is_main)
        state: Any = tracked_app.app.state  # type: ignore[attr-defined] # a FastAPI application
        front = FrameworkAdapter(framework, tracked_app)
        others = SecurityHeadersMiddleware(
            TraceResponseMiddleware(
                RequestTelemetryMiddleware(front, lambda: getattr(state, "watching", None))
            )
        )
        return ScoringRoute(tracked_app, others, ServiceSettings().timeout_seconds)


SETTINGS = ServiceSettings()

# BentoML reads these when it builds the application: neither reports home nor traces.
os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")
os.environ.setdefault("OTEL_SDK_DISABLED", "true")


@bentoml.service(
    name="triage",
    service_class=AsgiService,
    workers=SETTINGS.workers,
    threads=SETTINGS.threads,
    traffic={"timeout": SETTINGS.timeout_seconds},
    metrics={"enabled": False},
    logging={"access": {"enabled": False}},  # it tells paths; ours tells routes
)
@bentoml.asgi_app(mounted_app, path="/")
class Triage:
    """A process of the service; requests go to the mounted application."""

    def __init__(self) -> None:
        """Start it, as `Process.begun` says."""
        from serving.server.process import Process  # noqa: PLC0415 - see above

        self.process: Process = Process.begun(SETTINGS)

    @bentoml.on_startup  # type: ignore[untyped-decorator] # the framework is untyped
    async def limit_threads(self) -> None:
        """Work on so many requests at once; the others wait their turn."""
        anyio.to_thread.current_default_thread_limiter().total_tokens = SETTINGS.threads

    @bentoml.on_shutdown  # type: ignore[untyped-decorator] # the framework is untyped
    async def close(self) -> None:
        """End it, as `Process.end` says."""
        await self.process.end()
