"""The display of progress: a bar on a terminal, otherwise a line every few seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from penstock.client import progress
from services.cli.output import Document, Output
from services.cli.progress_bar import Bar

LINE_SECONDS = 5.0  # between two lines without a terminal


class Progress(progress.Progress, Protocol):
    """Shows how far a file has been processed."""

    def show(self, request: Document) -> None:
        """The request is in this state."""


@contextmanager
def show_progress(out: Output) -> Iterator[Progress]:
    """A bar if stderr is a terminal, otherwise lines."""
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
        self._printed_at = time.monotonic()

    def storing(self, total: int | None) -> None:
        pass

    def stored(self, size: int) -> None:
        pass

    def say(self, message: str) -> None:
        self._out.say(message)

    def show(self, request: Document) -> None:
        now = time.monotonic()
        if request["status"] == self._status and now - self._printed_at < LINE_SECONDS:
            return
        self._status, self._printed_at = request["status"], now
        chunks = f", chunk {request['chunks_done']} of {request['chunks_total']}" if request["chunks_total"] else ""
        eta = f", {request['eta_seconds']} s left" if request["eta_seconds"] else ""
        waits = f". {request['waiting']['message']}" if request["waiting"] else ""
        self._out.say(f"{request['request_id']} {request['status']}: {request['rows_read']:,} rows{chunks}{eta}{waits}")
