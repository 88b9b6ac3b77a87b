"""Use cases for files that are received in parts."""

from __future__ import annotations

from collections.abc import Iterator

from penstock.application.access.audit import Audit
from penstock.application.drafts.drafts import Drafts
from penstock.application.drafts.receiving import Receiver
from penstock.application.uploads.inspection import Inspection, inspect
from penstock.application.uploads.intake import Intake
from penstock.application.uploads.stored_file import StoredFile
from penstock.application.use_case import Audited, UseCases, use_case
from penstock.domain.access.permissions import Caller, Permission
from penstock.domain.errors import refusal
from penstock.domain.files import draft as rules
from penstock.domain.files.draft import Checksum, Draft
from penstock.domain.files.tabular_format import FileOptions
from penstock.domain.limits import MAX_UPLOAD_METADATA, check_length
from penstock.domain.mapping.mapping import Limits

READ = "draft.read"
RECEIVE = "draft.receive"
ACCEPT = "draft.accept"
DELETE = "draft.delete"


class DraftUseCases(UseCases):
    def __init__(self, audit: Audit, drafts: Drafts, receiver: Receiver, intake: Intake, limits: Limits) -> None:
        super().__init__(audit)
        self._drafts, self._receiver, self._intake, self.limits = drafts, receiver, intake, limits

    @use_case(Permission.UPLOAD, RECEIVE, Audited.DENIED_ONLY)
    def create(self, caller: Caller, *, length: int, file_name: str, metadata: str) -> Draft:
        """A file of which nothing has arrived. Raises `Refused`: file_too_large, too_many_drafts, text_too_long."""
        check_length(metadata, MAX_UPLOAD_METADATA, what="the header Upload-Metadata")
        return self._drafts.create(
            caller.tenant_id, length=length, file_name=file_name, created_by=caller.name, metadata=metadata
        )

    @use_case(Permission.UPLOAD, RECEIVE, Audited.DENIED_ONLY)
    def begin(self, caller: Caller, file_id: str, offset: int) -> Draft:
        """The file, before bytes of it are read that begin at `offset`. Raises `NotFound`, `Refused`: file_expired,
        wrong_offset."""
        draft = self._drafts.stored(caller.tenant_id, file_id).draft
        rules.check_offset(draft, offset)
        return draft

    @use_case(Permission.UPLOAD, RECEIVE, Audited.DENIED_ONLY)
    def append(
        self, caller: Caller, file_id: str, offset: int, pieces: Iterator[bytes], checksum: Checksum | None = None
    ) -> Draft:
        """Seal and store the next bytes of a file. Raises as `Receiver.append` does."""
        return self._receiver.append(caller.tenant_id, file_id, offset, pieces, checksum)

    @use_case(Permission.UPLOAD, READ, Audited.DENIED_ONLY)
    def get(self, caller: Caller, file_id: str) -> Draft:
        """Raises `NotFound`, `Refused` (file_expired)."""
        return self._drafts.stored(caller.tenant_id, file_id).draft

    @use_case(Permission.UPLOAD, READ, Audited.DENIED_ONLY)
    def all(self, caller: Caller) -> list[Draft]:
        """The files that have no request yet, by id."""
        return list(self._drafts.open(caller.tenant_id))

    @use_case(Permission.UPLOAD, DELETE, details=("file_id",))
    def delete(self, caller: Caller, file_id: str) -> None:
        """Delete a file that has no request. Raises `NotFound`, `Refused`: file_expired, file_in_use."""
        self._drafts.delete(caller.tenant_id, file_id)

    @use_case(Permission.UPLOAD, READ, Audited.DENIED_ONLY)
    def inspect(self, caller: Caller, file_id: str, options: FileOptions = FileOptions()) -> Inspection:
        """Inspect the part of a file that has arrived. Raises `NotFound`, `Refused`: file_expired, file_in_use,
        header_incomplete."""
        draft = self._drafts.stored(caller.tenant_id, file_id).draft
        if draft.request_id is not None:
            message = f"the file already belongs to the request {draft.request_id}"
            raise refusal("file_in_use", message, "Look at the request.")
        pieces = self._drafts.read(caller.tenant_id, draft)
        inspection = inspect(pieces, self.limits, options, partial=not draft.complete)
        if not (draft.complete or inspection.head or inspection.decompression_faults):
            hint = "Send more of the file, then look again."
            raise refusal("header_incomplete", "the first line of the file has not arrived yet", hint)
        return inspection

    @use_case(Permission.UPLOAD, ACCEPT, Audited.DENIED_ONLY)
    def claim(self, caller: Caller, file_id: str, call: str) -> Draft:
        """Reserve a finished file for one call, which makes a request of it; `call` identifies it. The same call
        continues where it was interrupted. Raises `NotFound`, `Refused`: file_expired, file_incomplete, file_in_use."""
        return self._drafts.update(caller.tenant_id, file_id, lambda draft: rules.claimed(draft, call))

    @use_case(Permission.UPLOAD, ACCEPT, Audited.DENIED_ONLY)
    def store(self, caller: Caller, draft: Draft, options: FileOptions = FileOptions()) -> StoredFile:
        """Store a finished file as a whole, as if it had just been uploaded. Raises `Refused` as an upload does."""
        stored = self._intake.store(caller.tenant_id, self._drafts.read(caller.tenant_id, draft), options)
        return stored._replace(upload_started_at=draft.created_at)

    @use_case(Permission.UPLOAD, ACCEPT, Audited.DENIED_ONLY)
    def release(self, caller: Caller, file_id: str) -> Draft:
        """Let another call make a request of the file, since this one was refused; the file after that."""
        return self._drafts.update(caller.tenant_id, file_id, rules.released)

    @use_case(Permission.UPLOAD, ACCEPT, Audited.DENIED_ONLY)
    def finish(self, caller: Caller, file_id: str, request_id: str, renamed_columns: dict[str, str]) -> None:
        """Note the request of a file, and delete its parts. The same call again gets the same answer for a day."""
        draft = self._drafts.stored(caller.tenant_id, file_id).draft
        self._drafts.accept(caller.tenant_id, rules.accepted(draft, request_id, renamed_columns))
        self._drafts.discard(caller.tenant_id, file_id, 0, draft.parts)
