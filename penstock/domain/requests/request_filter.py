"""Which requests of the history a reader wants to see."""

from __future__ import annotations

from typing import Protocol

import msgspec

from penstock.domain.requests.ids import request_id
from penstock.domain.requests.request import Request, Status

_LOWEST = bytes(8)  # the random part of an id that sorts before all others of its microsecond


class _Facts(Protocol):
    @property
    def data_source(self) -> str: ...
    @property
    def uploaded_by(self) -> str: ...
    @property
    def file_name(self) -> str: ...
    @property
    def accepted_at(self) -> int: ...


class RequestFilter(msgspec.Struct, frozen=True, kw_only=True):
    """All that is set must fit. Times are microseconds since the epoch."""

    statuses: tuple[Status, ...] = ()  # one of them
    data_source: str | None = None
    uploaded_by: str | None = None
    file_name: str | None = None  # a part of the name, in upper or lower case
    accepted_from: int | None = None
    accepted_to: int | None = None  # before this time
    has_rejects: bool | None = None  # whether rows were rejected, also if they have been corrected since

    def matches(self, request: Request) -> bool:
        return (
            (not self.statuses or request.status in self.statuses)
            and self.has_rejects in (None, request.rows_rejected > 0)
            and self.may_match(request)
        )

    def may_match(self, request: _Facts) -> bool:
        """Whether all fits that never changes."""
        return (
            self.data_source in (None, request.data_source)
            and self.uploaded_by in (None, request.uploaded_by)
            and (self.file_name is None or self.file_name.casefold() in request.file_name.casefold())
            and not self.is_past(request)
            and (self.accepted_to is None or request.accepted_at < self.accepted_to)
        )

    def is_past(self, request: _Facts) -> bool:
        """Whether `request`, and so every older one, was accepted too early."""
        return self.accepted_from is not None and request.accepted_at < self.accepted_from

    def first_cursor(self, before: str) -> str:
        """The cursor from which to read towards older requests: `before`, or the end of the time if that is older."""
        if self.accepted_to is None:
            return before
        latest = request_id(max(0, self.accepted_to), _LOWEST)
        return min(before, latest) if before else latest
