"""When tab-separated text looks as if its quotes were a spreadsheet's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.files.quoted_tsv import QUOTED_TSV, QuotedColumn, quoted_column
from penstock.domain.files.rejects import RejectedFile
from penstock.domain.files.tsv import TSV


def spreadsheet_cell(cell: str) -> str:
    doubled = cell.replace('"', '""')
    return f'"{doubled}"' if set(cell) & set(',"\n') else cell


@given(st.lists(st.text(st.sampled_from('ab,"\n'), max_size=5), min_size=1, max_size=20))
def test_a_file_of_a_spreadsheet_is_detected_and_read_back(cells: list[str]) -> None:
    written = [spreadsheet_cell(cell) for cell in cells]
    found = quoted_column([written])
    quoted = sum(cell != text for cell, text in zip(cells, written, strict=True))
    assert found == (QuotedColumn(0, quoted, sum(map(bool, cells))) if quoted else None)
    text = "".join(f"x\t{cell}\n" for cell in written)
    rows = QUOTED_TSV.split_rows(text, 1).rows
    assert [QUOTED_TSV.cells(row, ())[1] for row in rows] == cells


@pytest.mark.parametrize(
    "columns",
    [[], [[]], [["a", 'b "c" d']], [['"5', '"6', '"7"']], [['12"', '5" pipe']], [['"a" b'], ['"a"b"']]],
    ids=["no column", "no row", "quotes within", "inches before", "inches after", "text after"],
)
def test_other_quotes_are_text(columns: list[list[str]]) -> None:
    assert quoted_column(columns) is None


def test_the_column_with_the_largest_share_is_named() -> None:
    found = quoted_column([["a", "b", '"c, d"'], ["", '"$1,000.00"', '"$2,000.00"']])
    assert found == QuotedColumn(1, 2, 2)
    fault = found.warning("spend")
    assert (fault.code, fault.column, fault.position) == ("quoted_cells", "spend", 2)
    assert "2 of 2 cells" in fault.message
    assert "1,000" not in fault.message + fault.hint
    assert "--quoted" in fault.hint


def test_only_its_reject_file_begins_with_a_quoted_name() -> None:
    file = RejectedFile(("a", "b"), ("a", "b"))
    assert next(iter(QUOTED_TSV.write_rejects(file, []))).startswith(b'"penstock_line"\tpenstock_reasons\t')
    assert next(iter(TSV.write_rejects(file, []))).startswith(b"penstock_line\t")
