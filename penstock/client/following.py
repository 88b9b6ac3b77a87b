"""Follows a request over its event stream (server-sent events), across lost connections."""

from __future__ import annotations

import time
from collections.abc import Iterator

from penstock.client.connection import Connection
from penstock.client.driver_errors import read_json
from penstock.client.paths import resource_path
from penstock.client.retries import RECONNECT_SECONDS
from penstock.documents.requests import RequestView
from penstock.domain.errors import Unavailable
from penstock.domain.requests.request import Status

RECONNECT_PAUSE_SECONDS = 1.0
EVENTS = "text/event-stream"
_DATA, _COMMENT = b"data:", b":"


class Follower:
    """Follows one request after the other."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._request_id: str | None = None
        self._lost: list[str] = []

    def problems(self) -> list[str]:
        """Why the server is not reached at present, if so."""
        return self._lost

    def changes(self, request_id: str) -> Iterator[RequestView]:
        """The request now, and again on each change, until it has ended or is held.

        A stream that breaks off is opened again; meanwhile the last state is repeated each second. Raises `Unavailable`
        when the server stays away for `RECONNECT_SECONDS`.
        """
        self._request_id, self._lost = request_id, []
        state: RequestView | None = None
        lost_at: float | None = None
        while True:
            try:
                for state in self._states(request_id):
                    lost_at, self._lost = None, []
                    yield state
                    if not Status(state["status"]).processing:
                        return
                problem = Unavailable(f"{self._connection.base} ended its answer early")
            except Unavailable as error:
                problem = error
            lost_at = lost_at or time.monotonic()
            if state is None or time.monotonic() - lost_at > RECONNECT_SECONDS:
                raise problem
            self._lost = [str(problem)]
            yield state
            time.sleep(RECONNECT_PAUSE_SECONDS)

    def _states(self, request_id: str) -> Iterator[RequestView]:
        """Each state; the last one is repeated when the server signals that nothing has changed."""
        state: RequestView | None = None
        for line in self._connection.lines(resource_path("/requests", request_id, "/events"), EVENTS):
            if line.startswith(_DATA):
                state = read_json(self._connection.base, line.removeprefix(_DATA), RequestView)
                yield state
            elif line.startswith(_COMMENT) and state is not None:
                yield state
