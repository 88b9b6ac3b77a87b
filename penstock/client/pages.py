"""Lists of the HTTP API, read page by page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar
from urllib.parse import quote

from penstock.client.answers import MAX_LISTED, unexpected_answer
from penstock.client.connection import Connection

T = TypeVar("T")


def each_entry(connection: Connection, path: str, field: str, shape: type[T]) -> Iterator[Any]:
    """The entries of all pages of a list, in `field` of `shape`. Raises `Unavailable` if they would never end."""
    after: str | None = ""
    listed = 0
    while after is not None:
        at = f"{'&' if '?' in path else '?'}after={quote(after, safe='')}" if after else ""
        page: Any = connection.document("GET", path + at, shape)
        listed += len(page[field])
        if listed > MAX_LISTED:
            raise unexpected_answer(connection.base, f"a list has more than {MAX_LISTED:,} entries")
        yield from page[field]
        following: str | None = page["next"]
        if following is not None and (following in ("", after) or not page[field]):
            raise unexpected_answer(connection.base, "the next page is the same page again")
        after = following
