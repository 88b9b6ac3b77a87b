"""Sealed objects: uploaded files and rejects, sealed before they are stored."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from penstock.application.encryption.key_ring import KeyRing, Purpose
from penstock.domain.files.sealed_file import SealedReader, seal_stream
from penstock.domain.framing import framed
from penstock.ports.object_store import ObjectRef, ObjectStore

SALT_BYTES = 32
TIME_DIGITS = 14  # hexadecimal, of the microseconds in a file's key: enough until 2283


class SealedObjects:
    """An object store with content that only the tenant's file keys open. Raises the errors of `ObjectStore` and
    `KeyRing`."""

    def __init__(self, objects: ObjectStore, keys: KeyRing, random: Callable[[int], bytes]) -> None:
        self._objects, self._keys, self._random = objects, keys, random

    def put(self, tenant_id: str, key: str, parts: Iterable[bytes]) -> ObjectRef:
        """Seal the plain bytes `parts` and store them under `key`, in bounded memory."""
        data_key = self._keys.current(tenant_id, Purpose.FILE)
        sealed = seal_stream(
            parts,
            key=data_key.secret,
            key_version=data_key.version,
            context=_context(tenant_id, key),
            salt=self._random(SALT_BYTES),
        )
        return self._objects.put(key, sealed)

    def open(self, tenant_id: str, ref: ObjectRef) -> SealedReader:
        """A reader of the plain bytes. Raises `Corrupt` when it is not the object that was sealed."""
        return SealedReader(
            lambda start, length: self._objects.read(ref, start, length),
            ref.size,
            key_of=lambda version: self._keys.get(tenant_id, Purpose.FILE, version).secret,
            context=_context(tenant_id, ref.key),
        )

    def stat(self, key: str) -> ObjectRef:
        return self._objects.stat(key)

    def delete(self, key: str) -> None:
        self._objects.delete(key)


def _context(tenant_id: str, key: str) -> bytes:
    return framed(b"penstock object", tenant_id.encode(), key.encode())


def file_key(tenant_id: str, at_us: int, unguessable: str) -> str:
    """The object key of an uploaded file that began to arrive at `at_us`, by which the keys of a tenant sort."""
    return f"{files_prefix(tenant_id)}{at_us:0{TIME_DIGITS}x}{unguessable}"


def files_prefix(tenant_id: str) -> str:
    """The beginning of the keys of all files of a tenant."""
    return f"files/{tenant_id}/"


def arrived_us(key: str) -> int:
    """When the file with this key, or with this row index, began to arrive. Raises `ValueError`."""
    return int(key.rpartition("/")[2][:TIME_DIGITS], 16)


INDEX_SUFFIX = "-rows"


def index_key(file: str) -> str:
    """The object key of the row index of the file with the key `file`; kept and swept with it."""
    return f"{file}{INDEX_SUFFIX}"


def part_key(tenant_id: str, file_id: str, offset: int, token: str) -> str:
    """The object key of a part of a draft. It is sealed with its key, so it opens only in its place of its file."""
    return f"{draft_prefix(tenant_id)}{file_id}/{offset:016d}-{token}"


def draft_prefix(tenant_id: str) -> str:
    """The beginning of the keys of all parts of a tenant's drafts; the file's id follows."""
    return f"parts/{tenant_id}/"


def rejects_key(tenant_id: str, request_id: str, chunk: int) -> str:
    """The object key of a chunk's rejects; a chunk that runs again overwrites them."""
    return f"rejects/{tenant_id}/{request_id}/{chunk:08d}"


def dropped_key(tenant_id: str, request_id: str, chunk: int) -> str:
    """The object key of a chunk's rows that lost cells; kept and swept with its rejects."""
    return f"{rejects_key(tenant_id, request_id, chunk)}-dropped"
