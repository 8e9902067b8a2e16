"""BentoML service: worker processes and threads, start and stop, and the ASGI application.

BentoML imports this module in the process that starts the workers, too; everything that answers
requests is therefore imported inside of functions, which only workers call.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import anyio.to_thread
import bentoml
from bentoml import Service
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.runtime.settings import ServiceSettings

if TYPE_CHECKING:
    from serving.server.process import Process


class AsgiService(Service):  # type: ignore[misc] # the framework is untyped
    """A BentoML service that hands every HTTP request to our application.

    BentoML runs the processes, their start, stop and sockets. Its own HTTP middleware and pages
    are left out: ours have to stand around every address, probes and errors included.
    """

    def to_asgi(self, is_main: bool = True) -> ASGIApp:  # noqa: FBT001, FBT002 - the framework's signature
        """Build the ASGI application of a worker process."""
        from serving.server.process import app  # noqa: PLC0415 - in workers only

        framework: ASGIApp = super().to_asgi(is_main)

        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            await (app if scope["type"] == "http" else framework)(scope, receive, send)

        return application


SETTINGS = ServiceSettings()

# BentoML reads these when it builds the application: neither reports home nor traces.
os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")
os.environ.setdefault("OTEL_SDK_DISABLED", "true")


@bentoml.service(
    name="triage",
    service_class=AsgiService,
    workers=SETTINGS.workers,
    threads=SETTINGS.threads,
    metrics={"enabled": False},
    logging={"access": {"enabled": False}},  # BentoML's logs paths; ours logs routes
)
class Triage:
    """A worker process of the service."""

    def __init__(self) -> None:
        """Start the process, see `Process.start`."""
        from serving.server.process import Process  # noqa: PLC0415 - in workers only

        self.process: Process = Process.start(SETTINGS)

    @bentoml.on_startup  # type: ignore[untyped-decorator] # the framework is untyped
    async def limit_threads(self) -> None:
        """Let so many requests run in threads at once; the others wait."""
        anyio.to_thread.current_default_thread_limiter().total_tokens = SETTINGS.threads

    @bentoml.on_shutdown  # type: ignore[untyped-decorator] # the framework is untyped
    async def close(self) -> None:
        """Stop the process, see `Process.stop`."""
        await self.process.stop()
