"""Where rows end when quotes may hold delimiters and line breaks, in text and in bytes alike.

A cell is quoted if it begins with a quote. Its closing quote is the first one that is not doubled, and the delimiter or
the end of the row must follow it. A row whose quotes do not obey this is invalid and ends with its first line, so that
a quote that never closes costs one row.
"""

from __future__ import annotations

import re
from typing import Any, AnyStr, Generic, NamedTuple

_CELL = r'(?:"[^"]*+(?:""[^"]*+)*+"|[^"{0}\n][^{0}\n]*+|)'
_ROW = _CELL + r"(?:{0}" + _CELL + r")*+"
_WHOLE_ROW = _ROW + r"\r?(?:\n|\Z)"
_UP_TO_FAULT = _ROW + r'(?:{0}?"[^"]*+(?:""[^"]*+)*+)?+'  # then, perhaps, a quoted cell that does not close


class Stretch(NamedTuple):
    """Bytes or text up to `end`: one row if `is_row`, otherwise rows of one line each."""

    end: int
    is_row: bool


class QuotedRows(Generic[AnyStr]):
    """Finds rows in values of the type of `delimiter`."""

    def __init__(self, delimiter: AnyStr) -> None:
        mark = re.escape(delimiter.decode() if isinstance(delimiter, bytes) else delimiter)
        self._row: re.Pattern[Any] = re.compile(_as(delimiter, _ROW.format(mark)))
        self._whole_row: re.Pattern[Any] = re.compile(_as(delimiter, _WHOLE_ROW.format(mark)))
        self._up_to_fault: re.Pattern[Any] = re.compile(_as(delimiter, _UP_TO_FAULT.format(mark)))
        self._quote: Any = _as(delimiter, '"')
        self._newline: Any = _as(delimiter, "\n")

    def is_valid(self, row: AnyStr) -> bool:
        """Whether the quotes of a row without its line end are valid."""
        return self._row.fullmatch(row) is not None

    def first_quoted_row(self, rows: AnyStr | bytearray, start: int, to: int) -> int:
        """The start of the first row in rows[start:to] whose first line has a quote, or -1. A row begins at `start`,
        and the lines before the result are rows."""
        quote = rows.find(self._quote, start, to)
        return max(start, rows.rfind(self._newline, start, quote) + 1) if quote >= 0 else -1

    def stretch(self, rows: AnyStr | bytearray, start: int, max_row: int) -> Stretch:
        """The row at `start`; or, if it is invalid, its first line with the lines that are rows for the same reason.

        Takes a time in proportion to the length of the stretch and of one more line, even if no quote ever closes: a
        search that ends within quotes after some lines has the same end from each of these lines.
        """
        row = self._whole_row.match(rows, start)
        if row is not None and row.end() - start <= max_row:
            return Stretch(row.end(), is_row=True)
        if row is not None:
            return Stretch(self._next_line(rows, row.end() - max_row - 1, start), is_row=False)
        fault = self._up_to_fault.match(rows, start)
        assert fault is not None, "the pattern also matches nothing"
        if fault.end() == len(rows):
            return Stretch(len(rows), is_row=False)
        line = rows.rfind(self._newline, start, fault.end()) + 1
        return Stretch(line if line > start else self._next_line(rows, start, start), is_row=False)

    def _next_line(self, rows: AnyStr | bytearray, at: int, start: int) -> int:
        """The start of the first line that begins after `at` and `start`."""
        return rows.find(self._newline, max(at, start)) + 1 or len(rows)


def _as(like: str | bytes, pattern: str) -> Any:
    return pattern.encode() if isinstance(like, bytes) else pattern
