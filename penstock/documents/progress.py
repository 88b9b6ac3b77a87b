"""The run of a request: when its status changed, and its rates."""

from __future__ import annotations

from collections.abc import Sequence

from typing_extensions import TypedDict

from penstock.domain.requests.public_view import rfc3339
from penstock.domain.requests.request import Request, Status
from penstock.domain.requests.status import history
from penstock.domain.requests.throughput import Rate, average_rate


class StatusChangeView(TypedDict):
    status: Status
    at: str


class RateView(TypedDict):
    """The rows a second until `at`, since the rate before."""

    at: str
    rows_per_second: int


class ProgressView(TypedDict):
    """`history` has each status that the request has had; `rows_per_second` is the average until `last_step_at`, the
    time of its latest counted step."""

    request_id: str
    history: list[StatusChangeView]
    last_step_at: str | None
    rows_per_second: int | None
    rates: list[RateView]


def progress_view(request: Request, rates: Sequence[Rate]) -> ProgressView:
    return ProgressView(
        request_id=request.request_id,
        history=[StatusChangeView(status=status, at=rfc3339(at_us)) for status, at_us in history(request)],
        last_step_at=rfc3339(request.last_step_at) if request.last_step_at else None,
        rows_per_second=average_rate(request),
        rates=[RateView(at=rfc3339(each.at_us), rows_per_second=each.rows_per_second) for each in rates],
    )
