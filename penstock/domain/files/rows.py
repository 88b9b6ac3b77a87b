"""Rows: from a chunk's bytes to columns of cells, with a reject for each row that cannot be read.

Only a newline ends a row; a carriage return right before it belongs to the line end. All else (lone carriage returns,
vertical tabs, U+2028, quotes) is text. A line with nothing on it is no row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from penstock.domain.files.rejects import Reject

SET_ASIDE = "processing_failed"  # why the rows of a chunk that could not be processed are rejected


class Table(NamedTuple):
    """Readable rows, column by column. `lines` are their line numbers in the file, `raw` their text without line
    ends."""

    lines: Sequence[int]
    raw: Sequence[str]
    columns: Sequence[Sequence[str]]


class Parsed(NamedTuple):
    table: Table
    rejects: list[Reject]


def parse(body: bytes, *, first_line: int, width: int, cell_bytes: int) -> Parsed:
    """The rows of `body`, which holds whole lines. `width` is the number of columns that each row must have."""
    text = _decoded(body)
    lines: Sequence[int]
    if text is None or "\0" in text:
        lines, raw, rejects = _readable_lines(body, first_line)
    else:
        lines, raw, rejects = _text_lines(text, first_line)
    faulty = _misshapen(raw, width, cell_bytes)
    if faulty:
        rejects += [Reject(line=lines[at], reasons=(reason,), row=raw[at].encode()) for at, reason in faulty.items()]
        kept = [at for at in range(len(raw)) if at not in faulty]
        lines, raw = [lines[at] for at in kept], [raw[at] for at in kept]
    cells = "\t".join(raw).split("\t") if raw else []
    return Parsed(Table(lines, raw, [cells[at::width] for at in range(width)]), rejects)


def _decoded(body: bytes) -> str | None:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def _text_lines(text: str, first_line: int) -> tuple[Sequence[int], list[str], list[Reject]]:
    raw = text.split("\n")
    if not raw[-1]:
        raw.pop()
    if "\r" in text:
        raw = [line[:-1] if line.endswith("\r") else line for line in raw]
    lines: Sequence[int] = range(first_line, first_line + len(raw))
    if "" in raw:
        kept = [(line, row) for line, row in zip(lines, raw, strict=True) if row]
        return [line for line, _ in kept], [row for _, row in kept], []
    return lines, raw, []


def _readable_lines(body: bytes, first_line: int) -> tuple[list[int], list[str], list[Reject]]:
    """The slow way, line by line: taken only when some byte of the chunk is NUL or not UTF-8."""
    lines: list[int] = []
    raw: list[str] = []
    rejects: list[Reject] = []
    for number, row in enumerate(body.split(b"\n"), first_line):
        row = row.removesuffix(b"\r")
        text = _decoded(row)
        if text is None or "\0" in text:
            reason = "not_utf8" if text is None else "contains_nul"
            rejects.append(Reject(line=number, reasons=(reason,), row=row))
        elif text:
            lines.append(number)
            raw.append(text)
    return lines, raw, rejects


def _misshapen(raw: Sequence[str], width: int, cell_bytes: int) -> dict[int, str]:
    """Index and reason of each row with a wrong number of fields or a cell over the limit."""
    tabs = [row.count("\t") for row in raw]
    faulty = {}
    if set(tabs) - {width - 1}:
        faulty = {at: "wrong_field_count" for at, count in enumerate(tabs) if count != width - 1}
    # A character has at most 4 bytes in UTF-8, so that mostly no row need be looked at.
    if 4 * max(map(len, raw), default=0) > cell_bytes:
        large = (at for at, row in enumerate(raw) if at not in faulty and _longest_cell(row) > cell_bytes)
        faulty |= dict.fromkeys(large, "cell_too_large")
    return faulty


def _longest_cell(row: str) -> int:
    """In bytes."""
    return max(len(cell.encode()) for cell in row.split("\t"))
