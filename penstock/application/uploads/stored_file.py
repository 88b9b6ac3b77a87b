"""A sealed file without a request yet, and the facts about it that are collected while it is received."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from typing import NamedTuple

from penstock.application.uploads.checking import FileHead
from penstock.domain.files.header import Header, parse_header
from penstock.domain.files.row_index import RowIndex, RowIndexer
from penstock.domain.files.tabular_format import MAX_HEADER_BYTES, FileFormat, FileOptions
from penstock.domain.mapping.mapping import Limits
from penstock.ports.object_store import ObjectRef


class StoredFile(NamedTuple):
    """A sealed file without a request yet. `fingerprint` is a keyed hash of the plain bytes in UTF-8, `size` their
    number; `began` is when the first byte arrived, by the monotonic clock, and `upload_started_at` the same in
    microseconds since the epoch, or when a file that came in parts was announced. `options` have the encoding in which
    it was read. `rows` says where rows end in the format `indexed_as`; it is None for a file without a header."""

    ref: ObjectRef
    head: bytes
    size: int
    fingerprint: str
    began: float
    options: FileOptions = FileOptions()
    upload_started_at: int | None = None
    rows: RowIndex | None = None
    indexed_as: FileFormat = FileFormat()

    @property
    def complete(self) -> bool:
        """Whether the head is all of the file."""
        return len(self.head) == self.size

    @property
    def file_head(self) -> FileHead:
        return FileHead(self.head, self.complete, self.options.encoding)

    def header(self, limits: Limits, options: FileOptions) -> Header:
        return parse_header(self.head, mapping=None, limits=limits, complete=self.complete, options=options)


NO_FILE = StoredFile(ObjectRef("", "", 0), b"", 0, "", 0.0)  # for a request whose file was refused while received


class ObservedFile:
    """Passes on the plain bytes of a file; keeps their head, computes their number and a keyed hash, and finds rows."""

    def __init__(self, parts: Iterator[bytes], hash_key: bytes, indexer: RowIndexer) -> None:
        self._parts, self._indexer = parts, indexer
        self.head = bytearray()
        self.size = 0
        self.digest = blake2b(digest_size=16, key=hash_key, person=b"penstock file")

    def __iter__(self) -> Iterator[bytes]:
        for part in self._parts:
            if len(self.head) < MAX_HEADER_BYTES:
                self.head += part[: MAX_HEADER_BYTES - len(self.head)]
            self.size += len(part)
            self.digest.update(part)
            self._indexer.take(part)
            yield part
