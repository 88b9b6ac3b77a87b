"""The intake: turns a file into a stored object, an accepted request and an event, in that order.

If the process is killed between any two steps, the same call with the same idempotency key returns the same request.
Objects without a request are deleted later (`retention.py`).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence

import structlog
from msgspec.structs import replace

from penstock.application.catalog.catalog import Catalog
from penstock.application.catalog.changing_attributes import until_unchanged
from penstock.application.catalog.known_catalog import ResolvedMapping
from penstock.application.catalog.mapping_versions import Origin
from penstock.application.catalog.tenant_catalog import TenantCatalog
from penstock.application.encryption.key_ring import KeyRing, Purpose
from penstock.application.encryption.sealed_objects import SealedObjects, file_key, index_key
from penstock.application.requests.request_log import about
from penstock.application.requests.requests import Accepted, Requests
from penstock.application.requests.same_file import SameFile
from penstock.application.tenants.limits import Quotas
from penstock.application.uploads.checking import CheckedUpload, FileHead, check_upload
from penstock.application.uploads.inspection import inspect
from penstock.application.uploads.new_requests import Offered, new_request
from penstock.application.uploads.planning import PlanMaker, Planner
from penstock.application.uploads.review import accept_for
from penstock.application.uploads.stored_file import NO_FILE, ObservedFile, StoredFile
from penstock.application.uploads.suggesting import storable
from penstock.application.uploads.upload_command import (
    UploadCommand,
    file_hash,
    file_options_of,
    fingerprint,
)
from penstock.domain.catalog.data_source import last_file
from penstock.domain.dispatching.owners import partition_of_tenant
from penstock.domain.errors import NotFound, Refused, Unavailable
from penstock.domain.event_codec import encode
from penstock.domain.events import UPLOAD_REQUESTED, FileRefused, Progress, UploadRequested, refused_file
from penstock.domain.files.compression import check_size, plain
from penstock.domain.files.decoding import Decoding
from penstock.domain.files.encodings import UTF_8
from penstock.domain.files.formats import detect_format
from penstock.domain.files.row_index import RowIndex, RowIndexer
from penstock.domain.files.tabular_format import FileOptions
from penstock.domain.mapping.mapping import Limits, Mapping, Mode, Plan
from penstock.domain.requests.request import Request, upload_requested
from penstock.domain.suggestions import LeftOut
from penstock.failpoints import failpoint
from penstock.ports.clock import Clock
from penstock.ports.event_log import EventLog

ANNOUNCE_SECONDS = 4.0  # that a response may wait for the event log
UNGUESSABLE_BYTES = 16

log = structlog.get_logger(__name__)


Accepting = Callable[[str, Mode], object]


def _ignore(_: str, __: Mode) -> None:
    pass


class Intake:
    """Accepts files, within the `quotas` of their tenants.

    `accepting` is called with a request's id and mode just before the request exists, and again after a crash.
    """

    def __init__(
        self,
        *,
        requests: Requests,
        catalog: Catalog,
        planner: Planner,
        files: SealedObjects,
        keys: KeyRing,
        log: EventLog,
        quotas: Quotas,
        clock: Clock,
    ) -> None:
        self._requests, self._catalog, self._planner = requests, catalog, planner
        self._files, self._keys = files, keys
        self._log, self._quotas, self._clock = log, quotas, clock

    def upload(
        self,
        tenant_id: str,
        parts: Iterable[bytes],
        command: UploadCommand,
        *,
        idempotency_key: str | None = None,
        accepting: Accepting = _ignore,
    ) -> Request:
        """Store the file, then accept it. Raises `Refused` with every fault; then the file is deleted."""
        stored = self.store(tenant_id, parts, self.file_options(tenant_id, command))
        return self.accept(tenant_id, stored, command, idempotency_key=idempotency_key, accepting=accepting).request

    def resume_or_upload(
        self, tenant_id: str, parts: Iterable[bytes], command: UploadCommand, *, accepting: Accepting = _ignore
    ) -> Accepted:
        """As `upload`, but until `release`, the same bytes and arguments return the same request, unless the data
        source has a later one."""
        stored = self.store(tenant_id, parts, self.file_options(tenant_id, command))
        upload_fingerprint = fingerprint(stored.fingerprint, command)
        key = _resuming_key(upload_fingerprint)
        self._requests.release_overtaken(tenant_id, key, upload_fingerprint)
        accepted = self.accept(tenant_id, stored, command, idempotency_key=key, accepting=accepting)
        if accepted.duplicate:
            self._requests.release(tenant_id, key)
        return accepted

    def release(self, request: Request) -> None:
        """Let the same file and arguments create a new request."""
        self._requests.release(request.tenant_id, _resuming_key(request.fingerprint))

    def file_options(self, tenant_id: str, command: UploadCommand) -> FileOptions:
        """How the file of an upload is read: as the upload says, or else as the files of its data source are."""
        return file_options_of(command, self._catalog.data_sources.find(tenant_id, command.data_source))

    def store(self, tenant_id: str, parts: Iterable[bytes], options: FileOptions = FileOptions()) -> StoredFile:
        """Decompress, transcode to UTF-8, seal and store a file while it is received, in bounded memory. Raises
        `Refused` for a file that is too large or corrupt, or in another encoding than declared, and if the tenant may
        upload nothing more today."""
        self._quotas.check_day(tenant_id)
        limits = self._quotas.limits(tenant_id)
        began, upload_started_at = self._clock.monotonic(), self._clock.now_us()
        self._log.producer()  # connects the shared producer, which takes half a second, while the file is received
        decoding = Decoding(plain(parts, limits=limits), options)
        indexer = self._indexer(limits, options)
        observed = ObservedFile(iter(decoding), self._keys.current(tenant_id, Purpose.HASH).secret, indexer)
        ref = self._files.put(
            tenant_id, file_key(tenant_id, upload_started_at, secrets.token_hex(UNGUESSABLE_BYTES)), observed
        )
        failpoint("uploader.object_stored")
        index = indexer.finish()
        self._keep_index(tenant_id, ref.key, index, observed.size)
        return StoredFile(
            ref=ref,
            head=bytes(observed.head),
            size=observed.size,
            fingerprint=observed.digest.hexdigest(),
            began=began,
            options=decoding.options,
            upload_started_at=upload_started_at,
            rows=index,
            indexed_as=indexer.file_format,
        )

    def decoded(self, tenant_id: str, stored: StoredFile, options: FileOptions) -> StoredFile:
        """A file that was stored before `options` were known, in the encoding that it inherits."""
        if stored.options.encoding or not options.inherits_encoding:
            return stored
        again = self.store(tenant_id, self.read(tenant_id, stored), options)
        self.discard(stored)
        return again._replace(began=stored.began, upload_started_at=stored.upload_started_at)

    def read(self, tenant_id: str, stored: StoredFile) -> Iterator[bytes]:
        """The plain bytes of a stored file."""
        return self._files.open(tenant_id, stored.ref).stream()

    def discard(self, stored: StoredFile) -> None:
        """Delete a stored file that will get no request."""
        self._files.delete(index_key(stored.ref.key))
        self._files.delete(stored.ref.key)

    def check(self, tenant_id: str, command: UploadCommand, file: FileHead | None = None) -> CheckedUpload:
        """Check the upload before anything is written. Raises `Refused` with every fault."""
        return check_upload(command, TenantCatalog(self._catalog, tenant_id), self._quotas.limits(tenant_id), file)

    def accept(
        self,
        tenant_id: str,
        stored: StoredFile,
        command: UploadCommand,
        *,
        idempotency_key: str | None = None,
        accepting: Accepting = _ignore,
    ) -> Accepted:
        """Check the upload, save its mapping, accept the request and send its event. The same file with the same effect
        leads to the request of the first time, unless forced.

        Raises `Refused` with every fault; then nothing is saved, and the file is deleted.
        """
        key, upload_fingerprint = idempotency_key, fingerprint(stored.fingerprint, command)
        try:
            known = key and self._requests.accepted(tenant_id, idempotency_key=key, fingerprint=upload_fingerprint)
            if known:
                return self._begin(stored, known)
            command, left_out = self.with_suggestions(tenant_id, stored, command)
            accepted = until_unchanged(
                lambda: self._accept_checked(tenant_id, stored, command, key, upload_fingerprint, left_out, accepting)
            )
        except (Refused, NotFound):
            self.discard(stored)
            raise
        return self._begin(stored, accepted)

    def _accept_checked(
        self,
        tenant_id: str,
        stored: StoredFile,
        command: UploadCommand,
        key: str | None,
        upload_fingerprint: str,
        left_out: Sequence[LeftOut] | None,
        accepting: Accepting,
    ) -> Accepted:
        checked = self.check(tenant_id, command, stored.file_head)
        check_size(stored.size, checked.settings.limits)
        self._quotas.check_day(tenant_id, stored.size)
        self._create_missing(tenant_id, command, checked)
        options = self.file_options(tenant_id, command)
        stored = self._indexed(tenant_id, stored, options)
        return self._requests.accept(
            new_request(tenant_id, stored, command, checked.settings, options, self._planner.chunk_bytes(stored.size)),
            idempotency_key=key,
            fingerprint=upload_fingerprint,
            plan_for=self._plan_maker(tenant_id, stored, command, checked, options, accepting),
            same_file=SameFile(
                file_hash(stored.fingerprint, command, checked.mapping, checked.attributes, checked.settings.mode),
                command.force,
            ),
            left_out=left_out,
        )

    def with_suggestions(
        self, tenant_id: str, stored: StoredFile, command: UploadCommand
    ) -> tuple[UploadCommand, Sequence[LeftOut] | None]:
        """The command with the suggested columns that it accepts, and the columns left out."""
        if command.accept_suggestions is None:
            return command, None
        options = self.file_options(tenant_id, command)
        transcoded = options.read_as(stored.options.encoding and UTF_8)
        limits = self._quotas.limits(tenant_id)
        suggested = accept_for(
            inspect(self.read(tenant_id, stored), limits, transcoded),
            TenantCatalog(self._catalog, tenant_id),
            limits,
            command.data_source,
            command.accept_suggestions,
            tuple(command.columns or ()),
        )
        return replace(command, columns=suggested.columns), storable(suggested.left_out)

    def accept_offered(
        self,
        tenant_id: str,
        stored: StoredFile,
        command: UploadCommand,
        offered: Offered,
        *,
        accepting: Accepting = _ignore,
    ) -> Request:
        """As `accept`, for a publisher that receives only events: a header with faults fails the request. Raises
        `Refused` for faults of the offer itself; then the file is deleted."""
        try:
            accepted = until_unchanged(
                lambda: self._accept_offered(tenant_id, stored, command, offered, accepting=accepting)
            )
        except (Refused, NotFound):
            self.discard(stored)
            raise
        return self._begin(stored, accepted).request

    def fail_offered(
        self,
        tenant_id: str,
        refused: Refused,
        command: UploadCommand,
        offered: Offered,
        *,
        accepting: Accepting = _ignore,
    ) -> Request:
        """Create a failed request for a file that was refused while it was received; raises as `accept_offered`
        does."""
        accepted = until_unchanged(
            lambda: self._accept_offered(tenant_id, NO_FILE, command, offered, refused, accepting=accepting)
        )
        return self._begin(NO_FILE, accepted).request

    def _create_missing(self, tenant_id: str, command: UploadCommand, checked: CheckedUpload) -> None:
        if command.columns is not None:
            resolved = ResolvedMapping(checked.mapping, checked.attributes, checked.missing)
            self._catalog.create_missing(tenant_id, resolved, create_source=command.create_source)

    def _plan_maker(
        self,
        tenant_id: str,
        stored: StoredFile,
        command: UploadCommand,
        checked: CheckedUpload,
        options: FileOptions,
        accepting: Accepting,
    ) -> PlanMaker:
        """Just before the request exists, its mapping is saved, to become the current one when it completes; and how
        the file is read, which holds for the next one that does not say it.

        Raises `Refused` when the data source takes no uploads by now, and `AttributesChanged`.
        """
        file_format = detect_format(stored.head, quoted=bool(options.quoted))
        read_as = options.read_as(stored.options.encoding)
        ranking = self._catalog.use(tenant_id, checked.mapping, checked.attributes)

        def plan(request_id: str, accepted_at_us: int) -> Plan:
            accepting(request_id, checked.settings.mode)
            mapping = self._saved(tenant_id, command, checked, request_id)
            by_name = {each.name: each for each in checked.attributes}
            attributes = [by_name[each.attribute] for each in mapping.columns]  # an equal one may have another order
            failpoint("uploader.mapping_saved")
            self._catalog.versions.add_pending(tenant_id, mapping, request_id)
            self._catalog.check_unchanged(tenant_id, checked.attributes)
            if command.parent_id is None and checked.header is not None:
                mapped = {name for column in mapping.columns for name in column.needed_columns}
                known = last_file(options, checked.header.columns, mapped)
                self._catalog.data_sources.keep_last_file(tenant_id, command.data_source, known)
            frozen = replace(command, file_options=read_as)
            plan_for = self._planner.planner(
                tenant_id, frozen, checked.settings, mapping, attributes, ranking, file_format, stored.size
            )
            return plan_for(request_id, accepted_at_us)

        return plan

    def _saved(self, tenant_id: str, command: UploadCommand, checked: CheckedUpload, request_id: str) -> Mapping:
        if command.columns is None:
            return checked.mapping
        origin = Origin(command.uploaded_by, request_id)
        return self._catalog.save_mapping(tenant_id, command.data_source, checked.mapping.columns, origin)

    def _accept_offered(
        self,
        tenant_id: str,
        stored: StoredFile,
        command: UploadCommand,
        offered: Offered,
        refused: Refused | None = None,
        *,
        accepting: Accepting,
    ) -> Accepted:
        checked = self.check(tenant_id, command)
        check_size(stored.size, checked.settings.limits)
        options = self.file_options(tenant_id, command)
        if refused is None:
            try:
                checked = self.check(tenant_id, command, stored.file_head)
                stored = self._indexed(tenant_id, stored, options)
            except Refused as error:
                refused = error
        return self._requests.accept(
            new_request(
                tenant_id, stored, command, checked.settings, options, self._planner.chunk_bytes(stored.size), offered
            ),
            idempotency_key=offered.idempotency_key,
            fingerprint=offered.fingerprint,
            plan_for=self._plan_maker(tenant_id, stored, command, checked, options, accepting),
            problem=None if refused is None else refused_file(refused),
        )

    def _indexer(self, limits: Limits, options: FileOptions) -> RowIndexer:
        return RowIndexer(limits, options, stretch_bytes=self._planner.stretch_bytes)

    def _indexed(self, tenant_id: str, stored: StoredFile, options: FileOptions) -> StoredFile:
        """The file with an index of its rows; it is read once more if its format was not known when it was stored."""
        file_format = detect_format(stored.head, quoted=bool(options.quoted))
        if stored.rows is not None and stored.indexed_as == file_format:
            return stored
        indexer = self._indexer(self._quotas.limits(tenant_id), options)
        for part in self.read(tenant_id, stored):
            indexer.take(part)
        index = indexer.finish()
        self._keep_index(tenant_id, stored.ref.key, index, stored.size)
        return stored._replace(rows=index, indexed_as=file_format)

    def _keep_index(self, tenant_id: str, file: str, index: RowIndex | None, size: int) -> None:
        """Store the index of a file that is more than one chunk."""
        if index is not None and index.end - index.start > self._planner.chunk_bytes(size):
            self._files.put(tenant_id, index_key(file), [index.encode()])
            failpoint("uploader.index_stored")

    def _begin(self, stored: StoredFile, accepted: Accepted) -> Accepted:
        request, created = accepted.request, accepted.created
        failpoint("uploader.request_created")
        if request.object_key != stored.ref.key:
            self.discard(stored)
        if created:
            seconds = round(self._clock.monotonic() - stored.began, 3)
            log.info("request.accepted", **about(request), bytes=stored.size, seconds=seconds)
        if created or request.status.processing:
            self.announce(request)
        return accepted

    def announce(self, request: Request) -> None:
        """Send the event that starts the ingestion, or that says why there is none; sending it again does no harm.

        The request stays accepted while the event log is unavailable; the dispatcher or the reconciler finds it.
        """
        event: UploadRequested | Progress = upload_requested(request)
        partition: int | None = partition_of_tenant(request.tenant_id, self._log.partitions(UPLOAD_REQUESTED))
        if request.error is not None:
            step = FileRefused(at_us=request.accepted_at, problem=request.error)
            event, partition = Progress(tenant_id=request.tenant_id, request_id=request.request_id, step=step), None
        try:
            self._send(event, partition)
        except Unavailable as error:
            log.warning("request.event_not_sent", **about(request), error=str(error))
        failpoint("uploader.event_sent")

    def _send(self, event: UploadRequested | Progress, partition: int | None) -> None:
        producer = self._log.producer()
        try:
            producer.send(event.topic, event.key, encode(event), partition=partition)
            producer.flush(ANNOUNCE_SECONDS)
        finally:
            producer.close()


def _resuming_key(fingerprint: str) -> str:
    """Differs from every key of the HTTP API, because a header contains no line end."""
    return f"ingest\n{fingerprint}"
