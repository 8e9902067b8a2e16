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
        return self.of(self.content.model_dump_json())

    def of(self, text: str) -> Response:
        """The same where its content is written already."""
        headers = REPLAYED if self.replayed else {}
        return Response(text, self.status, headers, media_type=JSON)
