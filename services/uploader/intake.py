"""The intake: a file becomes a stored object, an accepted request and an event, in that order.

Killed between any two steps, the same call with the same idempotency key gives the same request; an object that no
request names is swept (`sweep.py`).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from penstock.application.catalog import Catalog
from penstock.application.key_ring import KeyRing, Purpose
from penstock.application.requests import NewRequest, Requests
from penstock.application.sealed_objects import SealedObjects, file_key
from penstock.domain.attributes import Attribute, check_name
from penstock.domain.compression import plain
from penstock.domain.errors import Fault, NotFound, Problem, Refused, refusal
from penstock.domain.event_codec import MAX_CHUNKS, encode
from penstock.domain.events import FileRefused, Progress, UploadRequested, refused_file
from penstock.domain.file_rules import MAX_HEADER_BYTES, judge_header, no_rows, safe_file_name
from penstock.domain.mapping import Limits, Mapping, Mode, Plan
from penstock.domain.notification import check_addresses
from penstock.domain.request import Request, upload_requested
from penstock.failpoints import failpoint
from penstock.ports.event_log import EventLog
from penstock.ports.object_store import ObjectRef
from penstock.wiring import System

UNGUESSABLE_BYTES = 16
NO_OBJECT = ObjectRef("", "", 0)  # of a request whose file was refused as it came in
MOST_CHUNKS = MAX_CHUNKS // 2  # aimed at, since rows do not end where chunks should


class UploadForm(msgspec.Struct, frozen=True, kw_only=True):
    """What is said about a file. Without `mapping` the data source's saved one is used."""

    data_source: str
    file_name: str
    uploaded_by: str
    mode: Mode = Mode.UPSERT
    segment: str | None = None
    notify: tuple[str, ...] = ()
    mapping: Mapping | None = None
    parent_id: str | None = None


class StoredFile(NamedTuple):
    """A sealed file that no request names yet. `fingerprint` is a keyed hash of the plain bytes, `size` their
    number."""

    ref: ObjectRef
    head: bytes
    size: int
    fingerprint: str


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
    """Takes files in. `limits` are the tenant's; `chunk_bytes` is frozen into each plan."""

    def __init__(
        self,
        *,
        requests: Requests,
        catalog: Catalog,
        files: SealedObjects,
        keys: KeyRing,
        log: EventLog,
        limits: Limits,
        chunk_bytes: int,
    ) -> None:
        self._requests, self._catalog, self._files, self._keys = requests, catalog, files, keys
        self._log, self._limits, self._chunk_bytes = log, limits, chunk_bytes

    def upload(
        self, tenant_id: str, parts: Iterable[bytes], form: UploadForm, *, idempotency_key: str | None = None
    ) -> Request:
        """Store the file, then accept it. Raises `Refused` with every fault, and then keeps nothing of the file."""
        return self.accept(tenant_id, self.store(tenant_id, parts), form, idempotency_key=idempotency_key)

    def resume_or_upload(self, tenant_id: str, parts: Iterable[bytes], form: UploadForm) -> Request:
        """As `upload`; until its end was told (`release`), the same bytes and arguments lead to the same request."""
        stored = self.store(tenant_id, parts)
        key = _resuming_key(fingerprint(stored.fingerprint, form))
        return self.accept(tenant_id, stored, form, idempotency_key=key)

    def release(self, request: Request) -> None:
        """What came of `request` was told to whom it may concern: the same file once more is a new request."""
        self._requests.release(request.tenant_id, _resuming_key(request.fingerprint))

    def store(self, tenant_id: str, parts: Iterable[bytes]) -> StoredFile:
        """Decompress, seal and store a file as it streams in, in bounded memory. Raises `Refused` for one that is too
        large or broken."""
        observed = _Observed(plain(parts, limits=self._limits), self._keys.current(tenant_id, Purpose.HASH).secret)
        ref = self._files.put(tenant_id, file_key(tenant_id, secrets.token_hex(UNGUESSABLE_BYTES)), observed)
        failpoint("uploader.object_stored")
        return StoredFile(ref, bytes(observed.head), observed.size, observed.digest.hexdigest())

    def accept(
        self, tenant_id: str, stored: StoredFile, form: UploadForm, *, idempotency_key: str | None = None
    ) -> Request:
        """Judge the file's header, accept the request and send its event. A file that is not kept is deleted.

        Raises `Refused` with every fault.
        """
        try:
            mapping, attributes = self._judge(tenant_id, stored, form)
            request, created = self._requests.accept(
                _new_request(tenant_id, stored.ref, form),
                idempotency_key=idempotency_key,
                fingerprint=fingerprint(stored.fingerprint, form),
                plan_for=self._plan_maker(tenant_id, form, mapping, attributes, stored.size),
            )
        except Refused:
            self._files.delete(stored.ref.key)
            raise
        return self._begin(stored, request, created=created)

    def accept_offered(self, tenant_id: str, stored: StoredFile, form: UploadForm, offered: Offered) -> Request:
        """As `accept`, for a sender that hears nothing but events: the header is left to the splitter, whose refusal
        ends the request. Raises `Refused` for what is wrong with the offer itself."""
        try:
            request, created = self._accept_offered(tenant_id, stored.ref, stored.size, form, offered)
        except Refused:
            self._files.delete(stored.ref.key)
            raise
        return self._begin(stored, request, created=created)

    def fail_offered(self, tenant_id: str, refused: Refused, form: UploadForm, offered: Offered) -> Request:
        """A request that has failed from the start, since its file was refused as it came in; raises as
        `accept_offered` does. The event only has the end told at once: the reconciler would tell it too."""
        problem = refused_file(refused)
        request, created = self._accept_offered(tenant_id, NO_OBJECT, 0, form, offered, problem)
        if created:
            step = FileRefused(at_us=request.accepted_at, problem=problem)
            self._send(Progress(tenant_id=tenant_id, request_id=request.request_id, step=step))
        return request

    def check(self, tenant_id: str, form: UploadForm) -> None:
        """Judge all that can be known without the file. Raises `Refused` with every fault."""
        self._judge_form(tenant_id, form, self._mapping(tenant_id, form))

    def _accept_offered(
        self,
        tenant_id: str,
        ref: ObjectRef,
        size: int,
        form: UploadForm,
        offered: Offered,
        problem: Problem | None = None,
    ) -> tuple[Request, bool]:
        mapping = self._mapping(tenant_id, form)
        attributes = self._judge_form(tenant_id, form, mapping)
        return self._requests.accept(
            _new_request(tenant_id, ref, form, offered),
            idempotency_key=offered.idempotency_key,
            fingerprint=offered.fingerprint,
            plan_for=self._plan_maker(tenant_id, form, mapping, attributes, size),
            problem=problem,
        )

    def _begin(self, stored: StoredFile, request: Request, *, created: bool) -> Request:
        failpoint("uploader.request_created")
        if request.object_key != stored.ref.key:
            self._files.delete(stored.ref.key)
        if created or not request.status.ended:
            self.announce(request)
        return request

    def announce(self, request: Request) -> None:
        """Send the event that a request waits to be ingested; sending it again does no harm."""
        self._send(upload_requested(request))
        failpoint("uploader.event_sent")

    def _send(self, event: UploadRequested | Progress) -> None:
        producer = self._log.producer()
        try:
            producer.send(event.topic, event.key, encode(event))
            producer.flush()
        finally:
            producer.close()

    def _mapping(self, tenant_id: str, form: UploadForm) -> Mapping:
        if form.mapping is not None:
            return form.mapping
        try:
            return self._catalog.mapping(tenant_id, form.data_source)
        except NotFound:
            raise refusal(
                "no_mapping",
                f"the data source {form.data_source[:64]!r} has no mapping yet",
                "Save a mapping for it first, or send one along: it says which column is which.",
            ) from None

    def _judge(self, tenant_id: str, stored: StoredFile, form: UploadForm) -> tuple[Mapping, tuple[Attribute, ...]]:
        """The mapping, and the attributes that it feeds. Raises `Refused` for all that can be known before any row is
        read, faults of the addresses, of the mapping and of the header together."""
        faults: list[Fault] = []
        mapping = self._mapping(tenant_id, form)
        attributes: tuple[Attribute, ...] = ()
        with _collecting(faults):
            attributes = self._judge_form(tenant_id, form, mapping)
        with _collecting(faults):
            self._judge_file(stored, mapping)
        if faults:
            raise Refused(faults)
        return mapping, attributes

    def _judge_form(self, tenant_id: str, form: UploadForm, mapping: Mapping) -> tuple[Attribute, ...]:
        faults: list[Fault] = []
        with _collecting(faults):
            check_addresses(form.notify)
        with _collecting(faults):
            if form.segment is not None:
                check_name(form.segment)
        attributes: tuple[Attribute, ...] = ()
        with _collecting(faults):
            attributes = self._catalog.resolve(tenant_id, form.data_source, mapping)
        if faults:
            raise Refused(faults)
        return attributes

    def _plan_maker(
        self, tenant_id: str, form: UploadForm, mapping: Mapping, attributes: tuple[Attribute, ...], size: int
    ) -> Callable[[str, int], Plan]:
        """What makes the plan, once an id is given; `size` is the plain file's."""

        def plan_for(request_id: str, accepted_at_us: int) -> Plan:
            return Plan(
                tenant_id=tenant_id,
                request_id=request_id,
                data_source=form.data_source,
                mapping=mapping,
                attributes=attributes,
                mode=form.mode,
                segment=form.segment,
                limits=self._limits,
                chunk_bytes=max(self._chunk_bytes, size // MOST_CHUNKS),
                general_key=self._keys.current(tenant_id, Purpose.GENERAL).version,
                personal_key=self._keys.current(tenant_id, Purpose.PERSONAL).version,
                hash_key=self._keys.current(tenant_id, Purpose.HASH).version,
                file_key=self._keys.current(tenant_id, Purpose.FILE).version,
                accepted_at_us=accepted_at_us,
            )

        return plan_for

    def _judge_file(self, stored: StoredFile, mapping: Mapping) -> None:
        complete = len(stored.head) == stored.size
        header = judge_header(stored.head, mapping=mapping, limits=self._limits, complete=complete)
        if stored.size <= header.body_start:
            raise no_rows()


def intake_of(system: System) -> Intake:
    """The intake of a runtime."""
    return Intake(
        requests=system.requests,
        catalog=system.catalog,
        files=system.files,
        keys=system.keys,
        log=system.log,
        limits=system.limits,
        chunk_bytes=system.settings.chunk_bytes,
    )


@contextmanager
def _collecting(faults: list[Fault]) -> Iterator[None]:
    try:
        yield
    except Refused as refused:
        faults += refused.faults


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


def fingerprint(content: str, form: UploadForm) -> str:
    """Equal for the same bytes uploaded with the same arguments, and for nothing else."""
    digest = blake2b(content.encode(), digest_size=16, person=b"penstock upload")
    digest.update(msgspec.json.encode(form))
    return digest.hexdigest()


def _new_request(tenant_id: str, ref: ObjectRef, form: UploadForm, offered: Offered | None = None) -> NewRequest:
    return NewRequest(
        tenant_id=tenant_id,
        data_source=form.data_source,
        file_name=safe_file_name(form.file_name),
        uploaded_by=form.uploaded_by,
        object_key=ref.key,
        object_version=ref.version,
        object_size=ref.size,
        mode=form.mode,
        segment=form.segment,
        notify=form.notify,
        parent_id=form.parent_id,
        publisher_id=offered.publisher_id if offered else None,
        event_id=offered.event_id if offered else None,
    )
