"""How a file's way is shown: a bar on a terminal, otherwise a line now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from services.cli.output import Document, Output
from services.cli.progress_bar import Bar

LINE_SECONDS = 5.0  # between two lines where there is no terminal


class Progress(Protocol):
    """Is told how far a file has come."""

    def storing(self, total: int | None) -> None:
        """The file, of `total` bytes if that is known, is about to be stored."""

    def stored(self, size: int) -> None:
        """`size` more bytes are stored."""

    def show(self, request: Document) -> None:
        """The request has come this far."""


@contextmanager
def progress(out: Output) -> Iterator[Progress]:
    """What fits where stderr goes."""
    if sys.stderr.isatty():
        with Bar() as bar:
            yield bar
    else:
        yield Lines(out)


class Lines:
    """A line when the status changes, and every few seconds."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self._status = ""
        self._told_at = time.monotonic()

    def storing(self, total: int | None) -> None:
        pass

    def stored(self, size: int) -> None:
        pass

    def show(self, request: Document) -> None:
        now = time.monotonic()
        if request["status"] == self._status and now - self._told_at < LINE_SECONDS:
            return
        self._status, self._told_at = request["status"], now
        chunks = f", chunk {request['chunks_done']} of {request['chunks_total']}" if request["chunks_total"] else ""
        eta = f", {request['eta_seconds']} s left" if request["eta_seconds"] else ""
        self._out.say(f"{request['request_id']} {request['status']}: {request['rows_read']:,} rows{chunks}{eta}")
