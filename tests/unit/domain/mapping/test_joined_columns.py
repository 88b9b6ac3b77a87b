"""The cells of several columns, joined."""

from collections.abc import Sequence

import pytest

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
