import json
from itertools import cycle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.files.csv import CSV
from penstock.domain.files.json_keys import FLAT
from penstock.domain.files.ndjson import NDJSON, Ndjson
from penstock.domain.files.rows import Parsed, parse, raw_rows
from penstock.domain.files.tsv import TSV

CELL = st.text(st.characters(blacklist_characters="\t\n\r\0", blacklist_categories=("Cs",)), max_size=8)


def read(body: bytes, cell_bytes: int = 100) -> Parsed:
    return parse(body, TSV, first_line=2, header=("one", "two"), used=(0, 1), max_cell_bytes=cell_bytes)


def rows(parsed: Parsed) -> list[tuple[str, ...]]:
    return list(zip(*parsed.table.columns, strict=True))


def reasons(parsed: Parsed) -> dict[int, tuple[str, ...]]:
    return {reject.line: reject.reasons for reject in parsed.rejects}


@given(st.lists(st.tuples(CELL, CELL), max_size=20), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_every_row_is_read_as_it_was_written(written: list[tuple[str, str]], newline: str, final: bool) -> None:
    body = newline.join("\t".join(row) for row in written) + (newline if final and written else "")
    parsed = read(body.encode())
    assert rows(parsed) == written
    assert not parsed.rejects
    assert list(parsed.table.lines) == list(range(2, 2 + len(written)))


@pytest.mark.parametrize("inside", [*"\r\v\f\x85\u2028\u2029\x1c\"'\u202e\U0001f600\u200b"])
def test_only_a_newline_ends_a_row_and_all_else_is_text(inside: str) -> None:
    assert rows(read(f"a{inside}b\tc\n".encode())) == [(f"a{inside}b", "c")]


def test_blank_lines_are_no_rows_but_count_as_lines() -> None:
    parsed = read(b"\na\tb\n\r\n\nc\td\n")
    assert rows(parsed) == [("a", "b"), ("c", "d")]
    assert list(parsed.table.lines) == [3, 6]


def test_each_row_that_cannot_be_read_is_rejected_with_its_line_and_the_others_go_on() -> None:
    parsed = read(b"a\tb\nonly\n1\t2\t3\n\xff\tx\nnul\0\tx\n" + b"long" * 30 + b"\tx\r\nc\td")
    assert rows(parsed) == [("a", "b"), ("c", "d")]
    assert list(parsed.table.lines) == [2, 8]
    assert reasons(parsed) == {
        3: ("wrong_field_count",),
        4: ("wrong_field_count",),
        5: ("not_utf8",),
        6: ("contains_nul",),
        7: ("cell_too_large",),
    }
    assert next(reject.row for reject in parsed.rejects if reject.line == 5) == b"\xff\tx"


def test_the_limit_of_a_cell_counts_its_bytes() -> None:
    assert not read("é\tx\n".encode(), cell_bytes=2).rejects
    assert reasons(read("éa\tx\n".encode(), cell_bytes=2)) == {2: ("cell_too_large",)}


@given(st.binary(max_size=200))
def test_any_bytes_give_rows_and_rejects_that_account_for_every_line(body: bytes) -> None:
    parsed = read(body)
    filled = {line for line, row in enumerate(body.split(b"\n"), 2) if row.removesuffix(b"\r")}
    assert sorted([*parsed.table.lines, *reasons(parsed)]) == sorted(filled)


@given(st.lists(st.binary(max_size=9).filter(lambda row: row.strip(b"\r") and b"\n" not in row and row[-1:] != b"\r")))
def test_raw_rows_are_the_bytes_of_the_file_whatever_they_are(written: list[bytes]) -> None:
    body = b"".join(row + ending for row, ending in zip(written, cycle([b"\n", b"\r\n"]), strict=False))
    assert list(raw_rows(body, TSV, first_line=2)) == list(enumerate(written, 2))


def test_a_header_in_the_middle_is_rejected_as_such() -> None:
    """Files are joined with their headers; a row that has only some of its cells is data."""
    parsed = read(b"1\tx\r\none\ttwo\none\tx\nx\ttwo\none\ttwo\t3\none\ttwo\n")
    assert rows(parsed) == [("1", "x"), ("one", "x"), ("x", "two")]
    assert list(parsed.table.lines) == [2, 4, 5]
    assert list(parsed.table.raw) == ["1\tx", "one\tx", "x\ttwo"]
    assert reasons(parsed) == {3: ("repeated_header",), 6: ("wrong_field_count",), 7: ("repeated_header",)}


def test_a_header_in_the_middle_is_found_whatever_is_mapped() -> None:
    body = b'1;2\none;"two"\none;\n'
    parsed = parse(body, CSV[";"], first_line=2, header=("one", "two"), used=(1,), max_cell_bytes=100)
    assert (list(parsed.table.lines), reasons(parsed)) == ([2, 4], {3: ("repeated_header",)})


def test_only_rows_as_long_as_the_header_are_compared_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or a chunk of short objects would take minutes beside a header of thousands of columns."""
    header = ("a", *(f"column{number}" for number in range(2_000)))
    compared = []
    monkeypatch.setattr(Ndjson, "cells", lambda _, row, names: compared.append(row) or [row])
    parsed = parse(b'{"a":"a"}\n' * 9, NDJSON[FLAT], first_line=1, header=header, used=(0,), max_cell_bytes=100)
    assert (len(parsed.table.lines), compared) == (9, [])
    monkeypatch.undo()
    whole = json.dumps(dict(zip(header, header, strict=True))).encode()
    parsed = parse(whole, NDJSON[FLAT], first_line=1, header=header, used=(0,), max_cell_bytes=100)
    assert reasons(parsed) == {1: ("repeated_header",)}
