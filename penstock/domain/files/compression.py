"""Decompression of uploaded files, in bounded memory whatever the file contains.

gzip (RFC 1952) and Zstandard (RFC 8878) are detected by their first bytes. Several members or frames in a row are one
file, as for the tools `gzip` and `zstd`. Anything else passes through unchanged.
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
MAGIC_BYTES = 4  # that `compression_of` needs

_OUTPUT_BYTES = 256 * 1024  # maximum of plain bytes per step of a decompressor
_INPUT_BYTES = 16 * 1024  # compressed bytes per step; small, since the end of a member copies the remainder
_EXPANSION_EXEMPT_BYTES = 1 << 20  # plain bytes; smaller files are exempt
_MAX_SMALL_FRAMES = 10_000  # members or frames allowed whatever their content: each costs up to 40 us of CPU time
_MIN_AVERAGE_FRAME_BYTES = 1_024  # plain bytes in the frames beyond these; bgzip writes 64 KiB, pigz 128
_WINDOW_LOG = 23  # 8 MiB, the window that RFC 8878 recommends every decoder to support
_FIRST_BYTE = {GZIP: b"\x1f", ZSTD: bytes([0x28, *range(0x50, 0x60)])}  # of a member or frame


class _Frame(Protocol):
    """One gzip member or zstd frame, with the interface of the standard library's decompressors."""

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
    """The plain bytes of a file, whose bytes come in `parts` of any size.

    Raises `Refused`: `file_too_large` (compressed or plain), `expands_too_much`, `truncated_file`, `corrupt_file`,
    `trailing_garbage`, `too_many_frames`, `window_too_large`. Discard what was yielded before.
    """
    source = _Counted(parts, limits)
    head, remaining = _first_bytes(source)
    file = chain([head], remaining)
    kind = compression_of(head)
    yielded = 0
    for piece in file if kind == PLAIN else _decompressed(file, kind):
        yielded += len(piece)
        if yielded > limits.file_bytes:
            raise _too_large(limits)
        if yielded > _EXPANSION_EXEMPT_BYTES and yielded > source.taken * limits.expansion:
            raise refusal(
                "expands_too_much",
                f"the file expands to more than {limits.expansion} times its compressed size",
                "Upload the file uncompressed, or ask an operator to raise the limit `expansion`.",
            )
        if piece:
            yield piece


def check_size(size: int, limits: Limits) -> None:
    """Raise `Refused` (file_too_large) for a file of more than the allowed plain bytes."""
    if size > limits.file_bytes:
        raise _too_large(limits)


class _Counted:
    """The parts of a file in slices that suit a decompressor; counts them and enforces the size limit."""

    def __init__(self, parts: Iterable[bytes], limits: Limits) -> None:
        self._parts, self._limits = parts, limits
        self.taken = 0  # bytes

    def __iter__(self) -> Iterator[bytes]:
        for part in self._parts:
            for at in range(0, len(part), _INPUT_BYTES):
                piece = part[at : at + _INPUT_BYTES]
                self.taken += len(piece)
                if self.taken > self._limits.file_bytes:
                    raise _too_large(self._limits)
                yield piece


def _first_bytes(source: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Enough bytes to detect the compression, and an iterator over the remaining ones."""
    remaining = iter(source)
    head = b""
    for piece in remaining:
        head += piece
        if len(head) >= MAGIC_BYTES:
            break
    return head, remaining


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
                if frames > _MAX_SMALL_FRAMES + produced // _MIN_AVERAGE_FRAME_BYTES:
                    raise _too_many_frames(kind)
                frame = new_frame()
            try:
                for piece in _drain(frame, data):
                    produced += len(piece)
                    yield piece
            except (zlib.error, zstd.ZstdError) as error:
                raise _decompression_error(error, kind) from None
            data = b""
            if frame.eof:
                data, frame = frame.unused_data, None
    if frame is not None:
        raise refusal(
            "truncated_file",
            f"the {kind} file ends before its data does",
            "The file was cut off while it was written or copied: compress or export it again, then upload all of it.",
        )


def _drain(frame: _Frame, data: bytes) -> Iterator[bytes]:
    """The plain bytes of `data` up to the frame's end, in pieces of bounded size."""
    yield frame.decompress(data, _OUTPUT_BYTES)
    while not frame.eof and not frame.needs_input:
        yield frame.decompress(b"", _OUTPUT_BYTES)


class _GzipMember:
    """zlib's decompressor as a `_Frame`; it checks the member's CRC-32 and length."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        self.needs_input = True

    def decompress(self, data: bytes, max_length: int) -> bytes:
        plain_bytes = self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)
        self.needs_input = (
            not self._zlib.unconsumed_tail
        )  # zlib returns its buffered data with the trailer at the latest
        return plain_bytes

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data


def _zstd_frame() -> _Frame:
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _WINDOW_LOG})


def _decompression_error(error: Exception, kind: str) -> Refused:
    if "too much memory" in str(error):  # zstd has its error codes only as text
        return refusal(
            "window_too_large",
            f"the zstd file needs a window of more than {1 << (_WINDOW_LOG - 20)} MiB to be decompressed",
            "Compress it with level 19 or lower and without --long or --ultra.",
        )
    return refusal(
        "corrupt_file",
        f"the {kind} file is damaged: its data does not match its checksums",
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
        f"the {kind} file consists of too many nearly empty parts: beyond {_MAX_SMALL_FRAMES:,}, "
        f"they must hold {_MIN_AVERAGE_FRAME_BYTES:,} bytes on average",
        "Decompress the file and compress it again as a whole.",
    )


def _too_large(limits: Limits) -> Refused:
    return refusal(
        "file_too_large",
        f"the file has more than {limits.file_bytes:,} bytes",
        "Split it into several files, or raise the limit: an operator sets PENSTOCK_MAX_FILE_BYTES, and a data source "
        "that allows less has its own max_file_bytes.",
    )
