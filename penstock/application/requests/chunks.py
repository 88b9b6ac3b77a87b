"""The chunks of a request in the control store: manifests (their commit markers), nodes, lines and failures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from penstock.application.scanning import scan_all
from penstock.domain.errors import Conflict, NotFound
from penstock.domain.files.corrections import ChunkLines, RootLines
from penstock.domain.files.line_set import LineSet
from penstock.domain.requests.request import Manifest
from penstock.ports.control_store import ControlStore, Put, Record, Table


class ChunkFailures(msgspec.Struct, frozen=True):
    """Failed attempts that the chunk itself caused; `reasons` are codes, oldest first."""

    reasons: tuple[str, ...] = ()


class Chunks:
    """Reads and writes all stored data about chunks."""

    def __init__(self, store: ControlStore) -> None:
        self._store = store

    def commit(
        self, tenant_id: str, request_id: str, manifest: Manifest, nodes: bytes, lines: ChunkLines = ChunkLines()
    ) -> None:
        """Commit a chunk: store its nodes and lines, then its manifest, which makes it count."""
        sort = _chunk(manifest.chunk)
        puts = [Put(Table.CHUNK_NODES, _own_partition(request_id, manifest.chunk), "", nodes)]
        if lines != ChunkLines():
            puts.append(Put(Table.CHUNK_LINES, request_id, sort, msgspec.json.encode(lines)))
        self._store.put_each(tenant_id, puts)
        self._store.put(Table.CHUNK_MANIFESTS, tenant_id, request_id, sort, msgspec.json.encode(manifest))

    def manifest(self, tenant_id: str, request_id: str, chunk: int) -> Manifest | None:
        record = self._store.get(Table.CHUNK_MANIFESTS, tenant_id, request_id, _chunk(chunk))
        return None if record is None else _manifest(record)

    def manifests(self, tenant_id: str, request_id: str) -> Iterator[Manifest]:
        """All manifests of a request, in chunk order."""
        return map(_manifest, scan_all(self._store, Table.CHUNK_MANIFESTS, tenant_id, request_id))

    def done(self, tenant_id: str, chunks: Sequence[tuple[str, int]]) -> dict[tuple[str, int], Manifest]:
        """The manifests of those chunks, by request and number, that have one."""
        places = [(request_id, _chunk(chunk)) for request_id, chunk in chunks]
        records = self._store.get_each(Table.CHUNK_MANIFESTS, tenant_id, places)
        return {(record.partition, int(record.sort)): _manifest(record) for record in records}

    def nodes(self, tenant_id: str, request_id: str, chunk: int) -> bytes:
        """The concatenated nodes that a chunk wrote. Raises `NotFound`."""
        record = self._store.get(Table.CHUNK_NODES, tenant_id, _own_partition(request_id, chunk))
        if record is None:
            raise NotFound(f"chunk {chunk} of request {request_id} has written nothing yet")
        return record.body

    def lines(self, tenant_id: str, request_id: str) -> Iterator[ChunkLines]:
        """The lines of the chunks that have any, in chunk order."""
        for record in scan_all(self._store, Table.CHUNK_LINES, tenant_id, request_id):
            yield msgspec.json.decode(record.body, type=ChunkLines)

    def root_lines(self, tenant_id: str, request_id: str) -> RootLines:
        """The lines of a request that its children may correct."""
        lines = list(self.lines(tenant_id, request_id))
        return RootLines(LineSet(*(each.rejected for each in lines)), LineSet(*(each.dropped for each in lines)))

    def record_failure(self, tenant_id: str, request_id: str, chunk: int, reason: str) -> int:
        """Record a failed attempt that the chunk itself caused, with a code; returns the number of failures."""
        where = (Table.CHUNK_FAILURES, tenant_id, request_id, _chunk(chunk))
        while True:
            record = self._store.get(*where)
            known = ChunkFailures() if record is None else msgspec.json.decode(record.body, type=ChunkFailures)
            failures = ChunkFailures((*known.reasons, reason))
            try:
                if record is None:
                    self._store.create(*where, msgspec.json.encode(failures))
                else:
                    self._store.replace(record, msgspec.json.encode(failures))
            except Conflict:
                continue
            return len(failures.reasons)


def _manifest(record: Record) -> Manifest:
    return msgspec.json.decode(record.body, type=Manifest)


def _own_partition(request_id: str, chunk: int) -> str:
    """Of records that are large: those of a request of 50 million people would be 800 MB."""
    return f"{request_id}/{_chunk(chunk)}"


def _chunk(chunk: int) -> str:
    """The chunk's number, padded so that it sorts as a number."""
    return f"{chunk:09d}"
