"""The progress bar: first of stored bytes, then of ingested chunks."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import NamedTuple

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from services.cli.output import Document

MIN_BAR_WIDTH = 6  # columns
FIXED_WIDTH = len("In progress ") + MIN_BAR_WIDTH + len(" 100 % ")


class Bar:
    """A bar on stderr with rows, rows/s and the time left, as far as they fit the terminal."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        columns = (
            TextColumn("{task.description:<11}"),
            BarColumn(bar_width=None),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[detail]}"),
        )
        self._monotonic = monotonic
        self._console = Console(file=sys.stderr, highlight=False)
        self._progress = Progress(*columns, console=self._console, refresh_per_second=20)
        self._task: TaskID = self._progress.add_task("Storing", total=None, detail="")
        self._size = 0
        self._first: Sample | None = None

    def __enter__(self) -> Bar:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._progress.stop()

    def storing(self, total: int | None) -> None:
        self._progress.update(self._task, total=total)

    def stored(self, size: int) -> None:
        self._size += size
        self._progress.update(self._task, advance=size, detail=f"{self._size / 1_000_000:,.1f} MB")

    def say(self, message: str) -> None:
        self._console.print(message, markup=False, soft_wrap=True)

    def show(self, request: Document) -> None:
        now = Sample(self._monotonic(), request["rows_read"])
        self._first = self._first or now
        self._progress.update(
            self._task,
            description=request["status"].capitalize().replace("_", " "),
            total=request["chunks_total"],
            completed=request["chunks_done"],
            detail=detail(request, rows_per_second(self._first, now), self._console.width - FIXED_WIDTH),
        )


class Sample(NamedTuple):
    """The number of rows read at a time."""

    at: float  # seconds
    rows: int


def rows_per_second(first: Sample, now: Sample) -> float:
    """The rate since the first sample; rows that were read before it do not count."""
    return (now.rows - first.rows) / max(now.at - first.at, 0.001)


def detail(request: Document, rate: float, width: int) -> str:
    """Rows, rate and the time left, as many of them as fit `width`; or what it waits for."""
    if request["waiting"]:
        return str(request["waiting"]["message"])[: max(width, 0)]
    parts = [f"{request['rows_read']:>11,} rows", f" {rate:>9,.0f} rows/s"]
    if request["eta_seconds"] is not None:
        parts.append(f"   {request['eta_seconds']} s left")
    while len("".join(parts).lstrip()) > max(width, 0):
        parts.pop()
    text = "".join(parts)
    return text if len(text) <= width else text.lstrip()
