"""Whose chunk is sent next: tenants take turns, and within a tenant the request with the least left comes first.

So a small file passes a large one of its own tenant, and no tenant waits for all files of another.
"""

from __future__ import annotations

from collections import OrderedDict
from heapq import heappop, heappush
from typing import NamedTuple


class Turn(NamedTuple):
    tenant_id: str
    request_id: str


class Lanes:
    """One lane for each tenant that has requests waiting."""

    def __init__(self) -> None:
        self._lanes: OrderedDict[str, list[tuple[int, str]]] = OrderedDict()  # heaps; the first tenant is the next
        self._left: dict[str, int] = {}  # of each waiting request; other entries of the heaps no longer count

    def __len__(self) -> int:
        return len(self._left)

    def put(self, tenant_id: str, request_id: str, left: int) -> None:
        """Let a request wait for its turn, with `left` still to do."""
        if self._left.get(request_id) != left:
            self._left[request_id] = left
            heappush(self._lanes.setdefault(tenant_id, []), (left, request_id))

    def drop(self, request_id: str) -> None:
        self._left.pop(request_id, None)

    def take(self) -> Turn | None:
        """The next one, which waits no longer; its tenant then comes last."""
        while self._lanes:
            tenant_id, lane = next(iter(self._lanes.items()))
            found = self._first(lane)
            if lane:
                self._lanes.move_to_end(tenant_id)
            else:
                del self._lanes[tenant_id]
            if found is not None:
                return Turn(tenant_id, found)
        return None

    def _first(self, lane: list[tuple[int, str]]) -> str | None:
        while lane:
            left, request_id = heappop(lane)
            if self._left.get(request_id) == left:
                del self._left[request_id]
                return request_id
        return None
