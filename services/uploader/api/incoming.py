"""A request's body as it arrives: pulled piece by piece, so that nobody sends faster than it is worked off.

Nor may anybody send so slowly that a body blocks a place for hours.
The wait for a client is paid from a credit: it begins full, each second of waiting costs one, and each
`MIN_BYTES_PER_SECOND` bytes earn one, up to a full one. Time that Penstock takes for itself costs nothing.
What is left of a body when an answer was given early is thrown away by the server, within bounds.
"""

from __future__ import annotations

import time
from typing import Any

import anyio
from starlette.types import Receive, Scope

from penstock.domain.errors import Refused, refusal

WAIT_SECONDS = 60.0  # a full credit: the longest silence
MIN_BYTES_PER_SECOND = 4_096
BODY_SECONDS = 6 * 3_600.0  # for a body as a whole, however much arrives
CALLER_IS_KNOWN = "penstock.caller_is_known"  # of a scope: the function that `caller_is_known` calls


def caller_is_known(scope: Scope) -> None:
    """The caller has been admitted: while their body arrives, the connection is not closed for another."""
    scope.get(CALLER_IS_KNOWN, lambda: None)()


class IncomingBody:
    """`announced` is the Content-Length, or None; the body has to be whole within `seconds`.

    Pieces have the server's size, 64 KiB with uvicorn.
    """

    def __init__(self, receive: Receive, announced: int | None, seconds: float | None = None) -> None:
        self._receive, self._announced = receive, announced
        self._ended = False
        self._limit = 0
        self._taken = 0
        self._credit = WAIT_SECONDS
        self._deadline = time.monotonic() + (seconds or BODY_SECONDS)

    def allow(self, limit: int) -> None:
        """Take up to `limit` bytes. Raises `Refused` (body_too_large) at once when more are announced."""
        self._limit = limit
        if self._announced is not None and self._announced > limit:
            raise _too_large(limit)

    async def piece(self) -> bytes:
        """The next piece, b"" at the end. Raises `Refused`: body_too_large, body_too_slow, or incomplete_body when the
        client goes."""
        while not self._ended:
            got = await self._next()
            self._taken += len(got)
            if self._taken > self._limit:
                raise _too_large(self._limit)
            if got:
                return got
        return b""

    async def whole(self) -> bytes:
        """All of it, for bodies whose limit is small."""
        pieces = []
        while piece := await self.piece():
            pieces.append(piece)
        return b"".join(pieces)

    async def _next(self) -> bytes:
        try:
            event = await self._event()
        except TimeoutError:
            self._ended = True
            raise _too_slow() from None
        if event["type"] != "http.request":
            self._ended = True
            raise _incomplete()
        self._ended = not event.get("more_body", False)
        got: bytes = event.get("body", b"")
        self._credit = min(WAIT_SECONDS, self._credit + len(got) / MIN_BYTES_PER_SECOND)
        return got

    async def _event(self) -> Any:
        """Raises TimeoutError when the client takes too long."""
        asked_at = time.monotonic()
        with anyio.fail_after(min(self._credit, self._deadline - asked_at)):
            event = await self._receive()
        self._credit -= time.monotonic() - asked_at
        return event


def _too_large(limit: int) -> Refused:
    return refusal(
        "body_too_large",
        f"the body is larger than {limit:,} bytes",
        "Send less at once, or ask an operator to raise the limit of a file's size.",
    )


def _too_slow() -> Refused:
    rate = f"{MIN_BYTES_PER_SECOND:,} bytes a second"
    return refusal("body_too_slow", f"the body arrives at less than {rate}", "Send all of it again, faster.")


def _incomplete() -> Refused:
    return refusal("incomplete_body", "the connection ended before the body did", "Send all of it again.")
