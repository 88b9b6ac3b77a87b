"""faust's consumer, fixed: after a rebalance it really begins again at the committed offsets.

What it has taken in before that is dropped with its buffers, so all of it has to be read again. Two things keep faust
0.15 from that, after which events are missing until the next rebalance:

- It goes on fetching meanwhile. What it passes on then is dropped, but noted as read, and ignored when it comes again.
- aiokafka leaves a partition where it is whose committed offset is 0 or missing.
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
        self._idle = asyncio.Event()  # nothing is being fetched or passed on
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
        """Leaves the flow stopped; whoever seeks lets it go on."""
        if asyncio.current_task() is self._fetcher:
            return  # the flow was stopped under a fetch: whoever did that seeks
        self.stop_flow()
        await self._idle.wait()
        await super().perform_seek()

    async def seek_to_committed(self) -> Mapping[TP, int]:
        committed: Mapping[TP, int] = await super().seek_to_committed()
        left = [place for place, offset in committed.items() if not offset]
        if left:
            await self._thread.seek_to_beginning(*left)
        return committed


class RewindingTransport(Transport):
    Consumer = RewindingConsumer
