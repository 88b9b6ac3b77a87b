"""Decompression of uploaded files, in bounded memory whatever the file claims to hold.

gzip (RFC 1952) and Zstandard (RFC 8878) are known by their first bytes; several members or frames in a row are one
file, as their own tools have it. Anything else passes through as it is.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Protocol

from penstock.domain.errors import Refused, refusal
from penstock.domain.mapping.mapping import Limits

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PLAIN, GZIP, ZSTD = "plain", "gzip", "zstd"
MAGIC_BYTES = 4  # of a file, that `compression_of` needs to see

_PIECE = 256 * 1024  # plain bytes at most that one step of a decompressor gives
_SLICE = 16 * 1024  # compressed bytes that it is given; a member's end copies what is left of them
_EXPANSION_FROM = 1 << 20  # plain bytes; a smaller file may expand as it likes
_FRAMES = 10_000  # members or frames that a file may have whatever is in them: each costs up to 40 us of a core
_FRAME_BYTES = 1_024  # plain bytes that those after them hold on average; bgzip's hold 64 KiB, pigz's 128
_WINDOW_LOG = 23  # 8 MiB, which RFC 8878 asks every decoder to support
_FIRST_BYTE = {GZIP: b"\x1f", ZSTD: bytes([0x28, *range(0x50, 0x60)])}  # of a member or frame


class _Frame(Protocol):
    """One gzip member or zstd frame; the decompressors of the standard library have this shape."""

    def decompress(self, data: bytes, max_length: int) -> bytes: ...
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...


def compression_of(head: bytes) -> str:
    """`plain`, `gzip` or `zstd`, from the first `MAGIC_BYTES` bytes of a file."""
    if head.startswith(b"\x1f\x8b"):
        return GZIP
    magic = int.from_bytes(head[:4], "little") if len(head) >= 4 else 0
    return ZSTD if magic == 0xFD2FB528 or magic >> 4 == 0x184D2A5 else PLAIN  # the second is a skippable frame


def plain(parts: Iterable[bytes], *, limits: Limits) -> Iterator[bytes]:
    """The plain bytes of a file that comes in `parts` of any sizes.

    Raises `Refused`: `file_too_large` (compressed or plain), `expands_too_much`, `truncated_file`, `corrupt_file`,
    `trailing_garbage`, `too_many_frames`, `window_too_large`. What was yielded before is to be thrown away then.
    """
    source = _Counted(parts, limits)
    head, rest = _first_bytes(source)
    whole = chain([head], rest)
    kind = compression_of(head)
    yielded = 0
    for piece in whole if kind == PLAIN else _decompressed(whole, kind):
        yielded += len(piece)
        if yielded > limits.file_bytes:
            raise _too_large(limits)
        if yielded > _EXPANSION_FROM and yielded > source.taken * limits.expansion:
            raise refusal(
                "expands_too_much",
                f"the file expands to more than {limits.expansion} times its compressed size",
                "Upload the file uncompressed, or ask an operator to raise the limit `expansion`.",
            )
        if piece:
            yield piece


class _Counted:
    """The parts of a file, in slices that suit a decompressor, counted and held to the size limit as they are taken."""

    def __init__(self, parts: Iterable[bytes], limits: Limits) -> None:
        self._parts, self._limits = parts, limits
        self.taken = 0  # bytes

    def __iter__(self) -> Iterator[bytes]:
        for part in self._parts:
            for at in range(0, len(part), _SLICE):
                piece = part[at : at + _SLICE]
                self.taken += len(piece)
                if self.taken > self._limits.file_bytes:
                    raise _too_large(self._limits)
                yield piece


def _first_bytes(source: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Enough of the file to know its form by, and the iterator over what follows."""
    rest = iter(source)
    head = b""
    for piece in rest:
        head += piece
        if len(head) >= MAGIC_BYTES:
            break
    return head, rest


def _decompressed(parts: Iterable[bytes], kind: str) -> Iterator[bytes]:
    new_frame: Callable[[], _Frame] = _GzipMember if kind == GZIP else _zstd_frame
    frame: _Frame | None = None
    frames = produced = 0
    for part in parts:
        data = part
        while data:
            if frame is None:
                if data[0] not in _FIRST_BYTE[kind]:
                    raise _trailing_garbage(kind)
                frames += 1
                if frames > _FRAMES + produced // _FRAME_BYTES:
                    raise _too_many_frames(kind)
                frame = new_frame()
            try:
                for piece in _drain(frame, data):
                    produced += len(piece)
                    yield piece
            except (zlib.error, zstd.ZstdError) as error:
                raise _broken(error, kind) from None
            data = b""
            if frame.eof:
                data, frame = frame.unused_data, None
    if frame is not None:
        raise refusal(
            "truncated_file",
            f"the {kind} file ends before its data does",
            "The file was cut while it was written or copied: compress or export it again and upload it whole.",
        )


def _drain(frame: _Frame, data: bytes) -> Iterator[bytes]:
    """All that `data` makes of `frame`, up to the frame's end, in pieces of bounded size."""
    yield frame.decompress(data, _PIECE)
    while not frame.eof and not frame.needs_input:
        yield frame.decompress(b"", _PIECE)


class _GzipMember:
    """zlib's decompressor in the shape of the others; it checks the member's CRC-32 and length."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        self.needs_input = True

    def decompress(self, data: bytes, max_length: int) -> bytes:
        got = self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)
        self.needs_input = not self._zlib.unconsumed_tail  # what zlib holds back comes with the trailer at the latest
        return got

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data


def _zstd_frame() -> _Frame:
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _WINDOW_LOG})


def _broken(error: Exception, kind: str) -> Refused:
    if "too much memory" in str(error):  # zstd gives its error codes as text only
        return refusal(
            "window_too_large",
            f"the zstd file needs a window of more than {1 << (_WINDOW_LOG - 20)} MiB to be decompressed",
            "Compress it with level 19 or lower and without --long or --ultra.",
        )
    return refusal(
        "corrupt_file",
        f"the {kind} file is damaged: its data does not decompress to what its checksums say",
        "Compress or export the file again and upload it unchanged.",
    )


def _trailing_garbage(kind: str) -> Refused:
    return refusal(
        "trailing_garbage",
        f"after its compressed data, the file has bytes that are not {kind}",
        "Compress the file again; nothing may follow the compressed data.",
    )


def _too_many_frames(kind: str) -> Refused:
    return refusal(
        "too_many_frames",
        f"the {kind} file consists of too many parts that hold next to nothing: past {_FRAMES:,}, "
        f"they must hold {_FRAME_BYTES:,} bytes on average",
        "Decompress the file and compress it again as a whole.",
    )


def _too_large(limits: Limits) -> Refused:
    return refusal(
        "file_too_large",
        f"the file has more than {limits.file_bytes:,} bytes",
        "Split it into several files, or ask an operator to raise the limit `file_bytes`.",
    )
