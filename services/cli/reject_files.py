"""A downloaded reject file: saved to disk, or converted to records for --json."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from penstock.application.uploads.inspection import MAX_SAMPLE_COLUMNS
from penstock.domain.errors import refusal
from penstock.domain.files.chunking import spans
from penstock.domain.files.formats import detect_format, tabular_format, text_start
from penstock.domain.files.tabular_format import HeaderCells, TabularFormat
from penstock.domain.mapping.mapping import Limits
from services.cli.failures import SHOWN_PATH, BadUsage

BLOCK_BYTES = 1 << 20  # of rows that are counted at a time


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
    """Write the file; returns its number of rows."""
    rest = iter(parts)
    first = next(rest, b"")
    file.write(first)
    file_format, header = _opened(first)
    body = _Kept(first[header.body_start :], rest, file)
    rows = 0
    for span in spans(
        body, file_format, body_start=0, first_line=1, chunk_bytes=BLOCK_BYTES, max_row_bytes=Limits().row_bytes
    ):
        rows += len(file_format.split_rows(body.taken(span.end - span.start).decode(errors="replace"), 1).rows)
    file.flush()
    return rows


class _Kept:
    """Writes the parts of a file as they are read, and keeps them until they are taken."""

    def __init__(self, first: bytes, rest: Iterable[bytes], file: Any) -> None:
        self._first, self._rest, self._file = first, rest, file
        self._kept = bytearray()

    def __iter__(self) -> Iterator[bytes]:
        self._kept += self._first
        yield self._first
        for part in self._rest:
            self._file.write(part)
            self._kept += part
            yield part

    def taken(self, size: int) -> bytes:
        """The next bytes in order."""
        taken = bytes(self._kept[:size])
        del self._kept[:size]
        return taken


def as_records(parts: Iterable[bytes]) -> list[dict[str, Any]]:
    """Each reject with its line, its reasons and its cells, as text."""
    file = b"".join(parts)
    if not file:
        return []
    file_format, header = _opened(file)
    names = [name.decode() for name in header.cells]
    rows = file_format.split_rows(file[header.body_start :].decode(), header.first_line).rows
    return [_record(file_format.cells(row, names)) for row in rows]


def _record(row: Sequence[str]) -> dict[str, Any]:
    line, reasons, *cells = row
    return {"line": int(line), "reasons": reasons.split("; "), "cells": cells}


def _opened(head: bytes) -> tuple[TabularFormat, HeaderCells]:
    """The format of a reject file, from its header or its first row."""
    file_format = tabular_format(detect_format(head))
    return file_format, file_format.read_header(head, text_start(head), max_columns=MAX_SAMPLE_COLUMNS, complete=True)
