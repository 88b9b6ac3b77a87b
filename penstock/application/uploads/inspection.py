"""Inspection: detects a file's format and suggests a mapping, from its first bytes; stores nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from penstock.domain.errors import Fault, Refused
from penstock.domain.files.compression import MAGIC_BYTES, compression_of, plain
from penstock.domain.files.formats import detect_format, tabular_format, text_start
from penstock.domain.files.header import parse_header
from penstock.domain.files.tabular_format import MAX_HEADER_BYTES, HeaderCells, TabularFormat
from penstock.domain.mapping.attributes import Attribute
from penstock.domain.mapping.mapping import Limits
from penstock.domain.mapping.mapping import Mapping as SavedMapping

HEAD_BYTES = MAX_HEADER_BYTES + 64 * 1024  # plain
SAMPLE_ROWS = 10
MAX_SAMPLE_CELL = 200  # characters
MAX_SAMPLE_COLUMNS = 5_000

_IDENTIFIERS = frozenset({"crmid", "loyalty_id", "email"})  # a household may share a phone
_OTHER_NAMES = {
    "mail": "email",
    "customerid": "crmid",
    "customernumber": "crmid",
    "tel": "phone",
    "telephone": "phone",
    "zip": "postal_code",
    "zipcode": "postal_code",
    "postcode": "postal_code",
    "dob": "birth_date",
    "surname": "last_name",
    "state": "region",
}


class Suggestion(NamedTuple):
    """The attribute that a column could feed; None when no attribute has a similar name."""

    column: str
    attribute: Attribute | None
    identifier: bool


class Inspection(NamedTuple):
    """The head of a file. `compression`: plain, gzip or zstd; `decompression_faults`: why it cannot be decompressed."""

    compression: str
    head: bytes
    complete: bool
    decompression_faults: list[Fault]

    def faults(self, mapping: SavedMapping | None, limits: Limits) -> list[Fault]:
        """All faults of the header, and of `mapping` for this file."""
        if self.decompression_faults:
            return self.decompression_faults
        try:
            parse_header(self.head, mapping=mapping, limits=limits, complete=self.complete)
        except Refused as refused:
            return refused.faults
        return []

    def lines(self) -> list[list[str]]:
        """The cells of the header and of up to `SAMPLE_ROWS` complete rows, as in the file."""
        file_format = tabular_format(detect_format(self.head))
        header = file_format.read_header(
            self.head, text_start(self.head), max_columns=MAX_SAMPLE_COLUMNS, complete=self.complete
        )
        if not any(header.cells):
            return []
        names = [cell.decode(errors="replace") for cell in header.cells]
        rows = [file_format.cells(row, names) for row in self._rows(file_format, header)[:SAMPLE_ROWS]]
        return [[cell[:MAX_SAMPLE_CELL] for cell in cells[:MAX_SAMPLE_COLUMNS]] for cells in [names, *rows]]

    def _rows(self, file_format: TabularFormat, header: HeaderCells) -> Sequence[str]:
        """The complete rows in the head of the file."""
        end = len(self.head) if self.complete else max(self.head.rfind(b"\n") + 1, header.body_start)
        body = self.head[header.body_start : end].decode(errors="replace")
        return file_format.split_rows(body, header.first_line).rows


def inspect(parts: Iterable[bytes], limits: Limits) -> Inspection:
    """Inspect the head of a file; does not consume the remaining `parts`."""
    observed = _First(parts)
    head = bytearray()
    try:
        for piece in plain(observed, limits=limits):
            head += piece
            if len(head) >= HEAD_BYTES:
                return Inspection(compression_of(bytes(observed.first)), bytes(head), False, [])
    except Refused as refused:
        return Inspection(compression_of(bytes(observed.first)), bytes(head), False, refused.faults)
    return Inspection(compression_of(bytes(observed.first)), bytes(head), True, [])


def suggest(columns: Iterable[str], known: Mapping[str, Attribute]) -> list[Suggestion]:
    """For each column, the attribute with a similar name; each attribute is suggested only once."""
    by_spelling = {spelling: known[name] for spelling, name in _OTHER_NAMES.items() if name in known}
    for attribute in known.values():
        by_spelling[_spelling_key(attribute.display_name)] = attribute
    for attribute in known.values():
        by_spelling[_spelling_key(attribute.name)] = attribute
    suggestions = []
    taken: set[str] = set()
    for column in columns:
        found = by_spelling.get(_spelling_key(column))
        if found is not None and found.name in taken:
            found = None
        elif found is not None:
            taken.add(found.name)
        suggestions.append(Suggestion(column, found, found is not None and found.name in _IDENTIFIERS))
    return suggestions


class _First:
    """Passes a file's bytes through, and keeps the first few."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        self._parts = parts
        self.first = bytearray()

    def __iter__(self) -> Iterator[bytes]:
        for part in self._parts:
            self.first += part[: max(0, MAGIC_BYTES - len(self.first))]
            yield part


def _spelling_key(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))
