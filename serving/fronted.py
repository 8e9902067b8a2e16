"""The service with what stands before it."""

from __future__ import annotations

from typing import Any

from bentoml import Service
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.settings import Settings


async def mounted(scope: Scope, receive: Receive, send: Send) -> None:
    """The application of `serving.process`, which is imported when the first request comes."""
    from serving.process import whole  # noqa: PLC0415 - where workers are started it is not

    await whole(scope, receive, send)


class FrontedService(Service):  # type: ignore[misc] # the framework is untyped
    """A BentoML service with `Front` before everything else, and `Express` before that."""

    def to_asgi(self, is_main: bool = True) -> ASGIApp:  # noqa: FBT001, FBT002 - the framework's signature
        """The framework's application behind our front: asked for by workers alone."""
        from serving.api.sealed import Sealed  # noqa: PLC0415
        from serving.api.tracing import Traced  # noqa: PLC0415
        from serving.express import Express  # noqa: PLC0415
        from serving.front import Front  # noqa: PLC0415
        from serving.observe.requests import Observed  # noqa: PLC0415
        from serving.process import whole  # noqa: PLC0415

        framework: ASGIApp = super().to_asgi(is_main)
        state: Any = whole.app.state  # type: ignore[attr-defined] # a FastAPI application
        front = Front(framework, whole)
        others = Sealed(Traced(Observed(front, lambda: getattr(state, "watching", None))))
        return Express(whole, others, Settings().timeout_seconds)
