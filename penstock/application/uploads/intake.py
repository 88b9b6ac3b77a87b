"""The intake: a file becomes a stored object, an accepted request and an event, in that order.

Killed between any two steps, the same call with the same idempotency key gives the same request; an object that no
request names is swept (`sweep.py`).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import NamedTuple

import structlog

from penstock.application.encryption.key_ring import KeyRing, Purpose
from penstock.application.encryption.sealed_objects import SealedObjects, file_key
from penstock.application.requests.request_log import about
from penstock.application.requests.requests import NewRequest, Requests
from penstock.application.uploads.planning import Planner
from penstock.application.uploads.upload_command import UploadCommand, fingerprint
from penstock.domain.errors import Problem, Refused, Unavailable
from penstock.domain.event_codec import encode
from penstock.domain.events import FileRefused, Progress, UploadRequested, refused_file
from penstock.domain.files.compression import plain
from penstock.domain.files.file_name import safe_file_name
from penstock.domain.files.tabular_format import MAX_HEADER_BYTES
from penstock.domain.mapping.mapping import Limits
from penstock.domain.requests.request import Request, upload_requested
from penstock.failpoints import failpoint
from penstock.ports.clock import Clock
from penstock.ports.event_log import EventLog
from penstock.ports.object_store import ObjectRef

ANNOUNCE_SECONDS = 4.0  # that an answer may wait for the event log
UNGUESSABLE_BYTES = 16

log = structlog.get_logger(__name__)


class StoredFile(NamedTuple):
    """A sealed file that no request names yet. `fingerprint` is a keyed hash of the plain bytes, `size` their
    number; `began`, by the monotonic clock, is when they began to come in."""

    ref: ObjectRef
    head: bytes
    size: int
    fingerprint: str
    began: float


NO_FILE = StoredFile(ObjectRef("", "", 0), b"", 0, "", 0.0)  # of a request whose file was refused as it came in


class Offered(NamedTuple):
    """The offer of another service that a request comes from. `fingerprint`: of what it asks for."""

    publisher_id: str
    event_id: str
    fingerprint: str

    @property
    def idempotency_key(self) -> str:
        """Never that of an HTTP call, whose header holds no line end."""
        return f"offer\n{self.publisher_id}\n{self.event_id}"


class Intake:
    """Takes files in. `limits` are the tenant's."""

    def __init__(
        self,
        *,
        requests: Requests,
        planner: Planner,
        files: SealedObjects,
        keys: KeyRing,
        log: EventLog,
        limits: Limits,
        clock: Clock,
    ) -> None:
        self._requests, self._planner, self._files, self._keys = requests, planner, files, keys
        self._log, self._limits, self._clock = log, limits, clock
        log.producer()  # all share one connection, which takes half a second: it is made while the first file comes in

    def upload(
        self, tenant_id: str, parts: Iterable[bytes], command: UploadCommand, *, idempotency_key: str | None = None
    ) -> Request:
        """Store the file, then accept it. Raises `Refused` with every fault, and then keeps nothing of the file."""
        return self.accept(tenant_id, self.store(tenant_id, parts), command, idempotency_key=idempotency_key)

    def resume_or_upload(self, tenant_id: str, parts: Iterable[bytes], command: UploadCommand) -> Request:
        """As `upload`; until its end was told (`release`), the same bytes and arguments lead to the same request."""
        stored = self.store(tenant_id, parts)
        key = _resuming_key(fingerprint(stored.fingerprint, command))
        return self.accept(tenant_id, stored, command, idempotency_key=key)

    def release(self, request: Request) -> None:
        """What came of `request` was told to whom it may concern: the same file once more is a new request."""
        self._requests.release(request.tenant_id, _resuming_key(request.fingerprint))

    def store(self, tenant_id: str, parts: Iterable[bytes]) -> StoredFile:
        """Decompress, seal and store a file as it streams in, in bounded memory. Raises `Refused` for one that is too
        large or broken."""
        began = self._clock.monotonic()
        observed = _Observed(plain(parts, limits=self._limits), self._keys.current(tenant_id, Purpose.HASH).secret)
        ref = self._files.put(tenant_id, file_key(tenant_id, secrets.token_hex(UNGUESSABLE_BYTES)), observed)
        failpoint("uploader.object_stored")
        return StoredFile(ref, bytes(observed.head), observed.size, observed.digest.hexdigest(), began)

    def accept(
        self, tenant_id: str, stored: StoredFile, command: UploadCommand, *, idempotency_key: str | None = None
    ) -> Request:
        """Judge the file's header, accept the request and send its event. A file that is not kept is deleted.

        Raises `Refused` with every fault.
        """
        try:
            request, created = self._requests.accept(
                _new_request(tenant_id, stored.ref, stored.size, command),
                idempotency_key=idempotency_key,
                fingerprint=fingerprint(stored.fingerprint, command),
                plan_for=self._planner.for_file(tenant_id, command, stored.head, stored.size),
            )
        except Refused:
            self._files.delete(stored.ref.key)
            raise
        return self._begin(stored, request, created=created)

    def accept_offered(self, tenant_id: str, stored: StoredFile, command: UploadCommand, offered: Offered) -> Request:
        """As `accept`, for a sender that hears nothing but events: the header is left to the splitter, whose refusal
        ends the request. Raises `Refused` for what is wrong with the offer itself."""
        try:
            request, created = self._accept_offered(tenant_id, stored, command, offered)
        except Refused:
            self._files.delete(stored.ref.key)
            raise
        return self._begin(stored, request, created=created)

    def fail_offered(self, tenant_id: str, refused: Refused, command: UploadCommand, offered: Offered) -> Request:
        """A request that has failed from the start, since its file was refused as it came in; raises as
        `accept_offered` does. The event only has the end told at once: the reconciler would tell it too."""
        problem = refused_file(refused)
        request, created = self._accept_offered(tenant_id, NO_FILE, command, offered, problem)
        if created:
            step = FileRefused(at_us=request.accepted_at, problem=problem)
            self._send(Progress(tenant_id=tenant_id, request_id=request.request_id, step=step))
        return request

    def check(self, tenant_id: str, command: UploadCommand) -> None:
        """Judge all that can be known without the file. Raises `Refused` with every fault."""
        self._planner.for_command(tenant_id, command, b"", 0)

    def _accept_offered(
        self,
        tenant_id: str,
        stored: StoredFile,
        command: UploadCommand,
        offered: Offered,
        problem: Problem | None = None,
    ) -> tuple[Request, bool]:
        return self._requests.accept(
            _new_request(tenant_id, stored.ref, stored.size, command, offered),
            idempotency_key=offered.idempotency_key,
            fingerprint=offered.fingerprint,
            plan_for=self._planner.for_command(tenant_id, command, stored.head, stored.size),
            problem=problem,
        )

    def _begin(self, stored: StoredFile, request: Request, *, created: bool) -> Request:
        failpoint("uploader.request_created")
        if request.object_key != stored.ref.key:
            self._files.delete(stored.ref.key)
        if created:
            seconds = round(self._clock.monotonic() - stored.began, 3)
            log.info("request.accepted", **about(request), bytes=stored.size, seconds=seconds)
        if created or not request.status.ended:
            self.announce(request)
        return request

    def announce(self, request: Request) -> None:
        """Send the event that a request waits to be ingested; sending it again does no harm.

        What is accepted stays so while the event log is away: then the reconciler sends the event.
        """
        try:
            self._send(upload_requested(request), ANNOUNCE_SECONDS)
        except Unavailable as error:
            log.warning("request.event_not_sent", **about(request), error=str(error))
        failpoint("uploader.event_sent")

    def _send(self, event: UploadRequested | Progress, timeout: float | None = None) -> None:
        producer = self._log.producer()
        try:
            producer.send(event.topic, event.key, encode(event))
            producer.flush(timeout)
        finally:
            producer.close()


class _Observed:
    """Passes a file's plain bytes on, and keeps its head, its size and a keyed hash of it."""

    def __init__(self, parts: Iterator[bytes], hash_key: bytes) -> None:
        self._parts = parts
        self.head = bytearray()
        self.size = 0
        self.digest = blake2b(digest_size=16, key=hash_key, person=b"penstock file")

    def __iter__(self) -> Iterator[bytes]:
        for part in self._parts:
            if len(self.head) < MAX_HEADER_BYTES:
                self.head += part[: MAX_HEADER_BYTES - len(self.head)]
            self.size += len(part)
            self.digest.update(part)
            yield part


def _resuming_key(fingerprint: str) -> str:
    """Never that of an HTTP call, whose header holds no line end."""
    return f"ingest\n{fingerprint}"


def _new_request(
    tenant_id: str, ref: ObjectRef, size: int, command: UploadCommand, offered: Offered | None = None
) -> NewRequest:
    return NewRequest(
        tenant_id=tenant_id,
        data_source=command.data_source,
        file_name=safe_file_name(command.file_name),
        uploaded_by=command.uploaded_by,
        object_key=ref.key,
        object_version=ref.version,
        object_size=ref.size,
        file_bytes=size,
        mode=command.mode,
        segment=command.segment,
        notify=command.notify,
        parent_id=command.parent_id,
        publisher_id=offered.publisher_id if offered else None,
        event_id=offered.event_id if offered else None,
    )
