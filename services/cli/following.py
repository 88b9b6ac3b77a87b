"""Following a request until it has ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from penstock.application.requests.use_cases import RequestUseCases
from penstock.documents.requests import RequestView, listed_view
from penstock.domain.access.permissions import Caller
from penstock.domain.requests.request import Status
from penstock.ports.clock import Clock
from services.cli.output import Document

MIN_WAIT = 0.01  # seconds: a small file is done at once
MAX_WAIT = 0.1
HINT_SECONDS = 5.0


def changes(requests: RequestUseCases, caller: Caller, request_id: str, clock: Clock) -> Iterator[RequestView]:
    """The public request at once, and again after each poll, until it has ended or waits for a person."""
    wait = MIN_WAIT
    while True:
        request = requests.get(caller, request_id)
        yield listed_view(requests, caller, request, clock.now_us())
        if not request.status.processing:
            return
        clock.sleep(wait)
        wait = min(wait * 1.2, MAX_WAIT)


def with_idle_hint(
    states: Iterator[Document], hint: Callable[[], None], seconds: Callable[[], float]
) -> Iterator[Document]:
    """`states`; calls `hint` once if the request does not start."""
    began, waiting = seconds(), True
    for state in states:
        yield state
        if waiting and _may_be_idle(state) and seconds() - began > HINT_SECONDS:
            waiting = False
            hint()


def _may_be_idle(state: Document) -> bool:
    """Whether nothing has been heard of a request since it was accepted."""
    waits = state["waiting"]
    return state["status"] == Status.SCHEDULED and (waits is None or waits["requests_before"] is None)


def follow(states: Iterator[Document], show: Callable[[Document], None]) -> Document:
    """Show each of `states`; returns the last one."""
    for state in states:
        show(state)
    return state
