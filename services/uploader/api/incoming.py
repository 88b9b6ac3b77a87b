"""A request's body as it arrives: pulled piece by piece, so that nobody sends faster than it is worked off.

What is left of a body when an answer was given early is thrown away by the server, so that the client sees the answer.
"""

from __future__ import annotations

import anyio
from litestar.types import Receive

from penstock.domain.errors import Refused, refusal

SILENCE_SECONDS = 60  # a client that sends nothing for so long is taken for gone


class IncomingBody:
    """`announced` is the Content-Length, or None. Pieces have the server's size, 64 KiB with uvicorn."""

    def __init__(self, receive: Receive, announced: int | None) -> None:
        self._receive, self._announced = receive, announced
        self._ended = False
        self._limit = 0
        self._taken = 0

    def allow(self, limit: int) -> None:
        """Take up to `limit` bytes. Raises `Refused` (body_too_large) at once when more are announced."""
        self._limit = limit
        if self._announced is not None and self._announced > limit:
            raise _too_large(limit)

    async def piece(self) -> bytes:
        """The next piece, b"" at the end. Raises `Refused`: body_too_large, or incomplete_body when the client goes."""
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
            with anyio.fail_after(SILENCE_SECONDS):
                event = await self._receive()
        except TimeoutError:
            self._ended = True
            raise _incomplete() from None
        if event["type"] != "http.request":
            self._ended = True
            raise _incomplete()
        self._ended = not event.get("more_body", False)
        return event.get("body", b"")


def _too_large(limit: int) -> Refused:
    return refusal(
        "body_too_large",
        f"the body is larger than {limit:,} bytes",
        "Send less at once, or ask an operator to raise the limit of a file's size.",
    )


def _incomplete() -> Refused:
    return refusal("incomplete_body", "the connection ended before the body did", "Send all of it again.")
