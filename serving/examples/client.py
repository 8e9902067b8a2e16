"""Example client: bounded time-outs, idempotent retries, and an outcome instead of an exception.

Whatever happens to the service, `TriageClient` returns within seconds, and its result says whether
there is an answer. The process decides what follows from that.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import httpx

from serving.examples.outcome import Answered, CallOutcome, ProcessStep, Refused, Unavailable

ADDRESS, KEY = "TRIAGE_URL", "TRIAGE_API_KEY"
LOCAL_ADDRESS = "http://127.0.0.1:3000"

# Seconds. A process waits this long for advice and then goes on without.
TIMEOUT = httpx.Timeout(2.0, connect=0.5)
MAX_PAUSE_SECONDS = 1.0
MAX_ATTEMPTS = 2

# Statuses that say: not now. All others from 400 on say: not like this.
UNAVAILABLE_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
IN_FLIGHT_STATUS = 409

JSON_HEADERS = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class TriageClient:
    """The service as a process sees it.

    Attributes:
        http: connections to the service.
        pause: waits so many seconds between two attempts.
    """

    http: httpx.Client
    pause: Callable[[float], None] = field(default=time.sleep, repr=False)

    @classmethod
    def at(cls, address: str, key: str = "", timeout: httpx.Timeout = TIMEOUT) -> Self:
        """Return a client of the service at an address.

        Args:
            address: http:// or https:// and host.
            key: API key or token; "" for a service without authentication.
            timeout: of one attempt.

        Raises:
            ValueError: the address does not begin with http:// or https://.
        """
        if not address.startswith(("http://", "https://")):
            raise ValueError(f"{ADDRESS}: got {address!r}, takes e.g. {LOCAL_ADDRESS}")
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        # Proxies and certificates from the environment, but for plain HTTP: a proxy would read it.
        secure = address.startswith("https://")
        return cls(
            httpx.Client(base_url=address, headers=headers, timeout=timeout, trust_env=secure)
        )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Return a client of the service at `TRIAGE_URL`, with the key in `TRIAGE_API_KEY`.

        Raises:
            ValueError: the address does not begin with http:// or https://.
        """
        return cls.at(environment.get(ADDRESS, LOCAL_ADDRESS), environment.get(KEY, ""))

    def close(self) -> None:
        """Close the connections."""
        self.http.close()

    def score(self, task: str, case: Mapping[str, Any], step: ProcessStep) -> CallOutcome:
        """Ask for the recommendation for one case; it is the body of `Answered`."""
        match self._post(f"/v1/{task}", {"cases": [case]}, step):
            case Answered(body):
                return _recommendation(body)
            case other:
                return other

    def decide(
        self, recommendation: str, decision: Mapping[str, Any], step: ProcessStep
    ) -> CallOutcome:
        """Report a person's decision about a recommendation; a repeated report changes nothing."""
        return self._post(f"/v1/recommendations/{recommendation}/decision", decision, step)

    def _post(self, path: str, body: Mapping[str, Any], step: ProcessStep) -> CallOutcome:
        headers = {"Idempotency-Key": step.key, "traceparent": step.traceparent}
        try:
            sent = json.dumps(body, allow_nan=False).encode()
        except (TypeError, ValueError) as error:
            return Refused(f"cannot be written as JSON: {error}")
        outcome: CallOutcome = Unavailable("not asked")
        for attempt in range(MAX_ATTEMPTS):
            wait, outcome = self._once(path, sent, headers | JSON_HEADERS)
            if wait is None or wait > MAX_PAUSE_SECONDS or attempt + 1 == MAX_ATTEMPTS:
                break
            self.pause(wait)
        return outcome

    def _once(
        self, path: str, body: bytes, headers: dict[str, str]
    ) -> tuple[float | None, CallOutcome]:
        """Return the seconds after which a retry makes sense, None for never, and the outcome."""
        try:
            answer = self.http.post(path, content=body, headers=headers)
        except httpx.TimeoutException as error:
            return None, Unavailable(f"no answer in time ({type(error).__name__})")
        except httpx.HTTPError as error:
            return 0.0, Unavailable(f"not reached ({type(error).__name__})")
        if answer.status_code == IN_FLIGHT_STATUS and "retry-after" in answer.headers:
            return _retry_after_seconds(answer), Unavailable(_problem_line(answer))
        if answer.status_code in UNAVAILABLE_STATUSES:
            return _retry_after_seconds(answer), Unavailable(_problem_line(answer))
        if not answer.is_success:
            return None, Refused(_problem_line(answer))
        return None, _read_outcome(answer)


def _retry_after_seconds(answer: httpx.Response) -> float:
    """Return the seconds of `Retry-After`; the longest pause if they cannot be parsed."""
    try:
        return max(0.0, float(answer.headers.get("retry-after", 0.0)))
    except ValueError:
        return MAX_PAUSE_SECONDS


def _problem_line(answer: httpx.Response) -> str:
    """Return a problem in one line: status, detail, and the first field that is wrong."""
    match _parse_json(answer):
        case {"detail": str(detail), "errors": [{"field": field_, "takes": takes}, *_]}:
            return f"{answer.status_code}: {detail}: {field_} takes {takes}"
        case {"detail": str(detail)}:
            return f"{answer.status_code}: {detail}"
        case _:
            return f"{answer.status_code} from something that is not this service"


def _read_outcome(answer: httpx.Response) -> CallOutcome:
    match _parse_json(answer):
        case dict() as body:
            return Answered(body)
        case _:
            return Unavailable(f"{answer.status_code} without JSON, from something in between")


def _recommendation(body: Mapping[str, Any]) -> CallOutcome:
    match body:
        case {"recommendations": [{"id": str()} as only]}:
            return Answered(only)
        case _:
            return Unavailable("an answer without a recommendation, from something in between")


def _parse_json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None
