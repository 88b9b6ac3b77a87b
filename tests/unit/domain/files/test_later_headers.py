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
