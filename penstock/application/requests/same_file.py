"""Recognises a file that was uploaded before, and decides whether it leads to the earlier request."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from penstock.application.requests.reservations import (
    SAME_FILE_DAYS,
    UNFINISHED_SECONDS,
    Reservation,
    Reservations,
)
from penstock.domain.days import DAY_SECONDS
from penstock.domain.errors import NotFound
from penstock.domain.limits import MAX_REQUESTS_EXAMINED
from penstock.domain.requests.request import Request, Status

if TYPE_CHECKING:
    from penstock.application.requests.requests import Requests

_WITHOUT_EFFECT = (Status.FAILED, Status.CANCELLED, Status.REVERTED)


class SameFile(NamedTuple):
    """`hash` is equal for the same content with the same effect: data source, mapping, mode, segment and parent. With
    `force` there is a new request nevertheless."""

    hash: str
    force: bool


def reserve_file(
    requests: Requests,
    reservations: Reservations,
    tenant_id: str,
    same_file: SameFile,
    make: Callable[[], Reservation],
) -> Reservation:
    """The last reservation of the file if it leads on, otherwise a new one."""

    def is_valid(found: Reservation) -> bool:
        return not same_file.force and _leads_on(requests, reservations, tenant_id, found)

    reserved = reservations.reserve_file(tenant_id, same_file.hash, is_valid, make)
    return replace(reserved.reservation, duplicate=reserved.found)


def continues(requests: Requests, tenant_id: str, request_id: str) -> bool:
    """Whether an interrupted call continues with `request_id`: not if a later upload of the data source counts."""
    try:
        begun = requests.get(tenant_id, request_id)
    except NotFound:  # it was reserved
        newest = next(requests.newest_first(tenant_id), None)
        return newest is None or newest.request_id < request_id
    return not _is_overtaken(requests, begun)


def _leads_on(requests: Requests, reservations: Reservations, tenant_id: str, reservation: Reservation) -> bool:
    """Whether the file leads to the request of its last reservation: that runs or counts, and no later one of the data
    source does."""
    seconds = reservations.seconds_since(reservation)
    try:
        first = requests.get(tenant_id, reservation.request_id)
    except NotFound:  # it is being accepted at this moment, or was cut off
        return seconds < UNFINISHED_SECONDS and continues(requests, tenant_id, reservation.request_id)
    if first.status in _WITHOUT_EFFECT or seconds > SAME_FILE_DAYS * DAY_SECONDS:
        return False
    return not _is_overtaken(requests, first)


def _is_overtaken(requests: Requests, first: Request) -> bool:
    return _later_sibling(requests, first) if first.parent_id else _later_request(requests, first)


def _later_sibling(requests: Requests, child: Request) -> bool:
    """Whether a later child of the same root counts: the order of children matters among them only."""
    siblings = requests.stored_each(child.tenant_id, requests.get(child.tenant_id, child.root_id).children)
    return any(_is_later(stored.request, child) for stored in siblings)


def _later_request(requests: Requests, first: Request) -> bool:
    """True also if that would take too long to find out."""
    for examined, request in enumerate(requests.newest_first(first.tenant_id, first.data_source), 1):
        if request.request_id <= first.request_id:
            return False
        if request.parent_id is None and _is_later(request, first):
            return True
        if examined >= MAX_REQUESTS_EXAMINED:
            return True
    return False


def _is_later(request: Request, first: Request) -> bool:
    """Whether it was accepted later, and counts or may still come to count."""
    return request.request_id > first.request_id and request.status not in _WITHOUT_EFFECT
