"""Rate limits: requests of a caller and failed authentications of an address, in fixed windows."""

from __future__ import annotations

import ipaddress
import logging
import math
import time
from dataclasses import dataclass

from limits import RateLimitItem, RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.aio.strategies import FixedWindowRateLimiter
from limits.errors import ConfigurationError, StorageError
from limits.storage import storage_from_string

from serving.runtime.circuit_breaker import CircuitBreaker, CircuitOpenError
from serving.runtime.settings import AuthSettings

LOG = logging.getLogger("triage.access")
REDIS = "redispy"
"""Client library for Redis, as `limits` names it."""
STORE_TIMEOUT_SECONDS = 0.25
"""A slower store counts as unavailable: every request would wait for it."""
STORE_RETRY_SECONDS = 5.0
"""Until a store that failed several times in a row is tried again."""


@dataclass(frozen=True)
class RateLimitStatus:
    """Remaining requests of a caller.

    Attributes:
        allowed: whether the request is within the limit.
        left: requests left in the tightest window.
        seconds: until that window begins again.
        header: value of the `RateLimit` header; "" to send no header.
    """

    allowed: bool
    left: int
    seconds: int
    header: str


UNLIMITED = RateLimitStatus(allowed=True, left=0, seconds=0, header="")


class RateLimiter:
    """Counts requests by caller and refusals by address, in memory or in a shared store."""

    def __init__(self, settings: AuthSettings) -> None:
        """Create a limiter.

        Raises:
            ValueError: a store that cannot be used.
        """
        try:
            store = storage_from_string(
                f"async+{settings.limits}",
                wrap_exceptions=True,
                implementation=REDIS,
                socket_timeout=STORE_TIMEOUT_SECONDS,
                socket_connect_timeout=STORE_TIMEOUT_SECONDS,
            )
        except (ConfigurationError, ImportError) as error:
            raise ValueError(
                "TRIAGE_AUTH_LIMITS: got what cannot be used, takes memory:// or the URL of a "
                "store whose client is installed, e.g. redis://host:6379"
            ) from error
        self._breaker = CircuitBreaker("the store of limits", seconds=STORE_RETRY_SECONDS)
        self._counter = FixedWindowRateLimiter(store)
        self._minute = RateLimitItemPerMinute(settings.requests_per_minute)
        self._second = RateLimitItemPerSecond(settings.requests_per_second)
        self._failures = RateLimitItemPerMinute(settings.failures_per_minute)
        per_minute, per_second = settings.requests_per_minute, settings.requests_per_second
        self.policy = f'"minute";q={per_minute};w=60, "second";q={per_second};w=1'

    async def spend(self, caller: str) -> RateLimitStatus:
        """Count one request of a caller; without a store every request is allowed, and logged."""
        try:
            with self._breaker.guard(StorageError):
                peak = await self._counter.hit(self._second, "peak", caller)
                item, name = (self._minute, "minute") if peak else (self._second, "second")
                within = peak and await self._counter.hit(self._minute, "minute", caller)
                return await self._budget(item, name, caller, within=within)
        except CircuitOpenError:
            return UNLIMITED
        except StorageError:
            LOG.warning("requests cannot be counted: the store of limits is away")
            return UNLIMITED

    async def failed(self, address: str) -> bool:
        """Count a refusal; return whether the address is still within its limit."""
        try:
            with self._breaker.guard(StorageError):
                return await self._counter.hit(self._failures, "failed", client_network(address))
        except (CircuitOpenError, StorageError):
            return True

    async def _budget(
        self, item: RateLimitItem, name: str, caller: str, *, within: bool
    ) -> RateLimitStatus:
        space = "minute" if name == "minute" else "peak"
        window = await self._counter.get_window_stats(item, space, caller)
        seconds = max(1, math.ceil(window.reset_time - time.time()))
        header = f'"{name}";r={window.remaining};t={seconds}'
        return RateLimitStatus(within, window.remaining, seconds, header)


def client_network(address: str) -> str:
    """Return the network that one client may own completely: an IPv4 address or an IPv6 /64."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.ip_network((int(parsed) >> 64 << 64, 64)).network_address)
