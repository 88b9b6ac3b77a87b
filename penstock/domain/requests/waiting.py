"""What a request waits for when it does not move."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from penstock.domain.dispatching.queue import Queue
from penstock.domain.requests.request import Request, Status

QUIET_US = 60_000_000  # without a finished chunk, after which a running request counts as waiting
FRESH_US = 30_000_000  # for which a stored queue counts, and for which a request may wait to be in one
TENANT_KEY = "tenant_key"
NEEDED = {  # the dependencies that the work on a request needs, by name
    "cassandra": "Cassandra",
    "disk": "the disk",
    "kafka": "Kafka",
    "key_file": "the key file",
    "kms": "the key service",
    "other": "a server",
    "s3": "the object store",
    TENANT_KEY: "the key of its tenant",
}
_MINUTE, _HOUR = 60, 3_600
_GOES_ON = "It goes on by itself"


class WaitsFor(StrEnum):
    SYSTEM = "system"  # something that the system needs is unavailable
    TURN = "turn"  # it has not started: the services work on other requests
    WORKERS = "workers"  # no worker runs, or no chunk was finished for a while
    DISPATCHER = "dispatcher"  # nobody gives its chunks to the workers


class Waiting(NamedTuple):
    """Why a request waits, in a code and in sentences; where they are known, since when (microseconds since the epoch),
    how many requests of its tenant come before it, and in about how many seconds it starts."""

    reason: WaitsFor
    message: str
    since_us: int | None = None
    requests_before: int | None = None
    starts_in_seconds: int | None = None


def waits_for(
    request: Request, now_us: int, *, queue: Queue | None = None, outages: Mapping[str, int] = {}
) -> Waiting | None:
    """None for a request that moves, or is not processed. `outages` are the unavailable dependencies of the process
    that asks, and since when; `queue` is what a dispatcher knew."""
    if not request.status.processing:
        return None
    is_fresh = queue is not None and now_us - queue.at_us < FRESH_US
    known = {**(queue.outages if queue is not None and is_fresh else {}), **outages}
    unavailable = {name: since_us for name, since_us in known.items() if name in NEEDED}
    if unavailable:
        return _for_system(unavailable)
    if request.status is Status.IN_PROGRESS:
        return _for_workers(request) if quiet_us(request, now_us) >= QUIET_US else None
    if queue is None or not is_fresh:
        return _for_turn(now_us, request)
    if not queue.workers:
        return Waiting(WaitsFor.WORKERS, f"No worker runs. {_GOES_ON} once one does.")
    place = queue.places.get(request.request_id)
    if place is None:
        return Waiting(WaitsFor.TURN, "It waits for its turn.")
    limit = "" if queue.at_once is None else f"; at most {queue.at_once:,} of yours run at once"
    message = f"It waits for its turn: {_before(place.before)}{_starts(place.seconds)}{limit}."
    return Waiting(WaitsFor.TURN, message, None, place.before, place.seconds)


def quiet_us(request: Request, now_us: int) -> int:
    """For how long no step of a started request was counted, in microseconds."""
    return now_us - max(request.last_step_at, request.started_at or 0)


def _for_system(unavailable: Mapping[str, int]) -> Waiting:
    names = sorted(NEEDED[name] for name in unavailable)
    listed = " and ".join(names)
    message = f"It waits for {listed}, which cannot be used at present. {_GOES_ON} when that is solved."
    return Waiting(WaitsFor.SYSTEM, message, min(unavailable.values()))


def _for_workers(request: Request) -> Waiting:
    since_us = max(request.last_step_at, request.started_at or 0)
    why = "the workers are busy with other files, or away"
    return Waiting(WaitsFor.WORKERS, f"No part of the file was finished for a while: {why}. {_GOES_ON}.", since_us)


def _for_turn(now_us: int, request: Request) -> Waiting:
    """Nobody has listed it in a queue: because it is new, or because no dispatcher runs."""
    if now_us - request.accepted_at < FRESH_US:
        return Waiting(WaitsFor.TURN, "It waits for its turn.")
    message = f"No dispatcher gives its rows to the workers. {_GOES_ON} once one runs."
    return Waiting(WaitsFor.DISPATCHER, message, request.accepted_at)


def _before(count: int) -> str:
    if not count:
        return "it is the next of yours"
    return "1 request of yours is before it" if count == 1 else f"{count:,} requests of yours are before it"


def _starts(seconds: int | None) -> str:
    if seconds is None:
        return ""
    if seconds < _MINUTE:
        return ", and it starts within a minute"
    if seconds < 2 * _HOUR:
        return f", and it starts in about {round(seconds / _MINUTE)} min"
    return f", and it starts in about {round(seconds / _HOUR)} h"
