"""Which statuses of a request each channel has still to announce.

A request keeps a cursor for each channel, so that a channel that is added, or that lags behind, changes nothing for
the others.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from penstock.domain.requests.request import Request, Status
from penstock.domain.requests.status import history


def unannounced(request: Request, channel: str) -> tuple[tuple[Status, int], ...]:
    """The statuses that `channel` has not announced yet, in order, each with its time."""
    steps = history(request)
    cursor = request.announced_status.get(channel)
    known = [position for position, (status, _) in enumerate(steps) if status is cursor]
    return steps[known[0] + 1 :] if known else steps


def is_announced(request: Request, channels: Iterable[str]) -> bool:
    """Whether each of `channels` has announced the current status."""
    return not any(unannounced(request, channel) for channel in channels)


def record_announced(request: Request, channels: Iterable[str], status: Status) -> Request:
    """`request` after `channels` have announced everything up to `status`. No cursor ever moves back."""
    moved = [each for each in channels if status in [new for new, _ in unannounced(request, each)]]
    return replace(request, announced_status=request.announced_status | dict.fromkeys(moved, status))
