"""Sealed files round-trip, serve any range, and open for nothing that was moved, cut, changed or transplanted."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.domain.errors import Corrupt
from penstock.domain.files import sealed_file
from penstock.domain.files.sealed_file import HEADER_SIZE, SEGMENT, SealedReader, seal_stream

KEY = bytes(range(32))
SALT = b"s" * 32
CONTEXT = b"\x00\x04acme\x00\x03f/1"
SEALED_SEGMENT = SEGMENT + 16

# sizes around the edges of the first three segments
sizes = st.builds(lambda segments, offset: max(0, segments * SEGMENT + offset), st.integers(0, 3), st.integers(-3, 3))


def plain_of(size: int) -> bytes:
    """Bytes in which no two segments are alike."""
    return hashlib.shake_128(b"plain").digest(size)


def seal(plain: bytes, *, key: bytes = KEY, context: bytes = CONTEXT, salt: bytes = SALT, part: int = 50_000) -> bytes:
    parts = (plain[at : at + part] for at in range(0, len(plain), part))
    return b"".join(seal_stream(parts, key=key, key_version=7, context=context, salt=salt))


def reader(sealed: bytes, *, key: bytes = KEY, context: bytes = CONTEXT) -> SealedReader:
    return SealedReader(
        lambda start, length: sealed[start : start + length], len(sealed), key_of=lambda _: key, context=context
    )


def opened(sealed: bytes, *, key: bytes = KEY, context: bytes = CONTEXT) -> bytes:
    return b"".join(reader(sealed, key=key, context=context).stream())


def segments_of(sealed: bytes) -> list[bytes]:
    return [sealed[at : at + SEALED_SEGMENT] for at in range(HEADER_SIZE, len(sealed), SEALED_SEGMENT)]


@given(size=sizes, part=st.sampled_from([1_000, SEGMENT - 1, SEGMENT, SEGMENT + 1, 10 * SEGMENT]))
@settings(max_examples=60, deadline=None)
def test_any_size_and_any_parts_round_trip_to_the_same_sealed_bytes(size: int, part: int) -> None:
    plain = plain_of(size)
    sealed = seal(plain, part=part)
    assert sealed == seal(plain, part=max(1, size))
    assert len(sealed) == HEADER_SIZE + size + 16 * max(1, -(-size // SEGMENT))
    assert reader(sealed).size == size
    assert opened(sealed) == plain


def test_parts_of_one_byte_and_of_none_round_trip() -> None:
    plain = plain_of(SEGMENT + 5)
    parts = [b"", *(plain[at : at + 1] for at in range(len(plain))), b""]
    assert opened(b"".join(seal_stream(parts, key=KEY, key_version=1, context=CONTEXT, salt=SALT))) == plain


@given(size=sizes, data=st.data())
@settings(max_examples=100, deadline=None)
def test_any_range_is_the_slice(size: int, data: st.DataObject) -> None:
    plain = plain_of(size)
    subject = reader(seal(plain))
    watermarks = st.one_of(st.integers(0, size + 5), sizes)
    start = data.draw(watermarks, "start")
    length = data.draw(st.one_of(st.integers(0, size + 5), sizes), "length")
    piece = data.draw(st.sampled_from([1, SEGMENT, 2 * SEGMENT, 1 << 20]), "piece")
    assert subject.read(start, length) == plain[start : start + length]
    assert b"".join(subject.stream(start, start + length, piece)) == plain[start : start + length]
    assert b"".join(subject.stream(start, piece=piece)) == plain[start:]


def test_a_stream_makes_one_storage_read_for_each_piece_and_a_read_touches_only_its_segments() -> None:
    plain = plain_of(10 * SEGMENT)
    sealed = seal(plain)
    asked: list[tuple[int, int]] = []

    def read(start: int, length: int) -> bytes:
        asked.append((start, length))
        return sealed[start : start + length]

    subject = SealedReader(read, len(sealed), key_of=lambda _: KEY, context=CONTEXT)
    asked.clear()
    assert b"".join(subject.stream(piece=4 * SEGMENT)) == plain
    assert [length for _, length in asked] == [4 * SEALED_SEGMENT, 4 * SEALED_SEGMENT, 2 * SEALED_SEGMENT]
    asked.clear()
    subject.read(SEGMENT + 1, 5)
    assert asked == [(HEADER_SIZE + SEALED_SEGMENT, SEALED_SEGMENT)]


@pytest.mark.parametrize(("start", "length"), [(-1, 5), (5, -1)])
def test_a_range_that_is_none_is_a_mistake_of_the_caller(start: int, length: int) -> None:
    with pytest.raises(ValueError, match="range"):
        reader(seal(b"0123456789")).read(start, length)


def test_the_key_version_is_in_the_header() -> None:
    assert sealed_file.key_version(seal(b"x")[:HEADER_SIZE]) == 7


@pytest.mark.parametrize("header", [b"", b"crmid\tphone\n" * 10, b"PNSTOCK\x02" + bytes(HEADER_SIZE)])
def test_a_file_that_is_not_sealed_is_corrupt(header: bytes) -> None:
    with pytest.raises(Corrupt):
        sealed_file.key_version(header)
    with pytest.raises(Corrupt):
        opened(header)


def test_every_bit_of_a_small_file_counts() -> None:
    sealed = seal(b"crmid\n1\n")
    for bit in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << (bit % 8)
        with pytest.raises(Corrupt):
            opened(bytes(changed))


@given(size=sizes, data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_flipped_bit_anywhere_is_corrupt(size: int, data: st.DataObject) -> None:
    changed = bytearray(seal(plain_of(size)))
    at = data.draw(st.integers(0, len(changed) - 1))
    changed[at] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(Corrupt):
        opened(bytes(changed))


@given(size=sizes, data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_cut_file_is_corrupt(size: int, data: st.DataObject) -> None:
    sealed = seal(plain_of(size))
    watermarks = [HEADER_SIZE + n * SEALED_SEGMENT for n in range(4) if HEADER_SIZE + n * SEALED_SEGMENT < len(sealed)]
    kept = data.draw(st.one_of(st.integers(0, len(sealed) - 1), st.sampled_from([0, *watermarks])))
    with pytest.raises(Corrupt):
        opened(sealed[:kept])


def test_a_file_whose_last_segment_is_cut_down_to_a_tag_is_corrupt() -> None:
    with pytest.raises(Corrupt):
        opened(seal(plain_of(SEGMENT + 1))[:-1])


@pytest.mark.parametrize("start", [2 * SEGMENT, 2 * SEGMENT + 10, 3 * SEGMENT, 3 * SEGMENT + 5])
def test_a_range_that_lay_in_the_cut_off_part_is_corrupt_and_not_empty(start: int) -> None:
    cut = seal(plain_of(4 * SEGMENT))[: HEADER_SIZE + 2 * SEALED_SEGMENT]
    with pytest.raises(Corrupt):
        reader(cut).read(start, 10)
    with pytest.raises(Corrupt):
        list(reader(cut).stream(start, start + 10))


@given(size=sizes, extra=st.sampled_from([1, 16, 17, SEALED_SEGMENT]))
@settings(max_examples=40, deadline=None)
def test_an_extended_file_is_corrupt(size: int, extra: int) -> None:
    with pytest.raises(Corrupt):
        opened(seal(plain_of(size)) + bytes(extra))


def moved_segments() -> Iterator[tuple[str, bytes]]:
    sealed = seal(plain_of(3 * SEGMENT))
    other = seal(plain_of(3 * SEGMENT), salt=b"t" * 32)
    header, (a, b, c) = sealed[:HEADER_SIZE], segments_of(sealed)
    yield "swapped", header + b + a + c
    yield "last one moved to the front", header + c + a + b
    yield "doubled", header + a + a + b + c
    yield "dropped", header + a + c
    yield "last one dropped", header + a + b
    yield "from another file of the same key", header + a + segments_of(other)[1] + c
    yield "another file's header", other[:HEADER_SIZE] + a + b + c


@pytest.mark.parametrize("sealed", [pytest.param(sealed, id=name) for name, sealed in moved_segments()])
def test_a_moved_segment_is_corrupt(sealed: bytes) -> None:
    with pytest.raises(Corrupt):
        opened(sealed)


def test_a_file_opens_only_with_its_own_key_and_context() -> None:
    sealed = seal(b"crmid\n1\n")
    for key, context in [(bytes(32), CONTEXT), (KEY, CONTEXT + b"x"), (KEY, b"")]:
        with pytest.raises(Corrupt, match="key or context"):
            reader(sealed, key=key, context=context)


def test_a_header_with_another_key_s_commitment_is_refused_before_any_segment() -> None:
    one, other = seal(b"same"), seal(b"same", key=bytes(32))
    forged = one[: HEADER_SIZE - 32] + other[HEADER_SIZE - 32 :]
    with pytest.raises(Corrupt, match="key or context"):
        reader(forged)


def test_a_short_answer_of_storage_is_corrupt() -> None:
    sealed = seal(plain_of(2 * SEGMENT))

    def short(start: int, length: int) -> bytes:
        return sealed[start : start + length - (start >= HEADER_SIZE)]

    subject = SealedReader(short, len(sealed), key_of=lambda _: KEY, context=CONTEXT)
    with pytest.raises(Corrupt, match="storage returned"):
        subject.read(0, 10)


@pytest.mark.parametrize(("key", "salt"), [(b"k" * 16, SALT), (KEY, b"")])
def test_a_short_key_or_salt_is_a_mistake_of_the_caller(key: bytes, salt: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        list(seal_stream([], key=key, key_version=1, context=CONTEXT, salt=salt))
