"""A transport that lets a client read its answer before the connection ends.

The kernel answers bytes that nobody has read with a reset, which may take the answer away from the client. So a
connection on which a body is still arriving is closed for writing first, and what comes is thrown away, within bounds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from services.uploader.server.timer import Timer

LINGER_SECONDS = 1.0
LINGER_BYTES = 1 << 20


class LingeringTransport(asyncio.Transport):
    """Everything but `close` goes to `inner`. `unread` returns whether more of a request may arrive."""

    def __init__(self, inner: asyncio.Transport, loop: asyncio.AbstractEventLoop, unread: Callable[[], bool]) -> None:
        super().__init__()
        self._inner, self._unread = inner, unread
        self._end = Timer(loop, LINGER_SECONDS, inner.close)
        self._discarded = 0
        self.lingering = False

    def close(self) -> None:
        if self.is_closing():
            return
        if not self._unread():
            self._inner.close()
            return
        self.lingering = True
        self._end.start()
        try:
            self._inner.write_eof()
        except OSError:  # the client is gone already, and reads no answer
            self._inner.abort()
        else:
            self._inner.resume_reading()

    def discard(self, count: int) -> None:
        """So many bytes came while it lingers; after too many no more are taken."""
        self._discarded += count
        if self._discarded > LINGER_BYTES:
            self._inner.pause_reading()

    def forget(self) -> None:
        """The connection is gone."""
        self._end.cancel()

    def is_closing(self) -> bool:
        return self.lingering or self._inner.is_closing()

    def abort(self) -> None:
        self._inner.abort()

    def write(self, data: Any) -> None:
        self._inner.write(data)

    def get_write_buffer_size(self) -> int:
        return self._inner.get_write_buffer_size()

    def pause_reading(self) -> None:
        self._inner.pause_reading()

    def resume_reading(self) -> None:
        self._inner.resume_reading()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._inner.get_extra_info(name, default)
