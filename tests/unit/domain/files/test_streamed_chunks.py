"""A body that is read once: every row in one chunk, with its line, and no more in memory than a chunk."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.files.streamed_chunks import chunks
from penstock.domain.files.tsv import Tsv

CHUNK_BYTES = 20
MAX_ROW_BYTES = 40
rows = st.lists(st.integers(0, 60).map(lambda size: b"x" * size), min_size=1, max_size=30)


@given(rows, st.integers(1, 50))
def test_every_row_is_in_one_chunk_and_one_that_is_too_long_in_none(lines: list[bytes], piece: int) -> None:
    body = b"".join(line + b"\n" for line in lines)
    parts = [body[at : at + piece] for at in range(0, len(body), piece)]
    found = list(chunks(parts, Tsv(), first_line=2, chunk_bytes=CHUNK_BYTES, max_row_bytes=MAX_ROW_BYTES))
    line = 2
    for chunk in found:
        assert chunk.first_line == line
        if chunk.body is None:
            assert len(lines[line - 2]) + 1 > MAX_ROW_BYTES
            line += 1
        else:
            count = chunk.body.count(b"\n")
            assert chunk.body == b"".join(each + b"\n" for each in lines[line - 2 : line - 2 + count])
            assert len(chunk.body) <= MAX_ROW_BYTES
            line += count
    assert line == len(lines) + 2
