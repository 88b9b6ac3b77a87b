"""A tenant's queue: the requests of which nothing was sent to the workers yet, and about when their turns come.

Arithmetic on the lanes: all tenants take turns, so before a request come the chunks that are with the workers, those of
its own tenant's requests that have less left, and as many of each other tenant, if it has them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

import msgspec

MAX_PLACES = 1_000  # of one tenant: those whose turns come first


class Place(msgspec.Struct, frozen=True):
    """`before` are the requests of its tenant that come first; `seconds` until its turn are None while nobody knows how
    fast the workers are."""

    before: int
    seconds: int | None = None


class Queue(msgspec.Struct, frozen=True, kw_only=True):
    """What a dispatcher knew of a tenant's waiting requests at `at_us`.

    `at_once` is the number of requests that the tenant may have in progress, if they wait for that;
    `outages` are the dependencies that it waits for, and since when (microseconds since the epoch). `places` are by
    request id.
    """

    at_us: int
    workers: int
    at_once: int | None = None
    outages: dict[str, int] = {}
    places: dict[str, Place] = {}


class Waiting(NamedTuple):
    """A request with `left` chunks to send."""

    request_id: str
    left: int
    has_begun: bool


def places(
    lanes: Mapping[str, Iterable[Waiting]], *, outstanding: int, chunk_us: int | None
) -> dict[str, dict[str, Place]]:
    """The places of all requests that have not begun, by tenant. `chunk_us`: the microseconds from one done chunk to
    the next, None if unknown."""
    ordered = {tenant_id: sorted(lane, key=_turn) for tenant_id, lane in lanes.items()}
    totals = sorted(sum(each.left for each in lane) for lane in ordered.values())
    sums = [0, *accumulate(totals)]
    found: dict[str, dict[str, Place]] = {}
    for tenant_id, lane in ordered.items():
        own = sum(each.left for each in lane)
        ahead, of_tenant = 0, found.setdefault(tenant_id, {})
        for before, each in enumerate(lane[:MAX_PLACES]):
            if not each.has_begun:
                first = outstanding + ahead + _up_to(ahead, totals, sums) - min(own, ahead)
                seconds = None if chunk_us is None else -(-first * chunk_us // 1_000_000)
                of_tenant[each.request_id] = Place(before, seconds)
            ahead += each.left
    return found


def _turn(waiting: Waiting) -> tuple[int, str]:
    return waiting.left, waiting.request_id


def _up_to(most: int, totals: Sequence[int], sums: Sequence[int]) -> int:
    """The sum of all totals (sorted; `sums` are those of the first ones), of which each counts `most` at most."""
    smaller = bisect_left(totals, most)
    return sums[smaller] + most * (len(totals) - smaller)
