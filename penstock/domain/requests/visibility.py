"""Which requests' fragments count: the whole of undo and of replace, as a pure function over requests."""

from __future__ import annotations

from collections.abc import Iterable

from penstock.domain.mapping.mapping import Mode
from penstock.domain.requests.request import Request, Status


def floors(requests: Iterable[Request]) -> dict[str, str]:
    """The floor of each data source: the id of its newest completed request in replace mode.

    A replacement that was undone is no floor any more, so what it had replaced counts again, exactly.
    """
    found: dict[str, str] = {}
    for request in requests:
        if request.status is Status.COMPLETED and request.mode is Mode.REPLACE:
            found[request.data_source] = max(request.request_id, found.get(request.data_source, ""))
    return found


def visible(requests: Iterable[Request]) -> dict[str, Request]:
    """Those of `requests` whose fragments count, by id.

    `requests` must hold every completed replacement that could be a floor of a data source in question.
    """
    known = list(requests)
    floor = floors(known)
    return {
        request.request_id: request
        for request in known
        if request.status is Status.COMPLETED and request.request_id >= floor.get(request.data_source, "")
    }
