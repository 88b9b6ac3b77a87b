"""A downloaded reject file: saved to disk, or converted to records for --json."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from penstock.application.uploads.inspection import MAX_SAMPLE_COLUMNS
from penstock.domain.errors import refusal
from penstock.domain.files.formats import detect_format, tabular_format, text_start
from penstock.domain.files.streamed_chunks import chunks
from penstock.domain.files.tabular_format import HeaderCells, TabularFormat
from penstock.domain.mapping.mapping import Limits
from services.cli.failures import SHOWN_PATH, BadUsage

_BETWEEN_REASONS = re.compile(r"(?<=\)); ")
_REASON = re.compile(r"(?:(?P<column>.*): )?(?:(?!: ).)* \((?P<code>\w+)\)", re.DOTALL)  # HH:mm is part of the words

BLOCK_BYTES = 1 << 20  # of rows that are counted at a time


def check_output(path: Path, *, force: bool) -> None:
    """Raises `BadUsage` for an existing file, which may contain corrections, unless `force` is set."""
    if path.is_file() and not force:
        message = f"the file {str(path)[:SHOWN_PATH]!r} exists already and may contain your corrections"
        raise BadUsage(refusal("file_exists", message, "Use another file, or overwrite it with --force.").faults)


def check_not_shown(request_id: str, option: str) -> None:
    """Raises `BadUsage` if stdout is a terminal: the rows are customers' values in plain text."""
    if sys.stdout.isatty():
        message = "the rows have personal values, which a terminal would show"
        hint = (
            f"Write a file: penstock rejects {request_id}{option} --output FILE. A pipe works too. To see some of them "
            f"masked: penstock rejected-rows {request_id}{option}"
        )
        raise BadUsage(refusal("shown_on_terminal", message, hint).faults)


def save(parts: Iterable[bytes], path: Path) -> int:
    """Write the file, readable by its owner only; returns the number of rows without the header.

    An existing file is replaced only when the new one is complete. The rows are customers' values in plain text.
    """
    if path.exists() and not path.is_file():  # such as /dev/stdout
        with path.open("wb") as device:
            return _write(parts, device)
    with _temporary(path) as file:
        try:
            rows = _write(parts, file)
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink()
            raise
    return rows


def _temporary(path: Path) -> Any:
    """A new file beside `path`, whose name no error shows."""
    try:
        return tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None


def _write(parts: Iterable[bytes], file: Any) -> int:
    """Write the file; returns its number of rows."""
    rest = iter(parts)
    first = next(rest, b"")
    file.write(first)
    file_format, header = _opened(first)
    body = chain([first[header.body_start :]], _written(rest, file))
    rows = 0
    for chunk in chunks(body, file_format, first_line=1, chunk_bytes=BLOCK_BYTES, max_row_bytes=Limits().row_bytes):
        # One that is too long to be kept is a single row.
        rows += 1 if chunk.body is None else len(file_format.split_rows(chunk.body.decode(errors="replace"), 1).rows)
    file.flush()
    return rows


def _written(parts: Iterable[bytes], file: Any) -> Iterator[bytes]:
    """The parts, each written as it is read."""
    for part in parts:
        file.write(part)
        yield part


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
    number = int(line) if line.isascii() and line.isdigit() else None  # of a child's row that corrects no known line
    return {"line": number, "reasons": [_code(reason) for reason in _BETWEEN_REASONS.split(reasons)], "cells": cells}


def _code(reason: str) -> str:
    """A reason in words as its code, or `code:column`."""
    match = _REASON.fullmatch(reason)
    return ":".join(filter(None, (match["code"], match["column"]))) if match else reason


def _opened(head: bytes) -> tuple[TabularFormat, HeaderCells]:
    """The format of a reject file, from its header or its first row."""
    file_format = tabular_format(detect_format(head))
    return file_format, file_format.read_header(head, text_start(head), max_columns=MAX_SAMPLE_COLUMNS, complete=True)
