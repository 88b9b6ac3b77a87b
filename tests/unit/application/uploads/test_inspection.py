"""What an inspection reports of a file from its head."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from typing import Any

from penstock.application.uploads.inspection import HEAD_BYTES, MAX_SAMPLE_CELL, SAMPLE_ROWS, inspect, suggest
from penstock.domain.mapping.builtin_attributes import BUILTIN
from penstock.domain.mapping.mapping import ColumnMapping, Limits, Mapping

LIMITS = Limits()


def test_a_whole_small_file() -> None:
    seen = inspect([b"\xef\xbb\xbfcrmid\tname\r\n", b"c1\tAnn\r\n\r\nc2\tBob"], LIMITS)
    assert (seen.compression, seen.complete, seen.decompression_faults) == ("plain", True, [])
    assert seen.lines() == [["crmid", "name"], ["c1", "Ann"], ["c2", "Bob"]]
    assert seen.faults(None, LIMITS) == []


def test_only_the_head_is_taken() -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += 8_192
            yield b"crmid\tx\n" * 1_024

    seen = inspect(endless(), Limits(file_bytes=1 << 60))
    assert not seen.complete
    assert taken <= HEAD_BYTES + 65_536
    assert len(seen.lines()) == SAMPLE_ROWS + 1


def test_the_compression_is_recognised_in_pieces_of_any_size() -> None:
    packed = gzip.compress(b"crmid\nc1\n")
    seen = inspect((packed[at : at + 1] for at in range(len(packed))), LIMITS)
    assert (seen.compression, seen.lines()) == ("gzip", [["crmid"], ["c1"]])


def test_a_cut_file_is_reported_with_what_was_read() -> None:
    seen = inspect([gzip.compress(b"crmid\nc1\nc2")[:-9]], LIMITS)
    assert [fault.code for fault in seen.faults(None, LIMITS)] == ["truncated_file"]


def test_a_mapping_is_checked_when_there_is_one() -> None:
    mapping = Mapping(
        data_source="crm", version=1, columns=(ColumnMapping(column="id", attribute="crmid", identifier=True),)
    )
    seen = inspect([b"crmid\nc1\n"], LIMITS)
    assert [fault.code for fault in seen.faults(mapping, LIMITS)] == ["unknown_mapped_column"]


def test_long_cells_are_cut_and_bytes_that_are_no_text_do_not_hurt() -> None:
    seen = inspect([b"crmid\tx\n" + b"\xff" * 1_000 + b"\tok\n"], LIMITS)
    assert [len(cell) for cell in seen.lines()[1]] == [MAX_SAMPLE_CELL, 2]


def test_an_empty_file_has_no_lines() -> None:
    seen = inspect([], LIMITS)
    assert seen.lines() == []
    assert [fault.code for fault in seen.faults(None, LIMITS)] == ["empty_file"]


def test_suggestions_go_by_name_and_give_each_attribute_once() -> None:
    suggested = suggest(["CRM-ID", "Mail", "e_mail", "First name", "Postcode", "whatever"], BUILTIN)
    assert [(each.attribute.name if each.attribute else None, each.identifier) for each in suggested] == [
        ("crmid", True),
        ("email", True),
        (None, False),
        ("first_name", False),
        ("postal_code", False),
        (None, False),
    ]


class Counted:
    """An attribute whose comparisons are counted."""

    comparisons = 0

    def __init__(self, name: str) -> None:
        self.name = self.display_name = name

    def __eq__(self, other: object) -> bool:
        Counted.comparisons += 1
        return self is other

    def __hash__(self) -> int:
        return id(self)


def test_the_work_of_suggesting_grows_with_the_columns_and_not_with_their_square() -> None:
    names = [f"column{number}" for number in range(300)]
    known: Any = {name: Counted(name) for name in names}
    suggested = suggest(names, known)
    assert [each.column for each in suggested if each.attribute is known[each.column]] == names
    assert Counted.comparisons <= len(names)


def test_an_attribute_is_suggested_once() -> None:
    assert [each.attribute and each.attribute.name for each in suggest(["mail", "e_mail", "E-Mail"], BUILTIN)] == [
        "email",
        None,
        None,
    ]
