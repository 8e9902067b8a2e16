"""The service with what stands before it."""

from __future__ import annotations

from bentoml import Service
from starlette.types import ASGIApp

from serving.api.sealed import Sealed
from serving.api.tracing import Traced
from serving.express import Express
from serving.front import Front
from serving.observe.requests import Observed
from serving.settings import Settings


class FrontedService(Service):  # type: ignore[misc] # the framework is untyped
    """A BentoML service with `Front` before everything else, and `Express` before that."""

    def to_asgi(self, is_main: bool = True) -> ASGIApp:  # noqa: FBT001, FBT002 - the framework's signature
        """The framework's application behind our front."""
        framework: ASGIApp = super().to_asgi(is_main)
        mounted = self.mount_apps[0][0]
        state = mounted.app.state
        front = Front(framework, mounted)
        others = Sealed(Traced(Observed(front, lambda: getattr(state, "watching", None))))
        return Express(mounted, others, Settings().timeout_seconds)
