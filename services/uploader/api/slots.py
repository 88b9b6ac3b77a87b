"""How much may be under way at once: of one key, of its tenant and in all, so that nobody takes it all."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import anyio

from penstock.domain.access.permissions import Caller
from penstock.domain.errors import refusal
from services.uploader.api.quotas import Quota


class Slots:
    """`what` is counted, in words for the refused caller. Waits up to `wait_seconds` for a slot. For one event loop."""

    def __init__(
        self, what: str, *, per_key: int, per_tenant: int, in_all: int = sys.maxsize, wait_seconds: float = 0.0
    ) -> None:
        self._what, self._wait_seconds = what, wait_seconds
        self._per_key, self._per_tenant, self._in_all = per_key, per_tenant, in_all
        self._held: Counter[tuple[str, ...]] = Counter()  # only those with something under way are in it
        self._freed = anyio.Event()

    @property
    def under_way(self) -> int:
        return self._held[()]

    @asynccontextmanager
    async def held(self, caller: Caller) -> AsyncIterator[None]:
        """One slot meanwhile. Raises `Refused` (too_many_calls) when none gets free in time."""
        limits = self._limits(caller)
        await self._wait(limits)
        self._held.update(limits.keys())
        try:
            yield
        finally:
            self._release(limits)

    def quota(self, caller: Caller) -> Quota:
        """How many more the caller may have under way, whether its key or its tenant sets the limit."""
        limits = self._limits(caller)
        left = min(limit - self._held[place] for place, limit in limits.items())
        return Quota(self._what, most=min(self._per_key, self._per_tenant), left=max(0, left))

    def _limits(self, caller: Caller) -> dict[tuple[str, ...], int]:
        key, tenant = (caller.tenant_id, caller.key_id or ""), (caller.tenant_id,)
        return {key: self._per_key, tenant: self._per_tenant, (): self._in_all}

    async def _wait(self, limits: Mapping[tuple[str, ...], int]) -> None:
        with anyio.move_on_after(self._wait_seconds):
            while any(self._held[place] >= limit for place, limit in limits.items()):
                await self._freed.wait()
            return
        message = f"too many {self._what} are under way"
        raise refusal("too_many_calls", message, "Wait until some have ended, and send fewer at once.")

    def _release(self, limits: Mapping[tuple[str, ...], int]) -> None:
        for place in limits:
            self._held[place] -= 1
            if not self._held[place]:
                del self._held[place]
        freed, self._freed = self._freed, anyio.Event()
        freed.set()
