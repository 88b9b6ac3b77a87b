"""Use cases for uploads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import partial

from penstock.application.access.audit import Audit
from penstock.application.catalog.catalog import Catalog
from penstock.application.catalog.column_specs import ColumnSpec
from penstock.application.catalog.known_catalog import check_uploadable
from penstock.application.catalog.tenant_catalog import TenantCatalog
from penstock.application.requests.key_claims import KeyClaim, KeyClaims
from penstock.application.requests.requests import Accepted
from penstock.application.uploads.checking import CheckedUpload, FileHead
from penstock.application.uploads.dry_run import DryRun, dry_run
from penstock.application.uploads.inspection import Inspection, inspect
from penstock.application.uploads.intake import Accepting, Intake
from penstock.application.uploads.new_requests import Offered
from penstock.application.uploads.review import Review, accept_for, review
from penstock.application.uploads.stored_file import StoredFile
from penstock.application.uploads.suggesting import AcceptedSuggestions
from penstock.application.uploads.upload_command import UploadCommand
from penstock.application.uploads.warnings import warnings_of
from penstock.application.use_case import Audited, UseCases, use_case
from penstock.domain.access.permissions import Caller, Permission
from penstock.domain.errors import Fault, NotFound, Refused
from penstock.domain.files.tabular_format import FileOptions
from penstock.domain.mapping.mapping import Limits, Mode
from penstock.domain.requests.request import Request

UPLOAD = "request.upload"
INSPECT = "file.inspect"
DRY_RUN = "file.check"


class UploadUseCases(UseCases):
    def __init__(self, audit: Audit, intake: Intake, catalog: Catalog, limits: Limits, claims: KeyClaims) -> None:
        super().__init__(audit)
        self._intake, self._catalog, self.limits, self._claims = intake, catalog, limits, claims

    @use_case(Permission.UPLOAD, UPLOAD, Audited.DENIED_ONLY)
    def check_source(self, caller: Caller, name: str, *, create: bool = False) -> None:
        """Raise `Refused` for a data source that is archived, or does not exist, for example because it is mistyped."""
        check_uploadable(TenantCatalog(self._catalog, caller.tenant_id), name, create=create)

    @use_case(Permission.UPLOAD, UPLOAD, Audited.DENIED_ONLY)
    def check(self, caller: Caller, command: UploadCommand, file: FileHead) -> CheckedUpload:
        """Check the upload before the file is received. Raises `Refused` with every fault."""
        return self._intake.check(caller.tenant_id, command, file)

    @use_case(Permission.UPLOAD, UPLOAD, Audited.DENIED_ONLY)
    def file_options(self, caller: Caller, data_source: str | None, given: FileOptions) -> FileOptions:
        """How a file is read: as `given`, and else as the files of its data source are, if it is known."""
        source = None if data_source is None else self._catalog.data_sources.find(caller.tenant_id, data_source)
        return given if source is None else source.file_options(given)

    @use_case(Permission.UPLOAD, UPLOAD, Audited.DENIED_ONLY)
    def store(self, caller: Caller, parts: Iterable[bytes], options: FileOptions = FileOptions()) -> StoredFile:
        """Seal and store a file, without a request yet. Raises `Refused` when it is too large or corrupt."""
        return self._intake.store(caller.tenant_id, parts, options)

    @use_case(Permission.UPLOAD, UPLOAD, Audited.DENIED_ONLY)
    def decoded(self, caller: Caller, stored: StoredFile, command: UploadCommand) -> StoredFile:
        """The file in the encoding that it inherits from its data source, which was not known while it was stored."""
        return self._intake.decoded(caller.tenant_id, stored, self._intake.file_options(caller.tenant_id, command))

    @use_case(Permission.UPLOAD, UPLOAD, Audited.DENIED_ONLY)
    def discard(self, caller: Caller, stored: StoredFile) -> None:
        """Delete a stored file that will get no request."""
        self._intake.discard(stored)

    @use_case(Permission.UPLOAD, UPLOAD, Audited.DENIED_ONLY)
    def claim_key(self, caller: Caller, key: str) -> KeyClaim:
        """Claim an idempotency key for a call, until `release`. Raises `Refused` (idempotency_key_in_use)."""
        return self._claims.claim(caller.tenant_id, key)

    @use_case(Permission.UPLOAD, UPLOAD, Audited.WITHIN)
    def accept(
        self, caller: Caller, stored: StoredFile, command: UploadCommand, *, idempotency_key: str | None = None
    ) -> Accepted:
        """Accept a stored file. Raises `Refused` with every fault; then the file is deleted and nothing is saved."""
        return self._intake.accept(
            caller.tenant_id,
            stored,
            command,
            idempotency_key=idempotency_key,
            accepting=self._recorded(caller, command),
        )

    @use_case(Permission.UPLOAD, UPLOAD, Audited.DENIED_ONLY)
    def renamed_columns(self, caller: Caller, stored: StoredFile, accepted: Request) -> dict[str, str]:
        """The new names of the columns of an accepted file by those in the file, if it is cleaned."""
        options = accepted.file_options
        return stored.header(self.limits, options).renamed if options.clean_headers else {}

    @use_case(Permission.UPLOAD, UPLOAD, Audited.DENIED_ONLY)
    def warnings(self, caller: Caller, stored: StoredFile, accepted: Request) -> list[Fault]:
        """The warnings about an accepted file, such as a column that looks personal and is mapped as plain."""
        with suppress(NotFound):  # its version may be deleted meanwhile
            mapping = self._catalog.mapping(caller.tenant_id, accepted.data_source, accepted.mapping_version)
            attributes = self._catalog.attributes_of(caller.tenant_id, mapping)
            return warnings_of(mapping, attributes, stored.file_head, accepted.file_options, self.limits)
        return []

    @use_case(Permission.UPLOAD, UPLOAD, Audited.WITHIN)
    def upload(self, caller: Caller, parts: Iterable[bytes], command: UploadCommand) -> Accepted:
        """Store a file and accept it. Raises `Refused` as `accept` does."""
        options = self._intake.file_options(caller.tenant_id, command)
        stored = self._intake.store(caller.tenant_id, parts, options)
        return self._intake.accept(caller.tenant_id, stored, command, accepting=self._recorded(caller, command))

    @use_case(Permission.UPLOAD, UPLOAD, Audited.WITHIN)
    def resume_or_upload(self, caller: Caller, parts: Iterable[bytes], command: UploadCommand) -> Accepted:
        """As `upload`, but until `release`, the same bytes and arguments return the same request."""
        return self._intake.resume_or_upload(
            caller.tenant_id, parts, command, accepting=self._recorded(caller, command)
        )

    @use_case(Permission.UPLOAD, UPLOAD, Audited.DENIED_ONLY)
    def release(self, caller: Caller, request: Request) -> None:
        """Let the same file and arguments create a new request, once the end of `request` was reported."""
        self._intake.release(request)

    @use_case(Permission.UPLOAD, UPLOAD, Audited.WITHIN)
    def accept_offered(
        self, caller: Caller, parts: Iterable[bytes], command: UploadCommand, offered: Offered
    ) -> Request:
        """Accept the file of another service's offer; if the file is refused, the request is created as failed.

        Raises `Refused` for faults of the offer itself.
        """
        accepting = self._recorded(caller, command)
        self._intake.check(caller.tenant_id, command)
        try:
            stored = self._intake.store(caller.tenant_id, parts, self._intake.file_options(caller.tenant_id, command))
        except Refused as refused:
            return self._intake.fail_offered(caller.tenant_id, refused, command, offered, accepting=accepting)
        return self._intake.accept_offered(caller.tenant_id, stored, command, offered, accepting=accepting)

    @use_case(Permission.UPLOAD, UPLOAD, Audited.DENIED_ONLY)
    def announce(self, caller: Caller, request: Request) -> None:
        """Send the event of a request again, in case of a crash before it was sent."""
        self._intake.announce(request)

    @use_case(Permission.UPLOAD, DRY_RUN, Audited.DENIED_ONLY)
    def dry_run(self, caller: Caller, parts: Iterable[bytes], command: UploadCommand) -> DryRun:
        """A dry run of a file; stores nothing. Raises `Refused` as `accept` does."""
        return dry_run(caller.tenant_id, parts, command, TenantCatalog(self._catalog, caller.tenant_id), self.limits)

    @use_case(Permission.UPLOAD, INSPECT, Audited.DENIED_ONLY)
    def inspect(self, caller: Caller, parts: Iterable[bytes], options: FileOptions = FileOptions()) -> Inspection:
        """Inspect a file; stores nothing."""
        return inspect(parts, self.limits, options)

    @use_case(Permission.UPLOAD, INSPECT, Audited.DENIED_ONLY)
    def review(
        self, caller: Caller, inspection: Inspection, data_source: str | None = None, file_name: str = ""
    ) -> Review:
        """Review an inspected file, as one of `data_source` if that is given: its faults, including those of the saved
        mapping for it, and suggestions. The data source may be new; without one, it is named as the file."""
        catalog = TenantCatalog(self._catalog, caller.tenant_id)
        return review(inspection, catalog, self.limits, data_source, file_name)

    @use_case(Permission.UPLOAD, INSPECT, Audited.DENIED_ONLY)
    def suggest(
        self,
        caller: Caller,
        file: Inspection,
        data_source: str,
        confidence: float,
        by_hand: Sequence[ColumnSpec] = (),
    ) -> AcceptedSuggestions:
        """A mapping for a file: the columns mapped `by_hand`, and suggestions of at least `confidence`.

        Raises `Refused` with every fault of the header, or when no column is an identifier.
        """
        catalog = TenantCatalog(self._catalog, caller.tenant_id)
        return accept_for(file, catalog, self.limits, data_source, confidence, by_hand)

    def _recorded(self, caller: Caller, command: UploadCommand) -> Accepting:
        return partial(self._record, caller, command)

    def _record(self, caller: Caller, command: UploadCommand, request_id: str, mode: Mode) -> None:
        details = {"data_source": command.data_source, "mode": str(mode)}
        self._audit.record(caller, UPLOAD, request_id=request_id, details=details)
