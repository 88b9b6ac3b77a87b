"""The progress bar: first of bytes that are stored, then of chunks that are ingested."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from services.cli.output import Document


class Bar:
    """A bar on stderr with rows, rows/s and the time that is left, as the request itself says it."""

    def __init__(self) -> None:
        columns = (
            TextColumn("{task.description:<11}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[detail]}"),
        )
        self._progress = Progress(*columns, console=Console(file=sys.stderr, highlight=False), refresh_per_second=20)
        self._task: TaskID = self._progress.add_task("Storing", total=None, detail="")
        self._began = time.monotonic()
        self._size = 0

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

    def show(self, request: Document) -> None:
        if self._size:
            self._began, self._size = time.monotonic(), 0
        seconds = max(time.monotonic() - self._began, 0.001)
        detail = f"{request['rows_read']:>11,} rows {request['rows_read'] / seconds:>9,.0f} rows/s"
        if request["eta_seconds"] is not None:
            detail += f"   {request['eta_seconds']} s left"
        self._progress.update(
            self._task,
            description=request["status"].capitalize().replace("_", " "),
            total=request["chunks_total"],
            completed=request["chunks_done"],
            detail=detail,
        )
