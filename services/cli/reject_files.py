"""A downloaded reject file: saved to disk, or converted to records for --json."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from penstock.domain.errors import refusal
from penstock.domain.files.formats import detect_format, tabular_format, text_start
from penstock.domain.files.rejects import REJECT_COLUMNS
from penstock.domain.files.tabular_format import HeaderCells, RowScanner, TabularFormat
from services.cli.failures import SHOWN_PATH, BadUsage


def check_output(path: Path, *, force: bool) -> None:
    """Raises `BadUsage` for an existing file, which may contain corrections, unless `force` is set."""
    if path.is_file() and not force:
        message = f"the file {str(path)[:SHOWN_PATH]!r} exists already and may contain your corrections"
        raise BadUsage(refusal("file_exists", message, "Use another file, or overwrite it with --force.").faults)


def save(parts: Iterable[bytes], path: Path) -> int:
    """Write the file, readable by its owner only; returns the number of rows without the header.

    An existing file is replaced only when the new one is complete. The rows are customers' values in plain text.
    """
    if path.exists() and not path.is_file():  # such as /dev/stdout
        with path.open("wb") as device:
            return _write(parts, device)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            rows = _write(parts, file)
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink()
            raise
    return rows


def _write(parts: Iterable[bytes], file: Any) -> int:
    counter = _RowCounter()
    for part in parts:
        file.write(part)
        counter.take(part)
    file.flush()
    return counter.rows


class _RowCounter:
    """Counts the rows of a reject file as it is written. The first part contains the header: a name has no newline."""

    def __init__(self) -> None:
        self.rows = 0
        self._scanner: RowScanner | None = None

    def take(self, part: bytes) -> None:
        at = 0
        if self._scanner is None:
            file_format, header = _opened(part)
            at, self._scanner = header.body_start, file_format.scanner()
        while end := self._scanner.next_end(part, at):
            self.rows, at = self.rows + 1, end.offset


def as_records(parts: Iterable[bytes]) -> list[dict[str, Any]]:
    """Each reject with its line, its reasons and its cells, as text."""
    rest = iter(parts)
    first = next(rest, b"")
    file_format, header = _opened(first)
    body = first[header.body_start :] + b"".join(rest)
    rows = file_format.split_rows(body.decode(), header.first_line).rows
    return [_record(file_format.cells(row)) for row in rows]


def _record(row: Sequence[str]) -> dict[str, Any]:
    line, reasons, *cells = row
    return {"line": int(line), "reasons": reasons.split("; "), "cells": cells}


def _opened(head: bytes) -> tuple[TabularFormat, HeaderCells]:
    file_format = tabular_format(detect_format(head))
    return file_format, file_format.read_header(head, text_start(head), max_columns=len(REJECT_COLUMNS), complete=True)
