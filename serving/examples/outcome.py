"""How a call to the service ended, and which step of which process made it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID


@dataclass(frozen=True)
class Step:
    """One step of one process instance.

    An engine that was killed runs a step again under the same ids; so does the key made from
    them, and the service gives the same answer and records nothing twice.
    """

    instance: UUID
    task: UUID

    @property
    def key(self) -> str:
        """The step's `Idempotency-Key`."""
        return f"{self.instance}.{self.task}"

    @property
    def traceparent(self) -> str:
        """W3C Trace Context: all calls of one instance are one trace."""
        return f"00-{self.instance.hex}-{self.task.hex[:16]}-01"


@dataclass(frozen=True)
class Answered:
    """The service answered. body: the JSON it answered with."""

    body: dict[str, Any]


@dataclass(frozen=True)
class Away:
    """No answer in time, for whatever reason; the same request may succeed later."""

    why: str


@dataclass(frozen=True)
class Refused:
    """The request itself is refused; somebody has to look, sending it again changes nothing."""

    why: str


Outcome = Answered | Away | Refused
