"""Inspection: what a file is and how it could be mapped, from its head, before anything is stored."""

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

LOOKED_AT_BYTES = MAX_HEADER_BYTES + 64 * 1024  # plain
SAMPLE_ROWS = 10
SHOWN_CELL = 200  # characters
SHOWN_COLUMNS = 5_000

_IDENTIFIERS = frozenset({"crmid", "loyalty_id", "email"})  # a phone may be a household's
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
    """What a column could feed; None when nothing known has nearly its name."""

    column: str
    attribute: Attribute | None
    identifier: bool


class Inspection(NamedTuple):
    """The head of a file: `compression` is plain, gzip or zstd; `broken` says why it could not be decompressed."""

    compression: str
    head: bytes
    complete: bool
    broken: list[Fault]

    def faults(self, mapping: SavedMapping | None, limits: Limits) -> list[Fault]:
        """All that is wrong with the header, and with `mapping` for this file."""
        if self.broken:
            return self.broken
        try:
            parse_header(self.head, mapping=mapping, limits=limits, complete=self.complete)
        except Refused as refused:
            return refused.faults
        return []

    def lines(self) -> list[list[str]]:
        """The cells of the header and of up to `SAMPLE_ROWS` rows, as they stand in the file; only whole rows."""
        file_format = tabular_format(detect_format(self.head))
        header = file_format.read_header(
            self.head, text_start(self.head), max_columns=SHOWN_COLUMNS, complete=self.complete
        )
        if not any(header.cells):
            return []
        names = [cell.decode(errors="replace") for cell in header.cells]
        rows = [file_format.cells(row) for row in self._rows(file_format, header)[:SAMPLE_ROWS]]
        return [[cell[:SHOWN_CELL] for cell in cells[:SHOWN_COLUMNS]] for cells in [names, *rows]]

    def _rows(self, file_format: TabularFormat, header: HeaderCells) -> Sequence[str]:
        """The whole rows that the head of the file has."""
        last = file_format.scanner().last_end(self.head, header.body_start, len(self.head))
        end = len(self.head) if self.complete else last.offset if last else header.body_start
        body = self.head[header.body_start : end].decode(errors="replace")
        return file_format.split_rows(body, header.first_line).rows


def inspect(parts: Iterable[bytes], limits: Limits) -> Inspection:
    """Look at the head of the file that comes in `parts`; the rest is not taken."""
    watched = _First(parts)
    head = bytearray()
    try:
        for piece in plain(watched, limits=limits):
            head += piece
            if len(head) >= LOOKED_AT_BYTES:
                return Inspection(compression_of(bytes(watched.first)), bytes(head), False, [])
    except Refused as refused:
        return Inspection(compression_of(bytes(watched.first)), bytes(head), False, refused.faults)
    return Inspection(compression_of(bytes(watched.first)), bytes(head), True, [])


def suggest(columns: Iterable[str], known: Mapping[str, Attribute]) -> list[Suggestion]:
    """For each column the attribute that has nearly its name; each attribute once, to the first such column."""
    by_letters = {letters: known[name] for letters, name in _OTHER_NAMES.items() if name in known}
    for attribute in known.values():
        by_letters[_letters(attribute.display_name)] = attribute
    for attribute in known.values():
        by_letters[_letters(attribute.name)] = attribute
    suggestions = []
    taken: set[str] = set()
    for column in columns:
        found = by_letters.get(_letters(column))
        if found is not None and found.name in taken:
            found = None
        elif found is not None:
            taken.add(found.name)
        suggestions.append(Suggestion(column, found, found is not None and found.name in _IDENTIFIERS))
    return suggestions


class _First:
    """Passes a file's bytes on, and keeps the first few."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        self._parts = parts
        self.first = bytearray()

    def __iter__(self) -> Iterator[bytes]:
        for part in self._parts:
            self.first += part[: max(0, MAGIC_BYTES - len(self.first))]
            yield part


def _letters(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))
