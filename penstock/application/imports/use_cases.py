"""Use cases for drafts of imports: what a person has entered, and the file that arrives meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from msgspec.structs import replace

from penstock.application.access.audit import Audit
from penstock.application.drafts.drafts import Drafts
from penstock.application.drafts.receiving import Receiver
from penstock.application.imports.import_draft import ImportDraft
from penstock.application.imports.import_drafts import Change, ImportDrafts
from penstock.application.uploads.inspection import Inspection, inspect
from penstock.application.use_case import Audited, UseCases, use_case
from penstock.domain.access.permissions import Caller, Permission
from penstock.domain.errors import NotFound, Refused, refusal
from penstock.domain.files.compression import check_size
from penstock.domain.files.draft import Draft
from penstock.domain.files.file_name import safe_file_name
from penstock.domain.files.tabular_format import FileOptions
from penstock.domain.mapping.mapping import Limits

READ = "import.read"
EDIT = "import.edit"
DELETE = "import.delete"
REVEAL = "import.reveal"

REVIEWED_BYTES = 1 << 20  # of a file, for suggestions and samples


class ImportUseCases(UseCases):
    """Raises `NotFound` for a draft that there is not, or not any more. `sends_mails`: a mail server is set."""

    def __init__(
        self,
        audit: Audit,
        imports: ImportDrafts,
        files: Drafts,
        receiver: Receiver,
        limits: Limits,
        *,
        sends_mails: bool,
    ) -> None:
        super().__init__(audit)
        self._imports, self._files, self._receiver, self.limits = imports, files, receiver, limits
        self.sends_mails = sends_mails

    @use_case(Permission.UPLOAD, EDIT, Audited.DENIED_ONLY)
    def create(self, caller: Caller, data_source: str) -> ImportDraft:
        """Raises `Refused` (too_many_import_drafts)."""
        return self._imports.create(caller.tenant_id, data_source=data_source, created_by=caller.name)

    @use_case(Permission.UPLOAD, READ, Audited.DENIED_ONLY)
    def get(self, caller: Caller, draft_id: str) -> ImportDraft:
        """Its request is also known when a crash came between the request and `begun`: its file belongs to it."""
        draft = self._imports.get(caller.tenant_id, draft_id)
        file = self._file_of(caller.tenant_id, draft)
        return replace(draft, request_id=draft.request_id or (file and file.request_id))

    @use_case(Permission.UPLOAD, READ, Audited.DENIED_ONLY)
    def all(self, caller: Caller) -> list[ImportDraft]:
        """The unfinished ones of the tenant, the latest first."""
        return sorted(self._imports.open(caller.tenant_id), key=lambda draft: (-draft.created_at, draft.draft_id))

    @use_case(Permission.UPLOAD, EDIT, Audited.DENIED_ONLY)
    def change(self, caller: Caller, draft_id: str, change: Change) -> ImportDraft:
        """Apply `change`, again after each conflict. Raises `Refused` (import_begun) for one that has a request."""

        def change_open(draft: ImportDraft) -> ImportDraft:
            if draft.request_id is not None:
                raise refusal("import_begun", "this import has begun already", "Open it in the upload history.")
            return change(draft)

        return self._imports.update(caller.tenant_id, draft_id, change_open)

    @use_case(Permission.UPLOAD, EDIT, Audited.DENIED_ONLY)
    def begun(self, caller: Caller, draft_id: str, request_id: str) -> ImportDraft:
        """Note the request that the draft has become."""
        return self._imports.update(caller.tenant_id, draft_id, lambda draft: replace(draft, request_id=request_id))

    @use_case(Permission.UPLOAD, DELETE, details=("draft_id",))
    def delete(self, caller: Caller, draft_id: str) -> None:
        """Delete a draft, with its file unless that belongs to a request."""
        draft = self._imports.get(caller.tenant_id, draft_id)
        self._imports.remove(caller.tenant_id, draft_id)
        if draft.request_id is None:
            self._forget_file(caller.tenant_id, draft.file_id)

    @use_case(Permission.UPLOAD, EDIT, Audited.DENIED_ONLY)
    def expect_file(self, caller: Caller, draft_id: str, *, file_name: str, length: int) -> Draft:
        """The file of a draft, to be received in parts: the present one if it is this, or else a new one in its place.

        Raises `Refused`: file_too_large, too_many_drafts, import_begun.
        """
        present = self.file(caller, draft_id)
        file_name = safe_file_name(file_name)
        if present is not None and (present.file_name, present.length) == (file_name, length):
            return present
        new = self._new_file(caller, file_name, length)
        self._take(caller, draft_id, new, present)
        return new

    @use_case(Permission.UPLOAD, EDIT, Audited.DENIED_ONLY)
    def receive_file(self, caller: Caller, draft_id: str, *, file_name: str, pieces: Iterator[bytes]) -> Draft:
        """The file of a draft, received in one call and of a length that is not known before. Raises `Refused`:
        file_too_large, too_many_drafts, import_begun, and what `pieces` raises; then the present one stays."""
        tenant_id, present = caller.tenant_id, self.file(caller, draft_id)
        new = self._new_file(caller, safe_file_name(file_name), self.limits.file_bytes)
        try:
            self._receiver.append(tenant_id, new.file_id, 0, self._bounded(pieces))
            new = self._files.update(tenant_id, new.file_id, lambda file: replace(file, length=file.offset))
        except BaseException:
            self._forget_file(tenant_id, new.file_id)
            raise
        self._take(caller, draft_id, new, present)
        return new

    @use_case(Permission.UPLOAD, READ, Audited.DENIED_ONLY)
    def file(self, caller: Caller, draft_id: str) -> Draft | None:
        """The file of a draft; None if there is none, also because it was not finished in time."""
        return self._file_of(caller.tenant_id, self._imports.get(caller.tenant_id, draft_id))

    @use_case(Permission.UPLOAD, READ, Audited.DENIED_ONLY)
    def inspect(self, caller: Caller, draft_id: str, options: FileOptions) -> Inspection | None:
        """Inspect the beginning of a draft's file; None while too little of it has arrived."""
        file = self.file(caller, draft_id)
        if file is None or not can_be_inspected(file):
            return None
        pieces = _first(self._files.read(caller.tenant_id, file), REVIEWED_BYTES)
        whole = file.complete and file.length <= REVIEWED_BYTES
        return inspect(pieces, self.limits, options, partial=not whole)

    @use_case(Permission.UPLOAD, REVEAL, details=("draft_id",))
    def reveal(self, caller: Caller, draft_id: str) -> ImportDraft:
        """Record that somebody looks at samples of personal values."""
        return self._imports.get(caller.tenant_id, draft_id)

    @use_case(Permission.UPLOAD, READ, Audited.DENIED_ONLY)
    def content(self, caller: Caller, draft_id: str) -> Iterator[bytes]:
        """The bytes of a draft's file. Raises `Refused`: no_file, file_incomplete."""
        file = self.file(caller, draft_id)
        if file is None:
            raise no_file()
        if not file.complete:
            message = f"{file.offset:,} of {file.length:,} bytes of the file have arrived"
            raise refusal("file_incomplete", message, "Wait until the file has arrived.")
        return self._files.read(caller.tenant_id, file)

    def _file_of(self, tenant_id: str, draft: ImportDraft) -> Draft | None:
        if draft.file_id:
            with suppress(NotFound, Refused):
                return self._files.stored(tenant_id, draft.file_id).draft
        return None

    def _new_file(self, caller: Caller, file_name: str, length: int) -> Draft:
        return self._files.create(
            caller.tenant_id, length=length, file_name=file_name, created_by=caller.name, metadata=""
        )

    def _take(self, caller: Caller, draft_id: str, new: Draft, present: Draft | None) -> None:
        """Make `new` the file of a draft, in place of the present one."""
        try:
            self.change(
                caller, draft_id, lambda draft: replace(draft, file_id=new.file_id, file_name=new.file_name, rows=None)
            )
        except BaseException:
            self._forget_file(caller.tenant_id, new.file_id)
            raise
        if present is not None:
            self._forget_file(caller.tenant_id, present.file_id)

    def _forget_file(self, tenant_id: str, file_id: str) -> None:
        with suppress(NotFound, Refused):
            self._files.remove(tenant_id, self._files.stored(tenant_id, file_id).draft)

    def _bounded(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        taken = 0
        for piece in pieces:
            taken += len(piece)
            check_size(taken, self.limits)
            yield piece


def no_file() -> Refused:
    return refusal("no_file", "no file has been chosen", "Choose the file to import.")


def can_be_inspected(file: Draft) -> bool:
    """Whether enough of a file has arrived."""
    return file.complete or file.offset >= REVIEWED_BYTES


def _first(pieces: Iterator[bytes], size: int) -> Iterator[bytes]:
    for piece in pieces:
        yield piece[:size]
        size -= len(piece)
        if size <= 0:
            return
