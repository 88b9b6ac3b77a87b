"""NDJSON: one JSON object a line, whose keys name the columns.

The columns are the keys of the rows in the first MiB, in the order in which they appear, with those of objects within
objects (`json_keys.py`). A number's cell is its text in the file, so `1.10` and long numbers stay as written; true and
false likewise. A missing key and null are blanks.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from itertools import islice
from operator import attrgetter
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

from penstock.domain.errors import Fault
from penstock.domain.files import delimited
from penstock.domain.files.delimited import NEWLINE_BYTE, NUL
from penstock.domain.files.json_keys import (
    FLAT,
    SEPARATORS,
    UNDECODABLE,
    Keys,
    Places,
    members_of,
    places_of,
    values_of,
    with_used,
)
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
_value = msgspec.json.Decoder(float_hook=str)
_NULL = msgspec.Raw(b"null")
_NUMBER = re.compile("[0-9]{1,15}")
_ESCAPED_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")  # after an even number of backslashes
_EMPTY: Mapping[bytes, Any] = MappingProxyType({b"{": {}, b"[": []})  # of nested values by their first byte


class _RowDecoder(NamedTuple):
    """`decode` makes a record of a row's text, of which `values` takes those of the columns that are used."""

    decode: Callable[[str], Any]
    values: Callable[[Any], tuple[Any, ...]]
    places: Places


class Ndjson:
    """`TabularFormat` for NDJSON. Its dialect is the separator of `json_keys.py`."""

    looks_ahead = False
    names_every_row = True

    def __init__(self, separator: str) -> None:
        self._separator = separator

    def read_header(self, head: bytes, start: int, *, max_columns: int, complete: bool) -> HeaderCells:
        sample = head[start:MAX_HEADER_BYTES]
        if not (complete and len(head) <= MAX_HEADER_BYTES):
            sample = sample[: sample.rfind(NEWLINE_BYTE) + 1]
        if not sample:
            return HeaderCells((), 0, len(head), _FIRST_LINE, [delimited.header_too_long()])
        keys = _keys(sample)
        names = [column.encode() for column in islice(keys.columns(self._separator), max_columns)]
        total = keys.count(self._separator)
        return HeaderCells(names, total, start, _FIRST_LINE, () if names else [_no_objects()])

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
        places = sorted(used)
        records, faulty = self._decoded(rows, header, places)
        columns = dict(zip(places, zip(*records, strict=True), strict=True)) if records else dict.fromkeys(places, ())
        kept = [at for at in range(len(rows)) if at not in faulty] if faulty else range(len(rows))
        is_long = 4 * max(map(len, rows), default=0) > max_cell_bytes  # see `delimited.py`
        cells: list[Sequence[str]] = [("",) * len(records)] * len(header)
        found: dict[int, str] = {}
        for place, values in columns.items():
            cells[place], errors = _texts(values, max_cell_bytes if is_long else None)
            for at, code in errors.items():
                found.setdefault(at, f"{code}:{header[place]}" if code == NESTED_VALUE else code)
        if found:
            cells = [[cell for at, cell in enumerate(column) if at not in found] for column in cells]
        return Cells(cells, faulty | {kept[at]: reason for at, reason in found.items()})

    def nested(self, rows: Sequence[str], header: Sequence[str]) -> Mapping[int, Nested]:
        records, _ = self._decoded(rows, header, range(len(header)))
        counted = {at: _nested(values) for at, values in enumerate(zip(*records, strict=True))}
        return {at: each for at, each in counted.items() if each.objects or each.arrays}

    def unknown_columns(self, rows: Sequence[str], header: Sequence[str]) -> Mapping[str, int]:
        places = places_of(header, self._separator)
        read = (values_of(members_of(row.encode()) or {}, places, self._separator) for row in rows)
        return Counter(value.column for values in read for value in values if value.place is None)

    def _decoded(
        self, rows: Sequence[str], header: Sequence[str], used: Sequence[int]
    ) -> tuple[list[tuple[Any, ...]], dict[int, str]]:
        """The values of the used columns in each valid row, and the reason for each faulty row by its index."""
        decoder = _decoder(tuple(header), tuple(used), self._separator)
        try:
            return list(map(decoder.values, map(decoder.decode, rows))), {}
        except UNDECODABLE:
            pass
        records, faulty = [], {}
        for at, row in enumerate(rows):
            try:
                records.append(decoder.values(decoder.decode(row)))
            except UNDECODABLE:
                members = members_of(row.encode())
                found = list(values_of(members or {}, decoder.places, self._separator))
                if members is None or any(value.place is None for value in found):
                    faulty[at] = NOT_AN_OBJECT if members is None else UNKNOWN_KEY
                else:
                    values = {value.place: _value_of(value.json) for value in found}
                    records.append(tuple(values.get(place) for place in used))
        return records, faulty

    def cells(self, row: str, header: Sequence[str]) -> list[str]:
        members = members_of(row.encode())
        if members is None:
            return [row]
        found = list(values_of(members, places_of(header, self._separator), self._separator))
        texts = {value.place: _display_text(value.json) for value in found if value.place is not None}
        others = [_display_text(value.json) for value in found if value.place is None]
        return [*(texts.get(place, "") for place in range(len(header))), *others]

    def write_rejects(self, file: RejectedFile, rejects: Iterable[Reject]) -> Iterator[bytes]:
        places = places_of(file.names_in_file, self._separator)
        return map(partial(_reject_line, file, places, self._separator), rejects)


NDJSON: Mapping[str, Ndjson] = MappingProxyType({each: Ndjson(each) for each in (FLAT, *SEPARATORS)})


def is_ndjson(head: bytes, start: int) -> bool:
    """Whether the first line that is not blank is a JSON object; false if the line does not end within `head`."""
    line = head[start:].lstrip().partition(NEWLINE_BYTE)[0]
    return members_of(line) is not None


def detect_separator(head: bytes, start: int) -> str | None:
    """The dialect of a file of JSON objects, None for another one."""
    return _keys(head[start:MAX_HEADER_BYTES]).separator if is_ndjson(head, start) else None


def _keys(lines: bytes) -> Keys:
    keys = Keys()
    for line in lines.split(NEWLINE_BYTE):
        keys.add(members_of(line) or {})
    return keys


@lru_cache(_CACHED_DECODERS)
def _decoder(header: tuple[str, ...], used: tuple[int, ...], separator: str) -> _RowDecoder:
    """Decodes rows with these columns, without reading the values of those that are not used."""
    places = with_used(places_of(header, separator), frozenset(used))
    values = _getter(dict(_field_paths(places)), used)
    row = _row_type(places, frozenset(used))
    return _RowDecoder(msgspec.json.Decoder(row, float_hook=str).decode, values, places)


def _getter(fields: Mapping[int, str], used: Sequence[int]) -> Callable[[Any], tuple[Any, ...]]:
    """Takes the values of the used columns from a record; a column without a field has none."""
    if len(used) > 1 and all(place in fields for place in used):
        return attrgetter(*(fields[place] for place in used))
    getters = [attrgetter(fields[place]) if place in fields else lambda _: "" for place in used]
    return lambda record: tuple(get(record) for get in getters)


def _row_type(places: Places, used: Collection[int]) -> type[msgspec.Struct]:
    fields: list[tuple[str, Any, Any]] = []
    for number, below in enumerate(places.values()):
        if isinstance(below, dict):
            inner = _row_type(below, used)
            fields.append((f"f{number}", inner, msgspec.field(default_factory=inner)))
        elif below in used:
            fields.append((f"f{number}", Any, ""))
        else:
            fields.append((f"f{number}", msgspec.Raw, msgspec.Raw(b'""')))
    names = {f"f{number}": name for number, name in enumerate(places)}
    return msgspec.defstruct("Row", fields, rename=names, forbid_unknown_fields=True, gc=False)


def _field_paths(places: Places, prefix: str = "") -> Iterator[tuple[int, str]]:
    """Each column's place, and the fields of `_row_type` that lead to its value."""
    for number, below in enumerate(places.values()):
        path = f"{prefix}f{number}"
        if isinstance(below, dict):
            yield from _field_paths(below, f"{path}.")
        else:
            yield below, path


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


def _reject_line(file: RejectedFile, places: Places, separator: str, reject: Reject) -> bytes:
    """An object with the columns and the other members of the row, names and texts neutralised as cells are."""
    row = _ESCAPED_NUL.sub(r"\1\\ufffd", reject.row.decode(errors="replace").replace(NUL, "\ufffd"))
    members = members_of(row.encode())
    number = file.line(reject, _display_text((members or {}).get(LINE_COLUMN, _NULL)))
    first = (int(number) if _NUMBER.fullmatch(number) else number or None, neutralise_cell("; ".join(reject.reasons)))
    line: dict[str, Any] = dict(zip(REJECT_COLUMNS, first, strict=True))
    if members is None:
        members, line[ROW_KEY] = {}, neutralise_cell(row)
    found = list(values_of(members, places, separator))
    by_place = {value.place: value.json for value in found}
    # With all columns, so that the mapping fits however few rows there are.
    for place, (column, name) in enumerate(zip(file.columns, file.names_in_file, strict=True)):
        if not (file.corrected and name in REJECT_COLUMNS):
            line.setdefault(neutralise_cell(column), _neutralised(by_place.get(place, _NULL), file.corrected))
    free_names = NumberedNames({*REJECT_COLUMNS, *file.columns})
    for value in found:
        if value.place is None and not (file.corrected and value.column in REJECT_COLUMNS):
            name = free_names.free(restore_cell(value.column) if file.corrected else value.column)
            line.setdefault(neutralise_cell(name), _neutralised(value.json, file.corrected))
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
