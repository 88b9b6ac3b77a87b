"""A sample of rows from all of a file, in bounded memory."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.files.csv import CSV
from penstock.domain.files.sampling import MAX_BLOCKS, MAX_KEPT_BYTES, BlockSampler, sampled_rows
from penstock.domain.files.tsv import TSV


def sampler_of(body: bytes, piece: int, row_bytes: int = 10) -> BlockSampler:
    sampler = BlockSampler(TSV, row_bytes)
    for at in range(0, len(body), piece):
        sampler.add(body[at : at + piece])
    return sampler


def body_of(rows: int) -> bytes:
    return b"".join(b"%d\tsome text that fills the row\n" % row for row in range(rows))


@given(rows=st.integers(1, 3_000), piece=st.integers(1, 50_000))
def test_a_small_file_is_kept_completely(rows: int, piece: int) -> None:
    body = body_of(rows)
    sampler = sampler_of(body, max(piece, len(body) // 100))
    assert b"".join(sampler.blocks()) == body
    assert sampler.complete


def test_a_last_row_without_line_end_is_kept() -> None:
    assert b"".join(sampler_of(b"1\ta\n2\tb", 3).blocks()) == b"1\ta\n2\tb"


@given(piece=st.integers(10_000, 1_000_000))
def test_the_sample_does_not_depend_on_the_pieces(piece: int) -> None:
    body = body_of(200_000)
    assert sampler_of(body, piece).blocks() == sampler_of(body, len(body)).blocks()


def test_a_large_file_is_sampled_evenly_and_in_whole_rows() -> None:
    total = 400_000
    sampler = sampler_of(body_of(total), 65_536)
    blocks = sampler.blocks()
    assert not sampler.complete
    assert len(blocks) <= MAX_BLOCKS
    assert sum(map(len, blocks)) <= MAX_KEPT_BYTES + 100_000
    numbers = [int(row.split("\t")[0]) for row in sampled_rows(blocks, TSV, 2_000)]
    assert len(numbers) == 2_000
    tenths = [sum(1 for number in numbers if number * 10 // total == tenth) for tenth in range(10)]
    assert min(tenths) >= 120


def test_a_row_that_never_ends_takes_no_memory() -> None:
    sampler = BlockSampler(TSV, 10)
    for _ in range(40):
        sampler.add(b"x" * 65_536)
    sampler.add(b"\n1\tafter\n")
    assert sum(map(len, sampler.blocks())) < 65_536


def test_rows_are_thinned_evenly() -> None:
    assert sampled_rows([b"1\n2\n3\n", b"4\n5\n6\n"], TSV, 3) == ["1", "3", "5"]


def test_a_quoted_last_row_that_is_longer_than_a_block_is_whole_without_a_newline() -> None:
    row = '"{}"'.format("line\n" * 5_000)
    sampler = BlockSampler(CSV[","], 10)
    sampler.add(f"1,2\n{row}".encode())
    assert sampled_rows(sampler.blocks(), CSV[","], 1_000) == ["1,2", row]


def test_line_breaks_in_quotes_are_no_row_ends() -> None:
    body = b"".join(b'%d,"two\nlines"\n' % row for row in range(100_000))
    sampler = BlockSampler(CSV[","], 10)
    for at in range(0, len(body), 65_536):
        sampler.add(body[at : at + 65_536])
    rows = sampled_rows(sampler.blocks(), CSV[","], 1_000)
    assert all(row.endswith('"two\nlines"') for row in rows)
