"""Titles of groups of columns above the header are noticed."""

from __future__ import annotations

import pytest

from penstock.application.uploads.inspection import inspect
from penstock.domain.mapping.mapping import Limits

NAMES = "id\tName\tE-mail\tPhone\tCity\n"
ROW = "C1\tAnn\tann@x.com\t+31201234567\tOslo\n"


@pytest.mark.parametrize(
    ("above", "line"),
    [("Person\t\tContact\t\t\n", 2), ("Report\t\t\t\t\nPerson\t\tContact\t\t\n", 3), ("Report\t\t\t\t\n\n\n", 4)],
)
def test_a_line_of_names_below_titles_is_named(above: str, line: int) -> None:
    (warning,) = inspect([(above + NAMES + ROW).encode()], Limits()).warnings
    assert warning.code == "header_below"
    assert f"line {line} looks like the header" in warning.message


@pytest.mark.parametrize(
    ("above", "line"), [("Customers 2026-11-28\n", 2), ("Export, all shops\n\n", 3), ("Report\nMade by Ann\n\n\n", 5)]
)
@pytest.mark.parametrize("delimiter", ["\t", ";", ","])
def test_a_file_with_a_title_is_refused_and_its_header_named(above: str, line: int, delimiter: str) -> None:
    content = (above + (NAMES + ROW).replace("\t", delimiter)).encode()
    inspected = inspect([content], Limits())
    (fault,) = inspected.faults(None, Limits())
    assert (fault.code, fault.message) == (
        "header_below",
        f"line 1 looks like a title, and line {line} looks like the header",
    )
    assert not inspected.fits(Limits())


@pytest.mark.parametrize(
    "content",
    ["email\nann@x.com\n", "note\nfine, thanks, all well\nno\n", "name\nSmith, Ann\nDoe, Bo\n", "id\n\n1\n2\n"],
)
def test_a_file_of_one_column_has_no_title(content: str) -> None:
    inspected = inspect([content.encode()], Limits())
    assert "header_below" not in [fault.code for fault in inspected.faults(None, Limits())]


@pytest.mark.parametrize(
    "content",
    [
        NAMES + ROW,
        NAMES + "Ann\tBo\tCy\tDi\tEd\n",  # names of people below a header
        "id\t\t\t\t\n" + ROW,  # unnamed columns of values
        "id\t\t\n1\tAnn\tann@x.com\n",
    ],
)
def test_rows_below_a_header_are_no_header(content: str) -> None:
    assert inspect([content.encode()], Limits()).warnings == []
