"""CSV agrees with the standard library on files in order; a quote out of order costs one row."""

from __future__ import annotations

import csv
import io
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.errors import Refused
from penstock.domain.files.chunking import ChunkSpan, spans
from penstock.domain.files.csv import CSV
from penstock.domain.files.header import parse_header
from penstock.domain.files.rows import Parsed, parse
from penstock.domain.mapping.mapping import Limits

CELL = st.text(st.sampled_from("ab ,;\"\n\r'é") | st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)
HEADER = ("one", "two")


def read(body: bytes | str, *, cell_bytes: int = 1_000, mark: str = ",") -> Parsed:
    encoded = body.encode() if isinstance(body, str) else body
    return parse(encoded, CSV[mark], first_line=2, header=HEADER, used=(0, 1), max_cell_bytes=cell_bytes)


def rows(parsed: Parsed) -> list[tuple[str, ...]]:
    return list(zip(*parsed.table.columns, strict=True))


def reasons(parsed: Parsed) -> dict[int, str]:
    return {reject.line: reject.reasons[0] for reject in parsed.rejects}


@given(
    written=st.lists(st.tuples(CELL, CELL), max_size=8),
    mark=st.sampled_from(list(CSV)),
    newline=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_files_of_the_standard_library_are_read_as_written(
    written: list[tuple[str, str]], mark: str, newline: str, quoting: int
) -> None:
    """Apart from carriage returns, which are text here."""
    cells = [tuple(cell.replace("\r", "") for cell in row) for row in written]
    file = io.StringIO()
    csv.writer(file, delimiter=mark, lineterminator=newline, quoting=quoting).writerows(cells)  # type: ignore[arg-type]
    parsed = read(file.getvalue(), mark=mark)
    assert rows(parsed) == cells
    assert not parsed.rejects


@given(st.text(st.sampled_from('a,"\n'), max_size=60))
def test_a_file_that_the_standard_library_accepts_means_the_same(text: str) -> None:
    try:
        expected = [tuple(row) for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    except csv.Error:
        return
    parsed = read(text)
    assert rows(parsed) == [row for row in expected if len(row) == 2]
    assert set(reasons(parsed).values()) <= {"wrong_field_count"}


def test_line_breaks_in_quotes_are_kept_and_counted() -> None:
    parsed = read('x,"1\r\n2\n\n3"\r\n\r\n"a","say ""hi"", then go"\r\n5" pipe,b"\r\nlast,""')
    assert rows(parsed) == [("x", "1\r\n2\n\n3"), ("a", 'say "hi", then go'), ('5" pipe', 'b"'), ("last", "")]
    assert list(parsed.table.lines) == [2, 7, 8, 9]


@pytest.mark.parametrize(
    "row", ['"a" b,c', '"a,b', 'a,"b', 'a,"b""', '"a"b"c",d', '""a,b'], ids=["text after", "1", "2", "3", "4", "5"]
)
def test_a_row_with_invalid_quotes_is_rejected_alone(row: str) -> None:
    """Though its quote may be closed by the opening quote of a later row."""
    parsed = read(f'a,1\n{row}\nb,2\n"c, c","3\n3"\nd,4\n')
    assert reasons(parsed) == {3: "invalid_quotes"}
    assert rows(parsed) == [("a", "1"), ("b", "2"), ("c, c", "3\n3"), ("d", "4")]
    assert parsed.rejects[0].row == row.encode()


def test_an_open_quote_at_the_end_of_the_file_costs_its_row() -> None:
    parsed = read('a,1\n"open,2\nb,3\nc,4')
    assert reasons(parsed) == {3: "invalid_quotes"}
    assert rows(parsed) == [("a", "1"), ("b", "3"), ("c", "4")]


@pytest.mark.parametrize(
    ("body", "row"),
    [
        ('"a",b\r\r\n', ("a", "b\r")),
        ('"c",d\re\r\n', ("c", "d\re")),
        ('"f\r",g\r', ("f\r", "g")),
    ],
)
def test_a_carriage_return_that_ends_no_line_is_text(body: str, row: tuple[str, str]) -> None:
    assert rows(read(body)) == [row]


@pytest.mark.parametrize("unreadable", [b"\0", b"\xff"], ids=["NUL", "not UTF-8"])
def test_an_open_quote_never_closes_in_a_later_row(unreadable: bytes) -> None:
    """Though it would, once the unreadable row between the two is out."""
    parsed = read(b'a,b\n"open,1\n"' + unreadable + b'",1\n"""\n"c","d"\n')
    assert (reasons(parsed)[3], reasons(parsed)[5]) == ("invalid_quotes", "invalid_quotes")
    assert rows(parsed) == [("a", "b"), ("c", "d")]


def test_a_second_carriage_return_after_a_quoted_cell_is_text_that_follows_it() -> None:
    """One belongs to the line end, as everywhere; the cell does not end in a quote."""
    parsed = read('a,"b"\r\r\nc,"d"\r\n"e","f"\r\r')
    assert (rows(parsed), reasons(parsed)) == ([("c", "d")], {2: "invalid_quotes", 4: "invalid_quotes"})


def test_other_faults_of_quoted_rows() -> None:
    parsed = read(b'"a"\n"a",b,"c"\n"1","\xff"\n"2","x\0"\n"' + b"x" * 99 + b'",3\n"4","5"\n', cell_bytes=98)
    assert reasons(parsed) == {
        2: "wrong_field_count",
        3: "wrong_field_count",
        4: "not_utf8",
        5: "contains_nul",
        6: "cell_too_large",
    }
    assert rows(parsed) == [("4", "5")]


def test_a_cell_may_be_longer_than_the_limit_of_the_standard_library() -> None:
    assert rows(read('"{}",1\n'.format("x" * 200_000), cell_bytes=300_000)) == [("x" * 200_000, "1")]


def split(body: bytes, chunk_bytes: int, max_row_bytes: int) -> list[ChunkSpan]:
    return list(
        spans([body], CSV[","], body_start=0, first_line=2, chunk_bytes=chunk_bytes, max_row_bytes=max_row_bytes)
    )


def test_a_quoted_row_up_to_the_limit_is_one_span() -> None:
    row = b'a,"' + b"line\n" * 10 + b'"\n'
    assert [span.end for span in split(b"x,1\n" + row + b"y,2\n", 10, len(row))] == [4, 4 + len(row), 8 + len(row)]


def test_a_quoted_last_row_without_a_newline_is_one_span() -> None:
    row = b'a,"' + b"line\n" * 10 + b'"'
    assert [span.end for span in split(b"x,1\n" + row, 10, len(row))] == [4, 4 + len(row)]


def test_a_quoted_row_over_the_limit_falls_apart_into_its_lines() -> None:
    row = b'a,"' + b"line\n" * 10 + b'"\n'
    found = split(row + b"y,2\n", 10, len(row) - 1)
    assert [span.first_line for span in found] == [2, 3, 5, 7, 9, 11, 13]
    assert found[-1].end == len(row) + 4


@pytest.mark.parametrize(
    "line", [b'x","\n', b'"a\n', b'a,"b\n', b'"",""x\n', b'"""\n', b'","\n', b'"a","b\n'], ids=repr
)
def test_hostile_quotes_take_a_time_in_proportion(line: bytes) -> None:
    """Each line seems to open a quote. A search from each to the end would take ten minutes and more."""
    body = line * (500_000 // len(line))
    began = time.process_time()
    for span in split(body, 125_000, 250_000):
        parsed = read(body[span.start : span.end])
        assert len(parsed.table.raw) + len(parsed.rejects) > 0
    assert time.process_time() - began < 10


@pytest.mark.parametrize(
    ("head", "columns", "body_start", "first_line"),
    [
        (b'a,"b"\r\n1,2', ("a", "b"), 7, 2),
        (b'\xef\xbb\xbf"a";b\n1;2', ("a", "b"), 9, 2),
        (b"a|b\n1|2", ("a", "b"), 4, 2),
    ],
)
def test_a_header(head: bytes, columns: tuple[str, ...], body_start: int, first_line: int) -> None:
    header = parse_header(head, mapping=None, limits=Limits(), complete=True)
    assert (header.columns, header.body_start, header.first_line) == (columns, body_start, first_line)


def test_faults_of_a_header_have_their_position() -> None:
    with pytest.raises(Refused) as refused:
        parse_header(b'a,"b\nc",d-e,\n1,2,3,4\n', mapping=None, limits=Limits(), complete=True)
    assert [(fault.code, fault.position) for fault in refused.value.faults] == [
        ("control_character_in_column_name", 2),
        ("hyphen_in_column_name", 3),
        ("blank_column_name", 4),
    ]


def test_a_header_with_an_open_quote_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        parse_header(b'a,"b\n1,2\n', mapping=None, limits=Limits(), complete=True)
    assert refused.value.code == "invalid_quotes"
