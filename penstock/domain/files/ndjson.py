"""NDJSON: one flat JSON object a line, whose keys name the columns.

The columns are the keys of the rows in the first MiB, in the order in which they appear. A number's cell is its text in
the file, so `1.10` and long numbers stay as written; true and false likewise. A missing key and null are blanks.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from types import MappingProxyType
from typing import Any

import msgspec

from penstock.domain.errors import Fault
from penstock.domain.files import delimited
from penstock.domain.files.delimited import NEWLINE_BYTE, NUL
from penstock.domain.files.rejects import (
    LINE_COLUMN,
    REJECT_COLUMNS,
    Reject,
    RejectedFile,
    neutralise_cell,
    restore_cell,
)
from penstock.domain.files.tabular_format import (
    CELL_TOO_LARGE,
    MAX_HEADER_BYTES,
    NESTED_VALUE,
    NOT_AN_OBJECT,
    UNKNOWN_KEY,
    Cells,
    HeaderCells,
    Nested,
    RawRows,
)
from penstock.domain.numbered_names import NumberedNames

ROW_KEY = "penstock_row"  # of a reject that is not an object

_FIRST_LINE = 1
_CACHED_DECODERS = 8  # of requests whose chunks come by turns
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_value = msgspec.json.Decoder(float_hook=str)
_NULL = msgspec.Raw(b"null")
_NUMBER = re.compile("[0-9]{1,15}")
_ESCAPED_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")  # after an even number of backslashes
_EMPTY: Mapping[bytes, Any] = MappingProxyType({b"{": {}, b"[": []})  # of nested values by their first byte
_UNDECODABLE = (msgspec.DecodeError, ValueError, RecursionError)  # the last one by a line that is nested too deeply
_RowDecoder = msgspec.json.Decoder[Any]


class Ndjson:
    """`TabularFormat` for NDJSON, which has one dialect."""

    looks_ahead = False

    def read_header(self, head: bytes, start: int, *, max_columns: int, complete: bool) -> HeaderCells:
        sample = head[start:MAX_HEADER_BYTES]
        if not (complete and len(head) <= MAX_HEADER_BYTES):
            sample = sample[: sample.rfind(NEWLINE_BYTE) + 1]
        if not sample:
            return HeaderCells((), 0, len(head), _FIRST_LINE, [delimited.header_too_long()])
        keys = dict.fromkeys(key for line in sample.split(NEWLINE_BYTE) for key in _members(line) or ())
        names = [key.encode() for key in keys]
        return HeaderCells(names[:max_columns], len(names), start, _FIRST_LINE, () if names else [_no_objects()])

    def last_row_end(self, rows: bytearray, to: int, *, max_row_bytes: int) -> int:  # noqa: ARG002
        return delimited.last_line_end(rows, to)

    def first_row_end(self, rows: bytearray, *, max_row_bytes: int) -> int:  # noqa: ARG002
        return delimited.first_line_end(rows)

    def has_nul(self, text: str) -> bool:
        # The fastest searches come first: one character, a text, a pattern.
        escaped = "\\" in text and r"\u0000" in text and _ESCAPED_NUL.search(text) is not None
        return escaped or NUL in text

    def split_rows(self, text: str, first_line: int) -> RawRows:
        return delimited.split_lines(text, first_line)

    def parse_cells(
        self, rows: Sequence[str], header: Sequence[str], *, used: Collection[int], max_cell_bytes: int
    ) -> Cells:
        decoder = _decoder(tuple(header), frozenset(used))
        records, faulty = _decoded(rows, header, decoder)
        columns = list(zip(*map(msgspec.structs.astuple, records), strict=True)) or [()] * len(header)
        kept = [at for at in range(len(rows)) if at not in faulty] if faulty else range(len(rows))
        is_long = 4 * max(map(len, rows), default=0) > max_cell_bytes  # see `delimited.py`
        cells: list[Sequence[str]] = [("",) * len(records)] * len(header)
        found: dict[int, str] = {}
        for place in used:
            cells[place], errors = _texts(columns[place], max_cell_bytes if is_long else None)
            for at, code in errors.items():
                found.setdefault(at, f"{code}:{header[place]}" if code == NESTED_VALUE else code)
        if found:
            cells = [[cell for at, cell in enumerate(column) if at not in found] for column in cells]
        return Cells(cells, faulty | {kept[at]: reason for at, reason in found.items()})

    def nested(self, rows: Sequence[str], header: Sequence[str]) -> Mapping[int, Nested]:
        records, _ = _decoded(rows, header, _decoder(tuple(header), frozenset(range(len(header)))))
        columns = zip(*map(msgspec.structs.astuple, records), strict=True)
        counted = {at: _nested(values) for at, values in enumerate(columns)}
        return {at: each for at, each in counted.items() if each.objects or each.arrays}

    def cells(self, row: str, header: Sequence[str]) -> list[str]:
        members = _members(row.encode())
        if members is None:
            return [row]
        texts = {key: _display_text(value) for key, value in members.items()}
        return [*(texts.pop(name, "") for name in header), *texts.values()]

    def write_rejects(self, file: RejectedFile, rejects: Iterable[Reject]) -> Iterator[bytes]:
        renamed = dict(zip(file.names_in_file, file.columns, strict=True))
        return map(partial(_reject_line, file, renamed), rejects)


NDJSON = Ndjson()


def is_ndjson(head: bytes, start: int) -> bool:
    """Whether the first line that is not blank is a JSON object; false if the line does not end within `head`."""
    line = head[start:].lstrip().partition(NEWLINE_BYTE)[0]
    return _members(line) is not None


def _members(line: bytes) -> dict[str, msgspec.Raw] | None:
    """The members of an object with their text, or None."""
    try:
        return _object.decode(line)
    except _UNDECODABLE:
        return None


@lru_cache(_CACHED_DECODERS)
def _decoder(header: tuple[str, ...], used: frozenset[int]) -> _RowDecoder:
    """Decodes rows with these keys, without reading the values of those that are not used."""
    fields = [
        (f"c{place}", Any, "") if place in used else (f"c{place}", msgspec.Raw, msgspec.Raw(b'""'))
        for place in range(len(header))
    ]
    names = {f"c{place}": name for place, name in enumerate(header)}
    row = msgspec.defstruct("Row", fields, rename=names, forbid_unknown_fields=True, gc=False)
    return msgspec.json.Decoder(row, float_hook=str)


def _decoded(rows: Sequence[str], header: Sequence[str], decoder: _RowDecoder) -> tuple[list[Any], dict[int, str]]:
    """The objects of the valid rows, and the reason for each faulty row by its index."""
    try:
        return list(map(decoder.decode, rows)), {}
    except _UNDECODABLE:
        pass
    records, faulty, known = [], {}, frozenset(header)
    for at, row in enumerate(rows):
        try:
            records.append(decoder.decode(row))
        except _UNDECODABLE:
            members = _members(row.encode())
            if members is None or not known.issuperset(members):
                faulty[at] = NOT_AN_OBJECT if members is None else UNKNOWN_KEY
            else:
                records.append(decoder.type(*(_value_of(members.get(name, _NULL)) for name in header)))
    return records, faulty


def _value_of(value: msgspec.Raw) -> Any:
    """A member's value: an empty one if it is nested, so that its depth does not matter, and the text of an integer
    that is too long for Python."""
    empty = _EMPTY.get(bytes(value).lstrip()[:1])
    if empty is not None:
        return empty
    try:
        return _value.decode(value)
    except msgspec.ValidationError:
        return bytes(value).decode()


def _texts(values: Sequence[Any], max_bytes: int | None) -> tuple[Sequence[str], dict[int, str]]:
    """A column's cells, and the reason for each that is nested or too large by its index."""
    types = set(map(type, values))
    errors = {}
    if types - {str}:
        if types & {dict, list}:
            errors = {at: NESTED_VALUE for at, value in enumerate(values) if isinstance(value, dict | list)}
        values = list(map(str, values)) if types == {int} else list(map(_text, values))
    if max_bytes is not None:
        errors |= {at: CELL_TOO_LARGE for at, cell in enumerate(values) if len(cell.encode()) > max_bytes}
    return values, errors


def _nested(values: Sequence[Any]) -> Nested:
    types = Counter(map(type, values))
    return Nested(types[dict], types[list], sum(value not in (None, "") for value in values))


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _display_text(value: msgspec.Raw) -> str:
    """A cell of one row; a nested value is shown as it is."""
    decoded = _value_of(value)
    return bytes(value).decode() if isinstance(decoded, dict | list) else _text(decoded)


def _reject_line(file: RejectedFile, renamed: Mapping[str, str], reject: Reject) -> bytes:
    """An object with the columns and the other members of the row, names and texts neutralised as cells are."""
    row = _ESCAPED_NUL.sub(r"\1\\ufffd", reject.row.decode(errors="replace").replace(NUL, "\ufffd"))
    members = _members(row.encode())
    number = file.line(reject, _display_text((members or {}).get(LINE_COLUMN, _NULL)))
    first = (int(number) if _NUMBER.fullmatch(number) else number or None, neutralise_cell("; ".join(reject.reasons)))
    line: dict[str, Any] = dict(zip(REJECT_COLUMNS, first, strict=True))
    if members is None:
        members, line[ROW_KEY] = {}, neutralise_cell(row)
    free_names = NumberedNames({*REJECT_COLUMNS, *file.columns})  # for keys that are no columns
    # With all columns, so that the mapping fits however few rows there are.
    for key, value in {**dict.fromkeys(renamed), **members}.items():
        if not (file.corrected and key in REJECT_COLUMNS):
            name = renamed.get(key) or free_names.free(restore_cell(key) if file.corrected else key)
            line.setdefault(neutralise_cell(name), value and _neutralised(value, file.corrected))
    return msgspec.json.encode(line) + NEWLINE_BYTE


def _neutralised(value: msgspec.Raw, corrected: bool) -> Any:
    if not bytes(value).lstrip().startswith(b'"'):
        return value
    decoded = _value.decode(value)
    return neutralise_cell(restore_cell(decoded) if corrected else decoded)


def _no_objects() -> Fault:
    return Fault(
        code="no_json_objects",
        message="no line at the start of the file is a JSON object",
        hint="Write one object per line, without a comma between them.",
    )
