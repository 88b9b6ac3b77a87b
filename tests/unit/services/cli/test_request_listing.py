"""`penstock requests`: pages until there are enough, and no further than its bound."""

from __future__ import annotations

from typing import Any

import pytest

from penstock.domain.days import DAY_US
from penstock.domain.requests.request_filter import RequestFilter
from services.cli.failures import BadUsage
from services.cli.request_listing import MAX_PAGES, end_of, list_requests, start_of


class Pages:
    """A client whose history has one request on every `every`-th page."""

    def __init__(self, every: int, pages: int) -> None:
        self.every, self.pages, self.reads = every, pages, 0

    def request_page(self, *, limit: int, before: str, only: RequestFilter) -> dict[str, Any]:
        at = int(before or 0) + 1
        self.reads += 1
        found = [{"request_id": str(at)}] if at % self.every == 0 else []
        return {"requests": found, "next": str(at) if at < self.pages else None}


def listed(pages: Pages, limit: int, before: str = "") -> tuple[list[str], str | None]:
    found = list_requests(pages, RequestFilter(), limit=limit, before=before)  # type: ignore[arg-type]
    return [each["request_id"] for each in found.requests], found.next


def test_pages_are_read_until_there_are_enough() -> None:
    assert listed(Pages(2, 100), limit=3) == (["2", "4", "6"], "6")
    assert listed(Pages(2, 5), limit=3) == (["2", "4"], None)
    assert listed(Pages(2, 100), limit=1, before="6") == (["8"], "8")


def test_a_filter_that_matches_little_stops_with_a_cursor() -> None:
    pages = Pages(1_000, 10_000)
    assert listed(pages, limit=1) == ([], str(MAX_PAGES))
    assert pages.reads == MAX_PAGES


def test_a_day_begins_at_midnight_and_includes_its_end() -> None:
    midnight = start_of("2026-11-25")
    assert end_of("2026-11-25") == midnight + DAY_US == start_of("2026-11-26")
    assert start_of("2026-11-25T02:00:00+02:00") == end_of("2026-11-25T00:00Z") == midnight
    with pytest.raises(BadUsage):
        start_of("yesterday")
