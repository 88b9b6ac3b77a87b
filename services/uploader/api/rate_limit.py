"""A token bucket per tenant: lookups are an oracle on who is a customer, so they are rationed."""

from __future__ import annotations

import threading
from math import ceil

from penstock.domain.errors import refusal
from penstock.ports.clock import Clock
from services.uploader.api.quotas import Quota


class RateLimit:
    """`per_second` on average, `burst` at once. Counts within this process."""

    def __init__(self, clock: Clock, *, per_second: float, burst: int) -> None:
        self._clock, self._per_second, self._burst = clock, per_second, float(burst)
        self._lock = threading.Lock()
        self._left: dict[str, tuple[float, float]] = {}  # tenant: tokens, and when they were counted

    def take(self, tenant_id: str) -> None:
        """Use one token. Raises `Refused` (rate_limited) when there is none."""
        now = self._clock.monotonic()
        with self._lock:
            tokens = self._tokens(tenant_id, now)
            enough = tokens >= 1
            self._left[tenant_id] = (tokens - 1 if enough else tokens, now)
        if not enough:
            raise refusal("rate_limited", "too many lookups at once", "Wait a few seconds, and look up less often.")

    def quota(self, name: str, tenant_id: str) -> Quota:
        """What is left of it now."""
        with self._lock:
            tokens = self._tokens(tenant_id, self._clock.monotonic())
        return Quota(
            name,
            most=int(self._burst),
            left=int(tokens),
            window_seconds=ceil(self._burst / self._per_second),
            full_in_seconds=ceil((self._burst - tokens) / self._per_second),
        )

    def _tokens(self, tenant_id: str, now: float) -> float:
        tokens, counted_at = self._left.get(tenant_id, (self._burst, now))
        return min(self._burst, tokens + (now - counted_at) * self._per_second)
