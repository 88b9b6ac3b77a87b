"""The splitter: reads a requested file once, checks it, finds row boundaries and hands out its chunks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress

import structlog

from penstock.application.encryption.sealed_objects import SealedObjects
from penstock.application.requests.request_log import about
from penstock.application.requests.requests import Requests
from penstock.domain.errors import Corrupt, KeyRevoked, NotFound, Problem, Refused
from penstock.domain.event_codec import encode
from penstock.domain.events import (
    CHUNK_READY,
    ChunkReady,
    Event,
    FileRefused,
    ImpossibleEvent,
    Progress,
    Split,
    Started,
    Step,
    UploadRequested,
    refused_file,
    unreadable_file,
)
from penstock.domain.files.chunking import ChunkSpan, spans
from penstock.domain.files.formats import tabular_format
from penstock.domain.files.header import no_rows, parse_header
from penstock.domain.files.tabular_format import MAX_HEADER_BYTES
from penstock.domain.mapping.mapping import Plan
from penstock.domain.requests.request import Request, upload_requested
from penstock.failpoints import failpoint
from penstock.ports.clock import Clock
from penstock.ports.event_log import EventLog, Message
from penstock.ports.object_store import ObjectRef

MAX_READ_ATTEMPTS = 5
READ_BYTES = 4 << 20  # at a time: many small reads cost more than the looking for rows
GOLDEN_SECTION = (math.sqrt(5) - 1) / 2

log = structlog.get_logger(__name__)


class Splitter:
    """Splitting again gives the same chunks, so a redelivered request does no harm."""

    def __init__(self, log: EventLog, requests: Requests, files: SealedObjects, clock: Clock) -> None:
        self._producer = log.producer()
        self._partitions = log.partitions(CHUNK_READY)
        self._stride = stride(self._partitions)
        self._requests, self._files, self._clock = requests, files, clock

    def handle(self, events: Sequence[tuple[Message, Event]]) -> None:
        for _, event in events:
            if isinstance(event, UploadRequested):
                self.split(event)

    def split(self, event: UploadRequested) -> None:
        """Send a chunk event for each chunk, then say how many there are. Raises `ImpossibleEvent`."""
        request = self._requests.get(event.tenant_id, event.request_id)
        if event != upload_requested(request):
            raise ImpossibleEvent(f"request {event.request_id} was accepted for another object")
        if not request.status.processing:
            return
        plan = self._requests.plan(event.tenant_id, event.request_id)
        began = self._clock.monotonic()
        self._progress(event, Started(at_us=self._clock.now_us()))
        self._producer.flush()
        failpoint("splitter.started")
        try:
            chunks, size = self._send_patiently(event, plan)
        except Refused as refused:
            self._refuse(event, request, refused_file(refused))
        except (Corrupt, KeyRevoked, NotFound) as error:
            self._refuse(event, request, unreadable_file(error))
        else:
            failpoint("splitter.chunks_sent")
            self._progress(event, Split(at_us=self._clock.now_us(), chunks=chunks, bytes=size))
            self._producer.flush()
            failpoint("splitter.progress_sent")
            seconds = round(self._clock.monotonic() - began, 3)
            log.info("request.split", **about(request), chunks=chunks, bytes=size, seconds=seconds)

    def _send_patiently(self, event: UploadRequested, plan: Plan) -> tuple[int, int]:
        """A file that does not open is read again, since it may have been damaged only on its way here."""
        for _ in range(MAX_READ_ATTEMPTS - 1):
            with suppress(Corrupt):
                return self._send_chunks(event, plan)
        return self._send_chunks(event, plan)

    def _send_chunks(self, event: UploadRequested, plan: Plan) -> tuple[int, int]:
        """The number of chunks, and the size of the plain file in bytes."""
        reader = self._files.open(event.tenant_id, ObjectRef(event.object_key, event.object_version, event.object_size))
        head = reader.read(0, min(reader.size, MAX_HEADER_BYTES))
        header = parse_header(
            head,
            mapping=plan.mapping,
            limits=plan.limits,
            complete=len(head) == reader.size,
            file_format=plan.file_format,
            options=plan.file_options,
        )
        count = 0
        for span in spans(
            reader.stream(header.body_start, piece=READ_BYTES),
            tabular_format(plan.file_format),
            body_start=header.body_start,
            first_line=header.first_line,
            chunk_bytes=plan.chunk_bytes,
            max_row_bytes=plan.limits.row_bytes,
        ):
            chunk = ChunkReady(
                tenant_id=event.tenant_id,
                request_id=event.request_id,
                object_key=event.object_key,
                object_version=event.object_version,
                object_size=event.object_size,
                chunk=span.chunk,
                start=span.start,
                end=span.end,
                first_line=span.first_line,
            )
            self._producer.send(CHUNK_READY, chunk.key, encode(chunk), partition=self._partition(event, span))
            self._producer.flush()  # the workers begin while the rest of the file is read
            count += 1
        if not count:
            raise no_rows()
        return count, reader.size

    def _partition(self, event: UploadRequested, span: ChunkSpan) -> int:
        """A file's chunks go round all partitions, so that the fleet shares them evenly; files start at different
        ones."""
        return (int(event.request_id[-6:], 16) + span.chunk * self._stride) % self._partitions

    def _refuse(self, event: UploadRequested, request: Request, problem: Problem) -> None:
        self._progress(event, FileRefused(at_us=self._clock.now_us(), problem=problem))
        self._producer.flush()
        log.info("request.refused", **about(request), code=problem.code)

    def _progress(self, event: UploadRequested, step: Step) -> None:
        progress = Progress(tenant_id=event.tenant_id, request_id=event.request_id, step=step)
        self._producer.send(Progress.topic, progress.key, encode(progress))


def stride(partitions: int) -> int:
    """How far from one chunk's partition to the next one's.

    Neighbouring partitions often belong to one worker. Steps of about the golden section spread any number of chunks
    evenly over any such ranges (Knuth, TAOCP vol. 3, 6.4, theorem S); with no common divisor they reach all.
    """
    coprime = (step for step in range(1, partitions + 1) if math.gcd(step, partitions) == 1)
    return min(coprime, key=lambda step: abs(step - partitions * GOLDEN_SECTION))
