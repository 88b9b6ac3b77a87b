"""Sealed files: authenticated segments that can be read by range and fail closed.

The construction is the STREAM of Hoang, Reyhanitabar, Rogaway and Vizár, "Online Authenticated-Encryption and its
Nonce-Reuse Misuse-Resistance" (CRYPTO 2015), in the shape of Tink's AES-GCM-HKDF streaming AEAD
(https://developers.google.com/tink/streaming-aead/aes_gcm_hkdf_streaming), with a commitment to the key added:

    file     = header ‖ segment 0 ‖ … ‖ segment n-1
    header   = magic (7) ‖ format (1) ‖ key version (u32) ‖ segment size (u32) ‖ salt (32) ‖ commitment (32)
    file key (32) ‖ commitment (32) ‖ nonce prefix (7) = HKDF-SHA-256(data key, salt, info)
    info     = label, the header up to the salt, the caller's context; each after its length
    segment  = AES-256-GCM(file key, nonce, up to `SEGMENT` plain bytes), 16 bytes longer than its plain bytes
    nonce    = nonce prefix ‖ index (u32) ‖ 1 for the last segment, else 0

All numbers are big-endian. Every segment but the last is full; only an empty file has an empty segment. A file key
seals one file, so a nonce never repeats as long as the salt is random. The index detects moved segments, the last flag
truncation or extension at a segment boundary, and the file key, which depends on salt and context, segments of another
file.
"""

from __future__ import annotations

import hmac
import struct
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from penstock.domain.errors import Corrupt

SEGMENT = 64 * 1024  # plain bytes
SALT_SIZE = 32

_MAGIC = b"PNSTOCK"
_FORMAT = 1
_PREAMBLE = struct.Struct(">7sBII")  # magic, format, key version, segment size
_COMMITMENT_SIZE = 32
_NONCE = struct.Struct(">7sIB")  # prefix, index, last flag
_TAG = 16
_SEALED_SEGMENT = SEGMENT + _TAG
_LABEL = b"penstock sealed file"

HEADER_SIZE = _PREAMBLE.size + SALT_SIZE + _COMMITMENT_SIZE  # bytes


class _FileKeys(NamedTuple):
    """The keys of one file, derived from the data key, its salt and context."""

    cipher: AESGCM
    commitment: bytes
    nonce_prefix: bytes

    def nonce(self, index: int, *, last: bool) -> bytes:
        return _NONCE.pack(self.nonce_prefix, index, last)


def seal_stream(
    parts: Iterable[bytes], *, key: bytes, key_version: int, context: bytes, salt: bytes
) -> Iterator[bytes]:
    """Seal the concatenated `parts`, which may have any size; yields the sealed file in pieces.

    `key` is the tenant's file data key (32 bytes); `salt` is 32 random bytes, never reused. `context` identifies the
    tenant and the file; reading needs the same one. Keeps one segment of 64 KiB in memory beside the current part.
    """
    if len(key) != 32 or len(salt) != SALT_SIZE:
        raise ValueError("a sealed file needs a key and a salt of 32 bytes each")
    preamble = _PREAMBLE.pack(_MAGIC, _FORMAT, key_version, SEGMENT)
    keys = _derive(key, preamble, salt, context)
    yield preamble + salt + keys.commitment
    for index, (segment, last) in enumerate(_segments(parts)):
        yield keys.cipher.encrypt(keys.nonce(index, last=last), segment, None)


def key_version(header: bytes) -> int:
    """The version of the data key that sealed a file, from its first `HEADER_SIZE` bytes. Raises `Corrupt`."""
    if len(header) < HEADER_SIZE:
        raise Corrupt("the sealed file is shorter than its header")
    magic, file_format, version, segment_size = _PREAMBLE.unpack_from(header)
    if (magic, file_format, segment_size) != (_MAGIC, _FORMAT, SEGMENT):
        raise Corrupt("the object is not a sealed file of a known format")
    return int(version)


class SealedReader:
    """Reads ranges of a sealed file; every returned byte was authenticated.

    `read(start, length)` returns exactly that range of the `size` sealed bytes; `key_of(version)` returns the tenant's
    file data key and may raise its own errors. Anything moved, cut, added or changed raises `Corrupt`, and so does a
    `read` that returns too little. The last segment authenticates the file's length, so a read that reaches the end or
    would pass it opens that segment too.
    """

    def __init__(
        self, read: Callable[[int, int], bytes], size: int, *, key_of: Callable[[int], bytes], context: bytes
    ) -> None:
        self._read = read
        header = self._fetch(0, min(size, HEADER_SIZE))
        key = key_of(key_version(header))
        preamble, salt = header[: _PREAMBLE.size], header[_PREAMBLE.size : _PREAMBLE.size + SALT_SIZE]
        self._keys = _derive(key, preamble, salt, context)
        if not hmac.compare_digest(self._keys.commitment, header[-_COMMITMENT_SIZE:]):
            raise Corrupt("the sealed file belongs to another key or context, or its header was changed")
        self._count, self.size = _measure(size - HEADER_SIZE)

    def read(self, start: int, length: int) -> bytes:
        """The plain bytes [start, start + length); like a slice, it stops at the end of the file."""
        return b"".join(self._open(start, start + length))

    def stream(self, start: int = 0, end: int | None = None, piece: int = 1 << 20) -> Iterator[bytes]:
        """The plain bytes [start, end) in order; each storage read covers about `piece` plain bytes."""
        stop = max(start, self.size) if end is None else end
        step = max(1, piece // SEGMENT) * SEGMENT
        while True:
            edge = min(stop, (start // SEGMENT) * SEGMENT + step)
            yield from self._open(start, edge)
            if edge >= min(stop, self.size):
                return
            start = edge

    def _open(self, start: int, end: int) -> Iterator[bytes]:
        """The plain bytes [start, end), in one storage read and one piece per segment."""
        if start < 0 or end < start:
            raise ValueError("a range starts at 0 or later and does not end before it starts")
        if start == end < self.size:
            return
        final = self._count - 1
        first, last = min(start // SEGMENT, final), min(max(end - 1, start) // SEGMENT, final)
        from_byte, to_byte = first * _SEALED_SEGMENT, min((last + 1) * _SEALED_SEGMENT, self.size + self._count * _TAG)
        sealed = memoryview(self._fetch(HEADER_SIZE + from_byte, to_byte - from_byte))
        for index in range(first, last + 1):
            at = (index - first) * _SEALED_SEGMENT
            plain = self._open_segment(index, sealed[at : at + _SEALED_SEGMENT])
            offset = index * SEGMENT
            if start <= offset and end >= offset + len(plain):
                yield plain
            else:
                yield plain[max(0, start - offset) : end - offset]

    def _open_segment(self, index: int, sealed: memoryview) -> bytes:
        try:
            return self._keys.cipher.decrypt(self._keys.nonce(index, last=index == self._count - 1), sealed, None)
        except InvalidTag:
            raise Corrupt(f"segment {index} of the sealed file was moved, cut or changed") from None

    def _fetch(self, start: int, length: int) -> bytes:
        sealed = self._read(start, length)
        if len(sealed) != length:
            raise Corrupt(f"storage returned {len(sealed)} of {length} bytes of the sealed file")
        return sealed


def _derive(key: bytes, preamble: bytes, salt: bytes, context: bytes) -> _FileKeys:
    info = b"".join(struct.pack(">I", len(field)) + field for field in (_LABEL, preamble, context))
    length = 32 + _COMMITMENT_SIZE + 7
    derived = HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(key)
    return _FileKeys(AESGCM(derived[:32]), derived[32:64], derived[64:])


def _measure(sealed: int) -> tuple[int, int]:
    """The number of segments and of plain bytes in `sealed` bytes of segments. Raises `Corrupt`."""
    count = -(-sealed // _SEALED_SEGMENT)
    plain = sealed - count * _TAG
    # Only an empty file ends with an empty segment; any other such file was truncated to its last tag.
    if count < 1 or plain < (count - 1) * SEGMENT + (count > 1):
        raise Corrupt("the sealed file ends within a segment")
    return count, plain


def _segments(parts: Iterable[bytes]) -> Iterator[tuple[bytes | bytearray | memoryview, bool]]:
    """Full segments, then the last one with True. A full segment is held back until another byte follows."""
    held = bytearray()
    for part in parts:
        view = memoryview(part)
        if held:
            room = SEGMENT - len(held)
            held += view[:room]
            view = view[room:]
            if not view:
                continue
            yield held, False
        while len(view) > SEGMENT:
            yield view[:SEGMENT], False
            view = view[SEGMENT:]
        held = bytearray(view)
    yield held, True
