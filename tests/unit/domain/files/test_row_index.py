"""The row index divides a file as reading it would, however its bytes arrive."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.errors import Corrupt
from penstock.domain.files.formats import tabular_format
from penstock.domain.files.row_index import RowIndex, RowIndexer, decode_index
from penstock.domain.files.tabular_format import MAX_HEADER_BYTES, FileOptions
from penstock.domain.mapping.mapping import Limits

LIMITS = Limits(row_bytes=300)
CELLS = st.lists(st.text('ab \n",;é', max_size=40), min_size=2, max_size=2)


def index_of(body: bytes, pieces: list[int], stretch_bytes: int = 64) -> tuple[RowIndexer, RowIndex | None]:
    indexer = RowIndexer(LIMITS, FileOptions(), stretch_bytes=stretch_bytes)
    at = 0
    for piece in [*pieces, len(body)]:
        indexer.take(body[at : at + piece])
        at += piece
    return indexer, indexer.finish()


def as_csv(rows: list[list[str]]) -> bytes:
    quoted = (",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows)
    return ("id,note\n" + "".join(row + "\n" for row in quoted)).encode()


@given(st.lists(CELLS, min_size=1, max_size=30), st.lists(st.integers(1, 50), max_size=5), st.integers(1, 400))
def test_chunks_of_quoted_rows_are_the_file_row_by_row(
    rows: list[list[str]], pieces: list[int], chunk_bytes: int
) -> None:
    body = as_csv(rows)
    indexer, index = index_of(body, pieces)
    assert index is not None
    chunks = list(index.chunks(chunk_bytes))
    assert [chunk.chunk for chunk in chunks] == list(range(len(chunks)))
    assert (chunks[0].start, chunks[-1].end) == (len(b"id,note\n"), len(body))
    assert all(one.end == after.start for one, after in pairwise(chunks))
    chosen = tabular_format(indexer.file_format)
    in_chunks = [
        line
        for chunk in chunks
        for line in chosen.split_rows(body[chunk.start : chunk.end].decode(), chunk.first_line).lines
    ]
    assert in_chunks == list(chosen.split_rows(body[chunks[0].start :].decode(), 2).lines)


@given(st.binary(max_size=2_000), st.lists(st.integers(1, 500), max_size=4), st.integers(64, 4_000))
def test_any_bytes_are_divided_without_a_gap_and_come_back_from_storage(
    rows: bytes, pieces: list[int], chunk_bytes: int
) -> None:
    body = b"id\tnote\n" + rows
    _, index = index_of(body, pieces)
    assert index is not None
    chunks = list(index.chunks(chunk_bytes))
    assert b"".join(body[chunk.start : chunk.end] for chunk in chunks) == rows
    assert all(
        chunk.end - chunk.start <= chunk_bytes or body.count(b"\n", chunk.start, chunk.end - 1) == 0 for chunk in chunks
    ), "only a single row may be longer"
    stored = decode_index(index.encode())
    assert (list(stored.chunks(chunk_bytes)), stored.end, stored.first_line) == (chunks, index.end, index.first_line)


def test_a_file_that_is_larger_than_a_header_may_be_is_indexed_from_its_first_row() -> None:
    row = b"1\t" + b"x" * 97 + b"\n"
    body = b"id\tnote\n" + row * (3 * MAX_HEADER_BYTES // len(row))
    _, index = index_of(body, [MAX_HEADER_BYTES // 2] * 5, stretch_bytes=10_000)
    assert index is not None
    chunks = list(index.chunks(100_000))
    assert (index.start, index.end) == (8, len(body))
    assert [chunk.first_line for chunk in chunks] == [2 + (chunk.start - 8) // len(row) for chunk in chunks]


def test_a_file_without_a_header_has_no_index_and_one_without_rows_no_chunk() -> None:
    assert index_of(b"x" * (MAX_HEADER_BYTES + 9), [])[1] is None
    _, empty = index_of(b"id\tnote\n", [])
    assert empty is not None
    assert (list(empty.chunks(100)), empty.end) == ([], 8)


@pytest.mark.parametrize(
    "damage", [lambda body: body[:-1], lambda body: b"\xc1" + body, lambda _: b"", lambda _: b"\x90"]
)
def test_a_damaged_index_is_corrupt(damage: object) -> None:
    _, index = index_of(b"id\tnote\n" + b"1\t2\n" * 100, [])
    assert index is not None
    with pytest.raises(Corrupt):
        decode_index(damage(index.encode()))  # type: ignore[operator]
