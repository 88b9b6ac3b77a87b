"""faust's consumer with a fix: after a rebalance it continues at the committed offsets.

A rebalance drops faust's buffers, so their events have to be read again. Two bugs in faust 0.15 prevent that, and then
events are missing until the next rebalance:

- It continues to fetch during the seek. The fetched events are dropped, but recorded as read, and ignored when they are
  delivered again.
- aiokafka does not move a partition whose committed offset is 0 or missing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

from faust.transport.drivers.aiokafka import Consumer, Transport
from faust.types import TP
from faust.types.tuples import Message


class RewindingConsumer(Consumer):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._fetcher: asyncio.Task[Any] | None = None
        self._idle = asyncio.Event()  # set while no fetch is running
        self._idle.set()

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Message]]:
        while not (self.flow_active or self.should_stop):
            await self.wait(self.can_resume_flow.wait())
        self._fetcher = asyncio.current_task()
        self._idle.clear()
        try:
            async for place, message in super().getmany(timeout):
                yield place, message
        finally:
            self._idle.set()

    async def perform_seek(self) -> None:
        """Leaves the flow stopped; the caller resumes it."""
        if asyncio.current_task() is self._fetcher:
            return  # the flow was stopped during a fetch; the caller that stopped it seeks
        self.stop_flow()
        await self._idle.wait()
        await super().perform_seek()

    async def seek_to_committed(self) -> Mapping[TP, int]:
        committed: Mapping[TP, int] = await super().seek_to_committed()
        unmoved = [place for place, offset in committed.items() if not offset]
        if unmoved:
            await self._thread.seek_to_beginning(*unmoved)
        return committed


class RewindingTransport(Transport):
    Consumer = RewindingConsumer
