"""Resubmits rejected rows of a request as its child: a corrected file, or the rows of chunks that were set aside."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from msgspec.structs import replace

from penstock.application.requests.reject_file import RejectFiles
from penstock.application.requests.requests import Accepted, Requests
from penstock.application.uploads.intake import Accepting, Intake
from penstock.application.uploads.lost_characters import check_characters
from penstock.application.uploads.lost_zeros import check_leading_zeros
from penstock.application.uploads.stored_file import StoredFile
from penstock.application.uploads.upload_command import UploadCommand
from penstock.domain.errors import NotFound, Refused, refusal
from penstock.domain.files.file_name import safe_file_name
from penstock.domain.files.rows import SET_ASIDE
from penstock.domain.files.tabular_format import FileOptions
from penstock.domain.mapping.mapping import Mode, Plan
from penstock.domain.requests.children import check_root
from penstock.domain.requests.request import Request


class CorrectedFile(NamedTuple):
    """A corrected reject file, as it was stored. `encoding` is the declared one. With `force` it is ingested although
    the same file was before."""

    stored: StoredFile
    file_name: str
    encoding: str | None = None
    force: bool = False


class Resubmitter:
    """The parent of a child is never a child: rows of a child are corrected as those of its root."""

    def __init__(self, requests: Requests, rejects: RejectFiles, intake: Intake) -> None:
        self._requests, self._rejects, self._intake = requests, rejects, intake

    def root(self, tenant_id: str, request_id: str) -> Request:
        """The parent of a new child of `request_id`. Raises `NotFound`; `Refused`: not_ended, cannot_resubmit."""
        root = self._requests.get(tenant_id, self._requests.get(tenant_id, request_id).root_id)
        check_root(root)
        return root

    def resubmit_file(
        self,
        tenant_id: str,
        request_id: str,
        corrected: CorrectedFile,
        *,
        uploaded_by: str,
        idempotency_key: str | None,
        accepting: Accepting,
    ) -> Accepted:
        """The child request for a corrected file. `accepting` as in `Intake`.

        Raises as `root` and `Intake.accept` do, and `Refused` (leading_zeros_lost, characters_lost); then the file is
        deleted.
        """
        try:
            root = self.root(tenant_id, request_id)
            command = self._command(root, corrected.file_name, uploaded_by, corrected.encoding)
            self._check_corrected(root, corrected.stored, command)
        except (Refused, NotFound):
            self._intake.discard(corrected.stored)
            raise
        return self._intake.accept(
            tenant_id,
            corrected.stored,
            replace(command, force=corrected.force),
            idempotency_key=idempotency_key,
            accepting=accepting,
        )

    def resubmit_parts(
        self,
        tenant_id: str,
        request_id: str,
        parts: Iterable[bytes],
        *,
        rows: int,
        uploaded_by: str,
        accepting: Accepting,
    ) -> Accepted:
        """The child request for a corrected file that was made here, as CSV, of so many `rows`: no spreadsheet has
        taken its cells for numbers. Raises as `root` and `Intake.accept` do, and `Refused` (characters_lost)."""
        root = self.root(tenant_id, request_id)
        command = self._command(root, _corrected_rows(rows, root.file_name), uploaded_by)
        stored = self._intake.store(tenant_id, parts)
        try:
            check_characters(stored.file_head, *self._read_as(root, command))
        except Refused:
            self._intake.discard(stored)
            raise
        return self._intake.accept(tenant_id, stored, command, accepting=accepting)

    def resubmit_set_aside(
        self, tenant_id: str, request_id: str, *, uploaded_by: str, accepting: Accepting
    ) -> Accepted:
        """The child request for rows that were set aside through no fault of theirs: as for the same file again, a
        second call returns the same one while that runs or counts.

        Raises as `root` does; also `Refused`: nothing_set_aside, rejects_expired, and the faults of an upload.
        """
        root, request = self.root(tenant_id, request_id), self._requests.get(tenant_id, request_id)
        if SET_ASIDE not in request.reject_reasons:
            hint = "Download the rejects, correct them and send the file: penstock resubmit ID FILE"
            raise refusal("nothing_set_aside", "none of the request's chunks was set aside", hint)
        rejects = self._rejects.file(tenant_id, request_id, only=frozenset({SET_ASIDE}))
        stored = self._intake.store(tenant_id, rejects.parts)
        command = self._command(root, request.file_name, uploaded_by)
        return self._intake.accept(tenant_id, stored, command, accepting=accepting)

    def _read_as(self, root: Request, command: UploadCommand) -> tuple[Plan, FileOptions]:
        """The plan of the root, and how the corrected file is read."""
        plan = self._requests.plan_of(root)
        return plan, self._intake.file_options(root.tenant_id, command)

    def _check_corrected(self, root: Request, stored: StoredFile, command: UploadCommand) -> None:
        plan, options = self._read_as(root, command)
        check_characters(stored.file_head, plan, options)

        def originals(lines: Collection[int]) -> Mapping[int, Mapping[str, str]]:
            """None once the rejects are deleted."""
            try:
                return self._rejects.cells_of(root, lines)
            except Refused:
                return {}

        check_leading_zeros(stored.file_head, plan, options, originals)

    def _command(self, root: Request, file_name: str, uploaded_by: str, encoding: str | None = None) -> UploadCommand:
        """A command with the plan of the root, but never in mode replace: the child adds to the root's rows."""
        plan = self._requests.plan_of(root)
        options = replace(plan.file_options, encoding=encoding, corrected=True, inherited=())
        return UploadCommand(
            data_source=root.data_source,
            file_name=file_name,
            uploaded_by=uploaded_by,
            mode=Mode.UPSERT,
            segment=root.segment,
            as_of=root.as_of,
            notify=[str(each) for each in root.notify],
            file_options=options,
            mapping=plan.mapping,
            parent_id=root.request_id,
        )


def _corrected_rows(rows: int, file_name: str) -> str:
    """What a file of rows that were corrected one by one is called: "2 corrected rows of customers.csv"."""
    return safe_file_name(f"{rows} corrected {'row' if rows == 1 else 'rows'} of {file_name}")
