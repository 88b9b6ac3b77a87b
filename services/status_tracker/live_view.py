"""The live view: how far the requests are that are under way in this process's partitions.

A view, never the authority: it is written after the control store is, from what is there, and may be thrown away at
any time. It answers "how far, and until when" without a question to the store. Its entries lie in the event log, so
they hold counts and times, and no name or address.
"""

from __future__ import annotations

from collections.abc import MutableMapping

import msgspec

from penstock.domain.request import Request, Status, eta_seconds


class Live(msgspec.Struct, frozen=True, kw_only=True):
    """A request that has not ended. Times are microseconds since the epoch."""

    tenant_id: str
    status: Status
    rows_read: int
    rows_ingested: int
    rows_rejected: int
    chunks_done: int
    chunks_total: int | None
    ends_at_us: int | None  # None while that cannot be said


class LiveView:
    """`table` may forget: an entry that is missing says nothing about its request."""

    def __init__(self, table: MutableMapping[bytes, bytes]) -> None:
        self._table = table

    def show(self, request: Request, now_us: int) -> None:
        """Take in the state that `request` has reached; one that has ended is no longer shown."""
        key = request.request_id.encode()
        if not request.status.ended:
            self._table[key] = msgspec.msgpack.encode(_live(request, now_us))
        elif key in self._table:
            del self._table[key]

    def get(self, request_id: str) -> Live | None:
        """The request as it was last seen here, or None."""
        entry = self._table.get(request_id.encode())
        return None if entry is None else msgspec.msgpack.decode(entry, type=Live)


def _live(request: Request, now_us: int) -> Live:
    eta = eta_seconds(request, now_us)
    return Live(
        tenant_id=request.tenant_id,
        status=request.status,
        rows_read=request.rows_read,
        rows_ingested=request.rows_ingested,
        rows_rejected=request.rows_rejected,
        chunks_done=request.chunks_done,
        chunks_total=request.chunks_total,
        ends_at_us=None if eta is None else now_us + eta * 1_000_000,
    )
