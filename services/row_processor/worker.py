"""The worker: one chunk from ranged read to durable manifest.

The order of the steps is the promise: fragments, then rejects, then the manifest (the chunk's commit mark), then
progress, then the offset. Killed between any two, the chunk runs again and writes the same keys with the same meaning.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import NamedTuple

import structlog

from penstock.application.encryption.expiring_cache import ExpiringCache
from penstock.application.encryption.key_ring import LIFETIME_SECONDS, KeyRing, Purpose
from penstock.application.encryption.sealed_objects import SealedObjects, dropped_key, rejects_key
from penstock.application.requests.chunks import Chunks
from penstock.application.requests.request_log import about
from penstock.application.requests.requests import Requests
from penstock.domain.errors import Corrupt, Fenced, KeyRevoked, NotFound, Unavailable
from penstock.domain.event_codec import encode
from penstock.domain.events import (
    ChunkDone,
    ChunkReady,
    Event,
    FileRefused,
    ImpossibleEvent,
    Progress,
    Step,
    unreadable_file,
)
from penstock.domain.files.chunking import is_oversized_row
from penstock.domain.files.corrections import ChunkLines
from penstock.domain.files.formats import tabular_format
from penstock.domain.files.header import parse_header
from penstock.domain.files.line_set import runs_of
from penstock.domain.files.rejects import Reject, encode_rejects
from penstock.domain.files.rows import SET_ASIDE, raw_rows
from penstock.domain.files.tabular_format import MAX_HEADER_BYTES
from penstock.domain.ingestion.chunk import ChunkResult, ingest_chunk
from penstock.domain.ingestion.layout import Layout, compile_layout
from penstock.domain.mapping.mapping import Plan
from penstock.domain.profiles.fragments import ORIGIN_BYTES, key_suffix
from penstock.domain.profiles.sealing import ChunkSealer
from penstock.domain.requests.request import Manifest, Request, upload_requested
from penstock.failpoints import failpoint
from penstock.ports.clock import Clock
from penstock.ports.event_log import EventLog, Message
from penstock.ports.key_vault import RootMissing
from penstock.ports.object_store import ObjectRef
from penstock.ports.profile_store import ProfileStore

MAX_ATTEMPTS = 5
CACHED_LAYOUTS = 8  # of requests whose chunks come by turns
BATCH_FRAGMENTS = 40_000
KEY_WAIT_SECONDS = 5.0  # that a worker waits for a tenant's key
KEY_FAULT_SECONDS = 15.0  # after which it waits again
MAX_KEY_FAULTS = 1_000
LARGE_BYTES = 256 * 1024  # chunks from here on take turns in a process

log = structlog.get_logger(__name__)


class _Prepared(NamedTuple):
    """A request's plan, the layout of its file's columns, and the size of the plain file in bytes."""

    plan: Plan
    layout: Layout
    size: int


class Worker:
    """Ingests chunks. Workers of a process share `one_at_a_time`, which bounds its memory."""

    def __init__(
        self,
        *,
        log: EventLog,
        requests: Requests,
        chunks: Chunks,
        profiles: ProfileStore,
        files: SealedObjects,
        keys: KeyRing,
        clock: Clock,
        random: Callable[[int], bytes],
        one_at_a_time: threading.Lock,
    ) -> None:
        self._producer = log.producer()
        self._requests, self._chunks, self._profiles = requests, chunks, profiles
        self._files, self._keys = files, keys
        self._clock, self._random, self._one_at_a_time = clock, random, one_at_a_time
        self._key_faults = ExpiringCache[str, float](clock, seconds=KEY_FAULT_SECONDS, max_entries=MAX_KEY_FAULTS)
        # Each holds a tenant's hash key.
        self._prepared = ExpiringCache[tuple[str, str, ObjectRef], _Prepared](
            clock, seconds=LIFETIME_SECONDS, max_entries=CACHED_LAYOUTS
        )

    def handle(self, events: Sequence[tuple[Message, Event]]) -> None:
        """Work on all chunks, also if the key of one's tenant cannot be used now; then that error is raised."""
        missing: RootMissing | None = None
        for _, event in events:
            if isinstance(event, ChunkReady):
                is_large = event.end - event.start > LARGE_BYTES
                with self._one_at_a_time if is_large else nullcontext():
                    try:
                        self._work_or_put_back(event)
                    except RootMissing as error:
                        missing = error
        if missing is not None:
            raise missing

    def _work_or_put_back(self, event: ChunkReady) -> None:
        """Wait a while for a tenant's key that cannot be used, then give the chunk back to the dispatcher, so that
        nobody else's chunks wait for it."""
        try:
            self.work(event)
        except RootMissing as error:
            since = self._key_faults.get(event.tenant_id)
            if since is None:
                since = self._clock.monotonic()
                self._key_faults.put(event.tenant_id, since)
            if self._clock.monotonic() - since < KEY_WAIT_SECONDS:
                raise
            self._put_back(event, error)

    def _put_back(self, event: ChunkReady, error: RootMissing) -> None:
        request = self._requests.get(event.tenant_id, event.request_id)
        put_back = upload_requested(request, event.chunk)
        self._producer.send(put_back.topic, put_back.key, encode(put_back))
        self._producer.flush()
        log.warning("chunk.put_back", **about(request), chunk=event.chunk, error=str(error))

    def work(self, event: ChunkReady) -> None:
        """Ingest one chunk, unless it is already done or its request has ended, and return its result.

        Raises `ImpossibleEvent`.
        """
        request = self._requests.get(event.tenant_id, event.request_id)
        if _object_of(event) != ObjectRef(request.object_key, request.object_version, request.object_size):
            raise ImpossibleEvent(f"request {event.request_id} was accepted for another object")
        if not request.status.processing:
            return
        began = self._clock.monotonic()
        manifest = self._chunks.manifest(event.tenant_id, event.request_id, event.chunk)
        try:
            step: Step = (manifest or self._ingest_or_set_aside(event, request)).step()
        except (Corrupt, KeyRevoked, NotFound) as error:
            step = FileRefused(at_us=self._clock.now_us(), problem=unreadable_file(error))
        self._report(event, step)
        if isinstance(step, ChunkDone):
            rows = {"read": step.rows_read, "ingested": step.rows_ingested, "rejected": step.rows_rejected}
            seconds = round(self._clock.monotonic() - began, 3)
            log.info("chunk.done", **about(request), chunk=event.chunk, **rows, seconds=seconds)

    def _ingest_or_set_aside(self, event: ChunkReady, request: Request) -> Manifest:
        """An outage is passed on, to be waited for. A chunk that fails for a reason of its own is tried again, and
        set aside after `MAX_ATTEMPTS`; one whose bytes or keys are gone fails its whole request."""
        while True:
            try:
                with _no_garbage_collection:
                    return self._ingest(event, request)
            except (Unavailable, Fenced, KeyRevoked, NotFound, ImpossibleEvent):
                raise
            except Exception as error:  # no fault of this chunk may stop its neighbours
                reason = type(error).__name__
                failures = self._chunks.record_failure(event.tenant_id, event.request_id, event.chunk, reason)
                log.warning("chunk.failed", **about(request), chunk=event.chunk, error=reason, attempts=failures)
            if failures >= MAX_ATTEMPTS:
                return self._set_aside(event, request)

    def _ingest(self, event: ChunkReady, request: Request) -> Manifest:
        began = self._clock.monotonic()
        plan, layout, size = self._prepare(request, _object_of(event))
        if event.end > size:
            raise ImpossibleEvent(f"chunk {event.chunk} of request {event.request_id} ends beyond its file")
        if _oversized(event, plan):
            return self._commit(event, plan, _unread(event), began)
        body, sealer = self._read(event), self._sealer(event, plan)
        result = ingest_chunk(
            body, chunk=event.chunk, first_line=event.first_line, plan=plan, layout=layout, sealer=sealer
        )
        return self._commit(event, plan, result, began)

    def _read(self, event: ChunkReady) -> bytes:
        """Opened again for each chunk, so that any change of the file since then is detected."""
        return self._files.open(event.tenant_id, _object_of(event)).read(event.start, event.end - event.start)

    def _sealer(self, event: ChunkReady, plan: Plan) -> ChunkSealer:
        return ChunkSealer(
            event.tenant_id,
            key_suffix(plan.data_source, plan.request_id, event.chunk)[-ORIGIN_BYTES:],
            self._keys.planned(event.tenant_id, Purpose.GENERAL, plan.general_key),
            self._keys.planned(event.tenant_id, Purpose.PERSONAL, plan.personal_key),
            self._random,
        )

    def _prepare(self, request: Request, ref: ObjectRef) -> _Prepared:
        """Prepare the values that all chunks of a request share."""
        key = (request.tenant_id, request.request_id, ref)
        prepared = self._prepared.get(key)
        if prepared is None:
            prepared = self._read_head(request, ref)
            self._prepared.put(key, prepared)
        return prepared

    def _read_head(self, request: Request, ref: ObjectRef) -> _Prepared:
        tenant_id, plan = request.tenant_id, self._requests.plan_of(request)
        file = self._files.open(tenant_id, ref)
        head = file.read(0, min(file.size, MAX_HEADER_BYTES))
        header = parse_header(
            head,
            mapping=plan.mapping,
            limits=plan.limits,
            complete=len(head) == file.size,
            file_format=plan.file_format,
            options=plan.file_options,
        )
        hash_key = self._keys.planned(tenant_id, Purpose.HASH, plan.hash_key)
        root = None if plan.parent_id is None else self._chunks.root_lines(tenant_id, plan.parent_id)
        return _Prepared(plan, compile_layout(plan, header, hash_key.secret, root), file.size)

    def _commit(self, event: ChunkReady, plan: Plan, result: ChunkResult, began: float) -> Manifest:
        """`began`: when the work on the chunk did, by the monotonic clock."""
        failpoint("worker.before_upsert")
        for start in range(0, len(result.fragments), BATCH_FRAGMENTS):
            batch = result.fragments[start : start + BATCH_FRAGMENTS]
            self._profiles.write(event.tenant_id, plan.epoch, batch, bits=plan.bits, timestamp_us=plan.accepted_at_us)
            failpoint("worker.between_batches")
        failpoint("worker.after_upsert")
        if result.rejects:
            place = rejects_key(event.tenant_id, event.request_id, event.chunk)
            self._files.put(event.tenant_id, place, [encode_rejects(result.rejects)])
            failpoint("worker.rejects_stored")
        if result.dropped:
            place = dropped_key(event.tenant_id, event.request_id, event.chunk)
            self._files.put(event.tenant_id, place, [encode_rejects(result.dropped)])
        manifest = Manifest(
            chunk=event.chunk,
            at_us=self._clock.now_us(),
            rows_read=result.rows_read,
            rows_ingested=result.rows_ingested,
            rows_rejected=len(result.rejects),
            reject_reasons=result.reject_reasons,
            dropped_cells=result.dropped_cells,
            blank_words=dict(result.blank_words),
            has_rejects=bool(result.rejects),
            work_us=max(0, int((self._clock.monotonic() - began) * 1e6)),
        )
        self._chunks.commit(event.tenant_id, event.request_id, manifest, result.nodes, result.lines)
        failpoint("worker.manifest_stored")
        return manifest

    def _set_aside(self, event: ChunkReady, request: Request) -> Manifest:
        """Every row of the chunk becomes a reject that can be downloaded, corrected and replayed."""
        began = self._clock.monotonic()
        plan = self._requests.plan_of(request)
        if _oversized(event, plan):
            return self._commit(event, plan, _unread(event), began)
        rows = raw_rows(self._read(event), tabular_format(plan.file_format), first_line=event.first_line)
        rejects = [Reject(line=line, reasons=(SET_ASIDE,), row=row) for line, row in rows]
        lines = ChunkLines(rejected=runs_of(reject.line for reject in rejects))
        return self._commit(event, plan, ChunkResult([], b"", rejects, len(rejects), 0, lines=lines), began)

    def _report(self, event: ChunkReady, step: Step) -> None:
        progress = Progress(tenant_id=event.tenant_id, request_id=event.request_id, step=step)
        self._producer.send(Progress.topic, progress.key, encode(progress))
        self._producer.flush()
        failpoint("worker.progress_sent")


class _NoGarbageCollection:
    """A chunk makes hundreds of thousands of objects and no cycle; looking for some cost an eighth of the time. Off
    while any thread of the process is within."""

    def __init__(self) -> None:
        self._lock, self._within = threading.Lock(), 0

    def __enter__(self) -> None:
        with self._lock:
            self._within += 1
            gc.disable()

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._within -= 1
            if not self._within:
                gc.enable()


_no_garbage_collection = _NoGarbageCollection()


def _object_of(event: ChunkReady) -> ObjectRef:
    return ObjectRef(event.object_key, event.object_version, event.object_size)


def _oversized(event: ChunkReady, plan: Plan) -> bool:
    return is_oversized_row(event.end - event.start, chunk_bytes=plan.chunk_bytes, max_row_bytes=plan.limits.row_bytes)


def _unread(event: ChunkReady) -> ChunkResult:
    """A row over the limit is a chunk of its own; it is rejected by its line, without its text."""
    reject = Reject(line=event.first_line, reasons=("row_too_large",), row=b"")
    return ChunkResult([], b"", [reject], 1, 0, lines=ChunkLines(rejected=runs_of([event.first_line])))
