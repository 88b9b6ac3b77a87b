"""Every byte of a body lies in one span of whole rows, whatever the chunk size and however the bytes arrive."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.files.chunking import ChunkSpan, is_oversized_row, spans
from penstock.domain.files.tsv import TSV

BODY = "1\tJosé\r\n\n2\t日本\x0b\x85\u2028x\r y\n\r\n\n3\t😀\r\n4\tno newline".encode()
bodies = st.lists(st.sampled_from([b"\n", b"\r\n", b"\r", b"a", b"row\n", "é\u2028".encode(), b"x" * 9])).map(b"".join)


def cut(body: bytes, size: int) -> Iterator[bytes]:
    return (body[at : at + size] for at in range(0, len(body), size))


def spans_of(parts: Iterable[bytes], chunk_bytes: int, start: int = 0) -> list[ChunkSpan]:
    return list(spans(parts, TSV, body_start=start, first_line=2, chunk_bytes=chunk_bytes, max_row_bytes=60))


def split(body: bytes, chunk_bytes: int, *, part: int = 7, start: int = 0) -> list[ChunkSpan]:
    return spans_of(cut(body, part), chunk_bytes, start)


def check_whole(body: bytes, found: list[ChunkSpan], chunk_bytes: int) -> None:
    """Spans cover the body once, hold whole rows, are no longer than allowed and know their lines."""
    assert b"".join(body[span.start : span.end] for span in found) == body
    assert [span.chunk for span in found] == list(range(len(found)))
    for span in found:
        text = body[span.start : span.end]
        assert text
        assert span.start == 0 or body[span.start - 1 : span.start] == b"\n"
        assert text.endswith(b"\n") or span.end == len(body)
        assert len(text) <= chunk_bytes or b"\n" not in text[:-1]
        assert span.first_line == 2 + body[: span.start].count(b"\n")


@pytest.mark.parametrize("chunk_bytes", range(1, len(BODY) + 2))
def test_a_chunk_edge_at_every_byte(chunk_bytes: int) -> None:
    for part in (1, 2, 5, len(BODY)):
        check_whole(BODY, split(BODY, chunk_bytes, part=part), chunk_bytes)


@given(body=bodies, chunk_bytes=st.integers(1, 40))
def test_every_byte_is_in_one_span_of_whole_rows(body: bytes, chunk_bytes: int) -> None:
    check_whole(body, split(body, chunk_bytes), chunk_bytes)


@given(body=bodies, chunk_bytes=st.integers(1, 40), data=st.data())
def test_spans_do_not_depend_on_how_the_bytes_arrive(body: bytes, chunk_bytes: int, data: st.DataObject) -> None:
    whole = spans_of([body], chunk_bytes)
    watermarks = sorted(data.draw(st.lists(st.integers(0, len(body)))))
    parts = [body[start:end] for start, end in zip([0, *watermarks], [*watermarks, len(body)], strict=True)]
    assert spans_of(parts, chunk_bytes) == whole


@given(body=bodies, chunk_bytes=st.integers(1, 40))
def test_a_span_takes_as_many_rows_as_fit(body: bytes, chunk_bytes: int) -> None:
    for span in split(body, chunk_bytes)[:-1]:
        next_row_ends = body.find(b"\n", span.end) + 1 or len(body)
        assert next_row_ends - span.start > chunk_bytes


def test_offsets_are_those_of_the_file() -> None:
    assert split(b"a\nbb\nc", 4, start=100) == [ChunkSpan(0, 100, 102, 2), ChunkSpan(1, 102, 106, 3)]


def test_a_body_of_nothing_has_no_spans() -> None:
    assert split(b"", 10) == []


def test_blank_lines_are_lines() -> None:
    assert [span.first_line for span in split(b"\n\n\nrow\n\n", 3)] == [2, 5, 6]


def test_a_row_longer_than_a_chunk_is_a_span_of_its_own() -> None:
    body = b"a\n" + b"x" * 50 + b"\n" + b"b\n"
    assert split(body, 10) == [ChunkSpan(0, 0, 2, 2), ChunkSpan(1, 2, 53, 3), ChunkSpan(2, 53, 55, 4)]


@pytest.mark.parametrize(("row_bytes", "oversized"), [(50, False), (51, True)])
def test_a_row_over_the_limit_is_oversized(row_bytes: int, oversized: bool) -> None:
    assert is_oversized_row(row_bytes, chunk_bytes=10, max_row_bytes=50) is oversized


def test_a_chunk_of_many_short_rows_is_never_taken_for_one_long_row() -> None:
    assert not is_oversized_row(30, chunk_bytes=30, max_row_bytes=10)


def test_a_last_row_over_the_limit_needs_no_newline() -> None:
    assert split(b"a\n" + b"x" * 50, 10) == [ChunkSpan(0, 0, 2, 2), ChunkSpan(1, 2, 52, 3)]


def test_one_line_without_end_is_not_kept() -> None:
    part = b"x" * 100_000
    endless = (part for _ in range(50_000))  # 5 GB
    found = spans_of(endless, 1 << 20, start=5)
    assert found == [ChunkSpan(0, 5, 5 + 5 * 10**9, 2)]
