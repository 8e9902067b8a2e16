"""What a route that may be asked twice answers: body, status, and whether it is a repetition."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel
from starlette.responses import Response

JSON = "application/json"
REPLAYED = {"Idempotency-Replayed": "true"}


@dataclass(frozen=True)
class Reply:
    """An answer on its way out. replayed: it was given before, to a request with the same key."""

    content: BaseModel
    status: int = 200
    replayed: bool = False

    def response(self) -> Response:
        """As HTTP has it."""
        headers = REPLAYED if self.replayed else {}
        return Response(self.content.model_dump_json(), self.status, headers, media_type=JSON)
