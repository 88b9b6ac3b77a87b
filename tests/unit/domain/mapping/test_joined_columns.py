"""The cells of several columns, joined."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from penstock.domain.mapping.attributes import ValueFormat, ValueType
from penstock.domain.mapping.cells import cell_source
from penstock.domain.mapping.mapping import ColumnMapping

FILE = [["C-1", "-", " ", "C-4"], ["Siobhán", "Siobhán", "Mary", ""]]


def joined(*, identifier: bool, blanks: Sequence[str] = ("-",)) -> Sequence[str]:
    mapped = ColumnMapping(
        columns=("member", "name"),
        separator="|",
        attribute="member_key",
        identifier=identifier,
        blanks=tuple(blanks),
    )
    return cell_source(mapped, {"member": 0, "name": 1})(FILE, 4).cells


@pytest.mark.parametrize(
    ("identifier", "cells"),
    [(False, ["C-1|Siobhán", "Siobhán", "Mary", "C-4"]), (True, ["C-1|Siobhán", "", "", ""])],
)
def test_half_of_an_identifier_is_none(identifier: bool, cells: list[str]) -> None:
    assert joined(identifier=identifier) == cells


PARTS = [
    ["C-1", "0000", "brak@brak.pl", "n/b", "C-5", "C-6", "+48 000 000 000", "C-8", "TEST"],
    ["Nil", "Anna", "Anna", "Anna", "-", "?", "Anna", "leeg", "Anna"],
]
OWN = (
    ColumnMapping(column="member", attribute="crmid", blanks=("N/B",)),
    ColumnMapping(column="name", attribute="first_name", values={"leeg": ""}),
)


def of_parts(all_mapped: Sequence[ColumnMapping], *, identifier: bool = True) -> list[str]:
    key = ColumnMapping(columns=("member", "name"), separator="|", attribute="member_key", identifier=identifier)
    return list(cell_source(key, {"member": 0, "name": 1}, (*all_mapped, key))(PARTS, 9).cells)


def test_parts_that_name_nobody_make_a_joined_identifier_blank() -> None:
    phone = (replace(OWN[0], format=ValueFormat(ValueType.PHONE)), OWN[1])
    assert of_parts(OWN) == ["C-1|Nil", "", "", "", "", "", "+48 000 000 000|Anna", "", ""]
    assert of_parts(phone)[6] == ""
    assert of_parts(())[:4] == ["", "", "", "n/b|Anna"]  # no name is expected in either column
    assert of_parts(OWN, identifier=False)[1] == "0000|Anna"  # it merges nobody


def test_the_parts_taken_as_blank_are_known_by_row() -> None:
    key = ColumnMapping(columns=("member", "name"), attribute="member_key", identifier=True)
    found = cell_source(key, {"member": 0, "name": 1}, OWN)(PARTS, 9).blanked
    assert (found[1], found[3], found[4]) == ("0000", "N/B", "-")
