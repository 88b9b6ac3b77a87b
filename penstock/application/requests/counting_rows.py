"""Counts the rows of a data source that count now: those that stop counting when a replacement completes."""

from __future__ import annotations

from typing import NamedTuple

from penstock.application.requests.requests import Requests
from penstock.domain.limits import MAX_REQUESTS_COUNTED
from penstock.domain.requests.request import Request
from penstock.domain.requests.visibility import floors, visible


class CountingRows(NamedTuple):
    """`rows` that requests of a data source have ingested and that count: those of `imports`, and of the `corrections`
    of their rows. A row that several of them have is counted with each. `last_at` and `first_at`: when the newest and
    the oldest of these requests were accepted, None without one. `are_all`: False if older requests, which were not
    read, may count as well."""

    rows: int
    imports: int
    corrections: int
    last_at: int | None
    are_all: bool
    first_at: int | None = None

    @property
    def are_none(self) -> bool:
        """Whether it is certain that no row counts."""
        return self.are_all and not self.rows


def counting_rows(
    requests: Requests, tenant_id: str, data_source: str, *, before: str = "", most: int = MAX_REQUESTS_COUNTED
) -> CountingRows:
    """The rows of requests that count now, with those of their children; with `before`, only of requests that were
    accepted before that one. Reads at most the `most` newest requests of the source, and none below the floor."""
    found, are_all = _down_to_floor(requests, tenant_id, data_source, most)
    counting = [each for each in visible(found).values() if not before or each.root_id < before]
    corrections = sum(each.parent_id is not None for each in counting)
    return CountingRows(
        rows=sum(each.rows_ingested for each in counting),
        imports=len(counting) - corrections,
        corrections=corrections,
        last_at=max((each.accepted_at for each in counting), default=None),
        are_all=are_all,
        first_at=min((each.accepted_at for each in counting), default=None),
    )


def _down_to_floor(requests: Requests, tenant_id: str, data_source: str, most: int) -> tuple[list[Request], bool]:
    """The newest requests of a data source, and whether no older one can count."""
    found: list[Request] = []
    for examined, request in enumerate(requests.newest_first(tenant_id, data_source), 1):
        found.append(request)
        if floors([request]):
            break
        if examined >= most:
            return found, False
    return found, True
