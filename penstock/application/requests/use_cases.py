"""Use cases for upload requests."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from itertools import islice

from penstock.application.access.audit import Audit
from penstock.application.delivery.mail_report import MailReports, RecipientReport
from penstock.application.requests.chunks import Chunks
from penstock.application.requests.corrections import Corrections
from penstock.application.requests.counting_rows import CountingRows, counting_rows
from penstock.application.requests.reject_file import RejectFile, RejectFiles
from penstock.application.requests.reject_rows import Cells, RejectPage, RejectRows
from penstock.application.requests.requests import Accepted, RequestPage, Requests
from penstock.application.requests.saved_views import SavedViews, Views
from penstock.application.requests.waits import Waits
from penstock.application.uploads.resubmit import CorrectedFile, Resubmitter
from penstock.application.use_case import Audited, UseCases, use_case
from penstock.domain.access.permissions import Caller, Permission
from penstock.domain.files.line_set import LineSet
from penstock.domain.limits import MAX_REQUESTS_COUNTED
from penstock.domain.mapping.mapping import Mode, Plan
from penstock.domain.requests.children import CorrectionTotals
from penstock.domain.requests.request import Request
from penstock.domain.requests.request_filter import RequestFilter
from penstock.domain.requests.throughput import Rate, throughput
from penstock.domain.requests.waiting import Waiting

RESUBMIT = "request.resubmit"
MAX_UNFINISHED = 500  # in one list


class RequestUseCases(UseCases):
    """All raise `NotFound` for a request that this tenant does not have."""

    def __init__(
        self,
        audit: Audit,
        requests: Requests,
        corrections: Corrections,
        rejects: RejectFiles,
        resubmitter: Resubmitter,
        mails: MailReports,
        chunks: Chunks,
        views: SavedViews,
        waits: Waits,
    ) -> None:
        super().__init__(audit)
        self._views, self._waits = views, waits
        self._chunks, self._reject_rows = chunks, RejectRows(requests, chunks, rejects)
        self._requests, self._corrections, self._mails = requests, corrections, mails
        self._rejects, self._resubmitter = rejects, resubmitter

    @use_case(Permission.READ_REQUESTS, "request.list", Audited.DENIED_ONLY)
    def page(
        self,
        caller: Caller,
        *,
        before: str = "",
        limit: int = 50,
        only: RequestFilter = RequestFilter(),
    ) -> RequestPage:
        """Up to `limit` requests that `only` selects, older than `before`, newest first."""
        return self._requests.page(caller.tenant_id, before=before, limit=limit, only=only)

    @use_case(Permission.READ_REQUESTS, "request.list", Audited.DENIED_ONLY)
    def unfinished(self, caller: Caller) -> list[Request]:
        """The requests that run, wait or are held, the newest first; the oldest `MAX_UNFINISHED` of them."""
        unfinished = (each for each in self._requests.active(caller.tenant_id) if not each.status.ended)
        return list(islice(unfinished, MAX_UNFINISHED))[::-1]

    @use_case(Permission.READ_REQUESTS, "request.list", Audited.DENIED_ONLY)
    def counting_rows(
        self, caller: Caller, data_source: str, *, before: str = "", most: int = MAX_REQUESTS_COUNTED
    ) -> CountingRows:
        """The rows of a data source that count now, and so stop counting when a replacement completes; with `before`,
        the id of a request that replaces, those of requests that were accepted before it. Reads the `most` newest."""
        return counting_rows(self._requests, caller.tenant_id, data_source, before=before, most=most)

    @use_case(Permission.READ_REQUESTS, "saved_view.list", Audited.DENIED_ONLY)
    def saved_views(self, caller: Caller) -> Views:
        """The caller's own saved filters of the history, by name."""
        return self._views.of(caller)

    @use_case(Permission.READ_REQUESTS, "saved_view.save", Audited.DENIED_ONLY)
    def save_view(self, caller: Caller, name: str, filters: str) -> None:
        """Keep filters under a name, whose former filters they replace. Raises `Refused`."""
        self._views.save(caller, name, filters)

    @use_case(Permission.READ_REQUESTS, "saved_view.delete", Audited.DENIED_ONLY)
    def delete_view(self, caller: Caller, name: str) -> None:
        self._views.delete(caller, name)

    @use_case(Permission.READ_REQUESTS, "request.read", Audited.DENIED_ONLY)
    def get(self, caller: Caller, request_id: str) -> Request:
        return self._requests.get(caller.tenant_id, request_id)

    @use_case(Permission.READ_REQUESTS, "request.read", Audited.DENIED_ONLY)
    def each(self, caller: Caller, request_ids: Collection[str]) -> dict[str, Request]:
        """The existing ones of these requests, by id, read in one call."""
        stored = self._requests.stored_each(caller.tenant_id, sorted(request_ids))
        return {each.request.request_id: each.request for each in stored}

    @use_case(Permission.READ_REQUESTS, "request.read", Audited.DENIED_ONLY)
    def plan(self, caller: Caller, request_id: str) -> Plan:
        """The settings that were fixed when the request was accepted."""
        return self._requests.plan(caller.tenant_id, request_id)

    @use_case(Permission.READ_REQUESTS, "request.read", Audited.DENIED_ONLY)
    def throughput(self, caller: Caller, request: Request) -> list[Rate]:
        """The rows a second over the run of a request, for a chart."""
        if request.started_at is None:
            return []
        done = ((each.at_us, each.rows_read) for each in self._chunks.manifests(caller.tenant_id, request.request_id))
        return throughput(done, request.started_at)

    @use_case(Permission.READ_REQUESTS, "request.read", Audited.DENIED_ONLY)
    def waiting(self, caller: Caller, request: Request) -> Waiting | None:
        """Why a request does not move; None if it does, or has ended. May be a second old."""
        return self._waits.of(request)

    @use_case(Permission.READ_REQUESTS, "request.read", Audited.DENIED_ONLY)
    def mails(self, caller: Caller, request: Request) -> list[RecipientReport]:
        """The delivery reports of the e-mails about a request, one for each recipient."""
        return self._mails.of(request)

    @use_case(Permission.CHANGE_REQUESTS, "request.cancel", details=("request_id",))
    def cancel(self, caller: Caller, request_id: str) -> Request:
        """Stop a request that has not ended. Raises `Refused`."""
        return self._requests.cancel(caller.tenant_id, request_id)

    @use_case(Permission.CHANGE_REQUESTS, "request.approve", details=("request_id",))
    def approve(self, caller: Caller, request_id: str) -> Request:
        """Let the rows of a held request count. Raises `Refused`."""
        return self._requests.approve(caller.tenant_id, request_id)

    @use_case(Permission.CHANGE_REQUESTS, "request.undo", details=("request_id",))
    def undo(self, caller: Caller, request_id: str) -> Request:
        """Undo a completed request and its children, so that their data are no longer used. Raises `Refused`."""
        return self._requests.undo(caller.tenant_id, request_id)

    @use_case(Permission.READ_REQUESTS, "request.read", Audited.DENIED_ONLY)
    def corrections(self, caller: Caller, request: Request) -> CorrectionTotals | None:
        """The totals of the corrections by a request's children; None without children."""
        return self._corrections.of(request)

    @use_case(Permission.READ_REQUESTS, "request.read", Audited.DENIED_ONLY)
    def corrected_lines(self, caller: Caller, request: Request) -> LineSet:
        """The lines of rejected rows, and of rows that lost cells, that a request's children have corrected."""
        return self._corrections.lines(request)

    @use_case(Permission.READ_REQUESTS, "request.read", Audited.DENIED_ONLY)
    def replaced_by(self, caller: Caller, requests: Collection[Request]) -> dict[str, str]:
        """The ids of those of `requests` that are completed and no longer count, each with that of the request that
        has replaced it."""
        return self._requests.replaced_by(caller.tenant_id, requests)

    @use_case(Permission.UPLOAD, RESUBMIT, Audited.DENIED_ONLY)
    def check_root(self, caller: Caller, request_id: str) -> None:
        """Raise `Refused` when rows of the request cannot be corrected, before the file is received."""
        self._resubmitter.root(caller.tenant_id, request_id)

    @use_case(Permission.UPLOAD, RESUBMIT, Audited.WITHIN, details=("request_id",))
    def resubmit(self, caller: Caller, request_id: str) -> Accepted:
        """Process the rows of chunks that were set aside again, as a child request. Raises `Refused`."""
        accepting = partial(self._record_child, caller, request_id)
        return self._resubmitter.resubmit_set_aside(
            caller.tenant_id, request_id, uploaded_by=caller.name, accepting=accepting
        )

    @use_case(Permission.UPLOAD, RESUBMIT, Audited.WITHIN, details=("request_id",))
    def resubmit_file(
        self, caller: Caller, request_id: str, corrected: CorrectedFile, *, idempotency_key: str | None = None
    ) -> Accepted:
        """Ingest a corrected reject file as a child request. Raises `Refused`; then the file is deleted."""
        return self._resubmitter.resubmit_file(
            caller.tenant_id,
            request_id,
            corrected,
            uploaded_by=caller.name,
            idempotency_key=idempotency_key,
            accepting=partial(self._record_child, caller, request_id),
        )

    @use_case(Permission.DOWNLOAD_REJECTS, "rejects.download", details=("request_id",))
    def rejects(self, caller: Caller, request_id: str, *, dropped: bool = False, bom: bool = False) -> RejectFile:
        """The reject file, in the format of the uploaded one, without the rows that are corrected by now; with
        `dropped`, the rows that were ingested without some of their cells; with `bom`, after a byte-order mark.

        Raises `Refused`: no_rejects, no_dropped_cells, rejects_expired.
        """
        of = self._rejects.dropped_file if dropped else self._rejects.file
        corrected = self._corrections.lines(self._requests.get(caller.tenant_id, request_id))
        file = of(caller.tenant_id, request_id, corrected=corrected)
        return file.with_bom() if bom else file

    @use_case(Permission.READ_REQUESTS, "rejects.sample", Audited.DENIED_ONLY)
    def masked_rejects(
        self,
        caller: Caller,
        request_id: str,
        *,
        reason: str = "",
        after: str = "",
        limit: int = 50,
        dropped: bool = False,
    ) -> RejectPage:
        """Rejected rows, page by page, with only the first letter of what may be personal. `reason` selects some;
        `dropped`: the rows that were ingested without some of their cells, or without one for the code
        `reason`, or of the column `reason`."""
        page = self._reject_rows.page(
            caller.tenant_id, request_id, reason=reason, after=after, limit=limit, dropped=dropped
        )
        return self._reject_rows.masked(caller.tenant_id, page, request_id)

    @use_case(Permission.DOWNLOAD_REJECTS, "rejects.reveal", details=("request_id",))
    def rejected_rows(
        self,
        caller: Caller,
        request_id: str,
        *,
        reason: str = "",
        after: str = "",
        limit: int = 50,
        dropped: bool = False,
    ) -> RejectPage:
        """As `masked_rejects`, with their values."""
        return self._reject_rows.page(
            caller.tenant_id, request_id, reason=reason, after=after, limit=limit, dropped=dropped
        )

    @use_case(Permission.UPLOAD, RESUBMIT, Audited.WITHIN, details=("request_id",))
    def correct_rejects(
        self,
        caller: Caller,
        request_id: str,
        cells: Cells,
        *,
        as_shown: Collection[int] = (),
        reason: str = "",
        dropped: bool = False,
    ) -> Accepted:
        """Ingest those of the first rejected rows that `cells` changes, as a child request; and those, by their places,
        whose line was split wrongly but whose cells are right `as_shown`. `reason` selects some rows; with `dropped`,
        those that were ingested without some of their cells. Raises `Refused`."""
        corrected = self._reject_rows.corrected(
            caller.tenant_id, request_id, cells, as_shown, reason=reason, dropped=dropped
        )
        return self._resubmitter.resubmit_parts(
            caller.tenant_id,
            request_id,
            corrected.file(),
            rows=len(corrected.rows),
            uploaded_by=caller.name,
            accepting=partial(self._record_child, caller, request_id),
        )

    @use_case(Permission.UPLOAD, RESUBMIT, Audited.DENIED_ONLY)
    def faults_of_corrections(
        self,
        caller: Caller,
        request_id: str,
        cells: Cells,
        *,
        as_shown: Collection[int] = (),
        reason: str = "",
        dropped: bool = False,
    ) -> dict[int, Sequence[str]]:
        """Why rows that `correct_rejects` would ingest, with the same arguments, would be rejected again or lose cells:
        codes with their columns, by the places of rows. Raises `Refused`."""
        corrected = self._reject_rows.corrected(
            caller.tenant_id, request_id, cells, as_shown, reason=reason, dropped=dropped
        )
        return self._reject_rows.faults(caller.tenant_id, request_id, corrected)

    def _record_child(self, caller: Caller, parent_id: str, child_id: str, _: Mode) -> None:
        self._audit.record(caller, RESUBMIT, request_id=parent_id, details={"child_id": child_id})
