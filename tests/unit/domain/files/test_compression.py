"""Decompression gives what was compressed, names what is wrong with a file, and never lets it take the memory."""

from __future__ import annotations

import gzip
import random
import sys
import tracemalloc
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.domain.errors import Refused
from penstock.domain.files.compression import compression_of, plain
from penstock.domain.mapping.mapping import Limits

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ROWS = b"crmid\tphone\n" + b"".join(b"%d\t+3161234%04d\n" % (n, n) for n in range(20_000))
SKIPPABLE = (0x184D2A53).to_bytes(4, "little") + (3).to_bytes(4, "little") + b"abc"
Compress = Callable[[bytes], bytes]
both = pytest.mark.parametrize("compress", [gzip.compress, zstd.compress])


def cut(file: bytes, size: int) -> Iterator[bytes]:
    return (file[at : at + size] for at in range(0, len(file), size))


def read(file: bytes, size: int = 100_000, limits: Limits = Limits()) -> bytes:
    return b"".join(plain(cut(file, size), limits=limits))


def code_of(file: bytes, limits: Limits = Limits()) -> str:
    with pytest.raises(Refused) as refused:
        read(file, limits=limits)
    assert refused.value.faults[0].hint
    return refused.value.code


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"", "plain"),
        (b"crm", "plain"),
        (b"crmid\t", "plain"),
        (gzip.compress(b""), "gzip"),
        (b"\x1f\x8b\x08\x00", "gzip"),
        (zstd.compress(b""), "zstd"),
        (SKIPPABLE, "zstd"),
    ],
)
def test_a_form_is_known_by_its_first_bytes(head: bytes, expected: str) -> None:
    assert compression_of(head) == expected


@pytest.mark.parametrize("compress", [bytes, gzip.compress, zstd.compress])
@pytest.mark.parametrize("size", [1, 3, 4, 1_000, 1 << 20])
def test_a_file_in_parts_of_any_size_gives_its_plain_bytes(compress: Compress, size: int) -> None:
    assert read(compress(ROWS), size) == ROWS


@pytest.mark.parametrize("compress", [bytes, gzip.compress, zstd.compress])
def test_an_empty_file_is_empty(compress: Compress) -> None:
    assert read(compress(b"")) == b""


@both
@given(pieces=st.lists(st.binary(max_size=40), min_size=1, max_size=6), size=st.integers(1, 60))
@settings(deadline=None)
def test_members_and_frames_in_a_row_are_one_file(compress: Compress, pieces: list[bytes], size: int) -> None:
    assert read(b"".join(map(compress, pieces)), size) == b"".join(pieces)


def test_skippable_zstd_frames_are_skipped() -> None:
    assert read(SKIPPABLE + zstd.compress(ROWS) + SKIPPABLE) == ROWS


@both
def test_a_file_that_is_cut_anywhere_is_truncated(compress: Compress) -> None:
    file = compress(b"crmid\n1\n2\n")
    assert {code_of(file[:end]) for end in range(4, len(file))} == {"truncated_file"}


@both
def test_a_second_member_that_is_cut_is_truncated(compress: Compress) -> None:
    assert code_of(compress(ROWS) + compress(ROWS)[:-1]) == "truncated_file"


@pytest.mark.parametrize("garbage", [b"\n", b"junk and more", bytes(512)])
@both
def test_garbage_after_the_data_is_named(compress: Compress, garbage: bytes) -> None:
    assert code_of(compress(ROWS) + garbage) == "trailing_garbage"


def test_a_changed_file_is_corrupt() -> None:
    file = bytearray(gzip.compress(ROWS))
    file[-5] ^= 1  # within the CRC-32
    assert code_of(bytes(file)) == "corrupt_file"
    checked = zstd.compress(ROWS, options={zstd.CompressionParameter.checksum_flag: 1})
    assert code_of(checked[:-1] + bytes([checked[-1] ^ 1])) == "corrupt_file"
    assert code_of(gzip.compress(ROWS) + b"\x1f\x8bno member") == "corrupt_file"


@pytest.mark.parametrize("compress", [bytes, gzip.compress, zstd.compress])
def test_the_size_limit_counts_plain_bytes_to_the_last_one(compress: Compress) -> None:
    assert read(compress(ROWS), limits=Limits(file_bytes=len(ROWS))) == ROWS
    assert code_of(compress(ROWS), Limits(file_bytes=len(ROWS) - 1)) == "file_too_large"


@both
def test_compressed_bytes_that_hold_nothing_count_too(compress: Compress) -> None:
    assert code_of(compress(b"") * 100, Limits(file_bytes=500)) == "file_too_large"


@both
def test_a_file_that_expands_a_thousandfold_is_a_bomb(compress: Compress) -> None:
    assert code_of(compress(bytes(30_000_000))) == "expands_too_much"


@both
def test_a_small_file_may_expand_as_it_likes(compress: Compress) -> None:
    assert read(compress(bytes(1 << 20))) == bytes(1 << 20)


@both
def test_a_bomb_does_not_take_the_memory(compress: Compress) -> None:
    bomb = compress(bytes(60_000_000))
    limits = Limits(file_bytes=10**9, expansion=10**6)
    tracemalloc.start()
    try:
        total = sum(map(len, plain([bomb], limits=limits)))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert total == 60_000_000
    assert peak < 2_000_000


def test_a_zstd_window_beyond_8_mib_is_refused() -> None:
    wide = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: 24})
    assert code_of(wide.compress(ROWS) + wide.flush()) == "window_too_large"
    fitting = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: 23})
    assert read(fitting.compress(ROWS) + fitting.flush()) == ROWS


@both
def test_data_that_hardly_compresses_passes(compress: Compress) -> None:
    noise = random.Random(4).randbytes(2_000_000)
    assert read(compress(noise)) == noise


@both
def test_many_members_that_hold_nothing_are_refused_early(compress: Compress) -> None:
    taken = 0

    def counted() -> Iterator[bytes]:
        nonlocal taken
        for part in cut(compress(b"") * 200_000, 1_000):
            taken += len(part)
            yield part

    with pytest.raises(Refused) as refused:
        list(plain(counted(), limits=Limits()))
    assert refused.value.code == "too_many_frames"
    assert taken < len(compress(b"")) * 12_000


@both
def test_members_of_a_row_each_are_refused_in_the_end(compress: Compress) -> None:
    assert code_of(compress(b"crmid\n") + compress(b"1\n") * 10_100) == "too_many_frames"


def test_skippable_frames_count_too() -> None:
    assert code_of(SKIPPABLE * 10_001 + zstd.compress(ROWS)) == "too_many_frames"


@both
def test_a_file_of_ten_thousand_small_members_is_read(compress: Compress) -> None:
    assert read(compress(b"1\n") * 10_000) == b"1\n" * 10_000


@both
def test_members_with_something_in_them_may_be_many(compress: Compress) -> None:
    block = random.Random(1).randbytes(1_024).hex().encode()  # expands twofold
    assert len(read(compress(block) * 15_000, limits=Limits(file_bytes=10**9))) == 15_000 * len(block)


def test_blocks_as_bgzip_writes_them_are_read_with_their_empty_last_one() -> None:
    ends = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")  # SAM specification, 4.1.2
    blocks = [gzip.compress(ROWS[at : at + 65_280]) for at in range(0, len(ROWS), 65_280)]
    assert read(b"".join(blocks) + ends) == ROWS
