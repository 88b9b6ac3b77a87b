"""Sealing fragments: two parts, each AES-256-GCM under a key derived for one request and chunk.

A cell is

    format (1 byte = 1) ‖ general key version (4) ‖ personal key version (4) ‖ length of the general part (4)
    ‖ general part ‖ personal part

and each part is nonce (12) ‖ ciphertext ‖ tag (16). Associated data: format, tenant, part, key version and fragment
key, length-prefixed, so that a part opens only where it was stored. The personal part is always there, and padded
(0x80, then zeros: ISO/IEC 9797-1, method 2) to a power of two of at least 64 bytes: its length tells no value.

Keys are derived with HKDF-SHA-256 (RFC 5869) from the tenant's data key of that part, per request and chunk. So one key
is used with far fewer than the 2^32 random nonces that NIST SP 800-38D allows; `ChunkSealer` refuses more.
"""

from __future__ import annotations

import hmac
import struct
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from penstock.domain.errors import Corrupt
from penstock.domain.framing import framed

FORMAT = 1
NONCE_BYTES = 12
TAG_BYTES = 16
MAX_SEALS = 2**32
MIN_PADDED = 64
CHECK_BYTES = 8
CACHED_PREFIXES = 1_024
PADDING = b"\x80"
HEAD = struct.Struct(">BIII")


class Part(StrEnum):
    GENERAL = "general"
    PERSONAL = "personal"


class DataKey(NamedTuple):
    """One version of a tenant's data key: 32 secret bytes."""

    version: int
    secret: bytes

    def __repr__(self) -> str:
        return f"DataKey(version={self.version})"

    @property
    def check(self) -> str:
        """A value that only this key gives, and that does not tell it: 16 hexadecimal digits."""
        return hmac.digest(self.secret, b"penstock key check", "sha256")[:CHECK_BYTES].hex()


class SealedParts(NamedTuple):
    """The parts of a cell."""

    general_version: int
    personal_version: int
    general: bytes
    personal: bytes


def chunk_key(data_key: DataKey, part: Part, origin: bytes) -> AESGCM:
    """The key of one part of the fragments of `origin` (request id ‖ chunk, as in the fragment key)."""
    info = framed(b"penstock fragment", bytes([FORMAT]), part.encode(), origin)
    return AESGCM(HKDF(SHA256(), 32, None, info).derive(data_key.secret))


@lru_cache(CACHED_PREFIXES)
def associated_prefix(tenant_id: str, part: Part, version: int, key_bytes: int) -> bytes:
    """The associated data up to the fragment key, which is always the last field."""
    fields = framed(bytes([FORMAT]), tenant_id.encode(), part.encode(), version.to_bytes(4, "big"))
    return fields + key_bytes.to_bytes(4, "big")


class ChunkSealer:
    """Seals the fragments of one chunk; `random(n)` returns n unpredictable bytes."""

    def __init__(
        self, tenant_id: str, origin: bytes, general: DataKey, personal: DataKey, random: Callable[[int], bytes]
    ) -> None:
        self._tenant_id = tenant_id
        data_keys = {Part.GENERAL: general, Part.PERSONAL: personal}
        self._versions = {part: data_key.version for part, data_key in data_keys.items()}
        self._keys = {part: chunk_key(data_key, part, origin) for part, data_key in data_keys.items()}
        self._random = random
        self._sealed = 0

    def seal(self, keys: Sequence[bytes], generals: Sequence[bytes], personals: Sequence[bytes]) -> list[bytes]:
        """The cell of each fragment, given its key and plain parts."""
        if not keys:
            return []
        self._sealed += len(keys)
        if self._sealed > MAX_SEALS:
            raise OverflowError("one derived key may seal 2^32 fragments; use smaller chunks")
        sealed = self._seal_parts(Part.GENERAL, keys, generals)
        secret = self._seal_parts(Part.PERSONAL, keys, map(_padded, personals))
        heads = {length: HEAD.pack(FORMAT, *self._versions.values(), length) for length in set(map(len, sealed))}
        return [heads[len(general)] + general + personal for general, personal in zip(sealed, secret, strict=True)]

    def _seal_parts(self, part: Part, keys: Sequence[bytes], plain: Iterable[bytes]) -> list[bytes]:
        """nonce ‖ ciphertext ‖ tag of each part."""
        encrypt = self._keys[part].encrypt
        associated = associated_prefix(self._tenant_id, part, self._versions[part], len(keys[0]))
        drawn = self._random(NONCE_BYTES * len(keys))
        nonces = [drawn[at : at + NONCE_BYTES] for at in range(0, len(drawn), NONCE_BYTES)]
        return [
            nonce + encrypt(nonce, values, associated + key)
            for nonce, key, values in zip(nonces, keys, plain, strict=True)
        ]


def split_cell(cell: bytes) -> SealedParts:
    """The two sealed parts of a cell. Raises `Corrupt` if it is not a cell."""
    if len(cell) < HEAD.size or cell[0] != FORMAT:
        raise Corrupt("a stored fragment is not in a format that this version knows")
    _, general_version, personal_version, length = HEAD.unpack_from(cell)
    end = HEAD.size + length
    if len(cell) < end + NONCE_BYTES + MIN_PADDED + TAG_BYTES:
        raise Corrupt("a stored fragment was cut short")
    return SealedParts(general_version, personal_version, cell[HEAD.size : end], cell[end:])


def open_part(key: AESGCM, tenant_id: str, part: Part, version: int, fragment_key: bytes, sealed: bytes) -> bytes:
    """The plain bytes of one part. Raises `Corrupt` when it was changed or moved."""
    associated = associated_prefix(tenant_id, part, version, len(fragment_key)) + fragment_key
    try:
        plain = key.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], associated)
    except (InvalidTag, ValueError) as error:
        raise Corrupt(
            f"a fragment's {part} part does not open: it was changed, moved, or sealed with another key"
        ) from error
    return plain.rstrip(b"\0")[: -len(PADDING)] if part is Part.PERSONAL else plain


def _padding(length: int) -> bytes:
    return PADDING.ljust(max(MIN_PADDED, 1 << length.bit_length()) - length, b"\0")


_PADDINGS = [_padding(length) for length in range(256)]  # of usual lengths, made once


def _padded(plain: bytes) -> bytes:
    return plain + (_PADDINGS[len(plain)] if len(plain) < len(_PADDINGS) else _padding(len(plain)))
