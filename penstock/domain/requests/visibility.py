"""Which requests' fragments are visible: all of undo and replace, as a pure function over requests."""

from __future__ import annotations

from collections.abc import Iterable

from penstock.domain.mapping.mapping import Mode
from penstock.domain.requests.request import Request, Status


def floors(requests: Iterable[Request]) -> dict[str, str]:
    """The floor of each data source: the id of its newest completed request in replace mode.

    An undone replacement is no longer a floor, so exactly the data that it replaced is visible again.
    """
    newest: dict[str, str] = {}
    for request in requests:
        if request.status is Status.COMPLETED and request.mode is Mode.REPLACE:
            newest[request.data_source] = max(request.request_id, newest.get(request.data_source, ""))
    return newest


def visible(requests: Iterable[Request]) -> dict[str, Request]:
    """The requests whose fragments are visible, by id.

    A child counts while its root does. `requests` must include the root of each child, and every completed replacement
    that could be the floor of one of their data sources.
    """
    known = {request.request_id: request for request in requests}
    floor = floors(known.values())
    completed = {each.request_id for each in known.values() if each.status is Status.COMPLETED}
    return {
        request_id: request
        for request_id, request in known.items()
        if completed.issuperset((request_id, request.root_id)) and request.root_id >= floor.get(request.data_source, "")
    }
