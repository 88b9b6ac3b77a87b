"""A request, as the API and the command line return it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NotRequired, cast

from typing_extensions import TypedDict

from penstock.application.delivery.mail_report import MailState, RecipientReport
from penstock.application.requests.use_cases import RequestUseCases
from penstock.documents.faults import FaultView, fault_views
from penstock.documents.file_options import FileOptionsView
from penstock.domain.access.permissions import Caller
from penstock.domain.mapping.mapping import Mode
from penstock.domain.requests.children import CorrectionTotals
from penstock.domain.requests.public_view import to_public
from penstock.domain.requests.recipients import MailLevel
from penstock.domain.requests.request import Request, Status
from penstock.domain.requests.waiting import Waiting, WaitsFor


class StoredProblem(TypedDict):
    """Why a request failed."""

    type: str
    code: str
    title: str
    detail: str
    faults: list[FaultView]


class HeldView(TypedDict):
    """The reason why a request is held, a hint, and the time when it is cancelled without a decision."""

    reason: str
    message: str
    hint: str
    until: str | None


class WaitingView(TypedDict):
    """Why a request does not move: `system`, something that it needs is unavailable; `turn`, the services work on other
    requests; `workers`, none runs, or no part of its file was finished for a minute; `dispatcher`, none runs.

    `since` is the time from which that is so, `requests_before` the number of the tenant's own requests that come
    first, and `starts_in_seconds` an estimate; each is null when it is not known.
    """

    reason: WaitsFor
    message: str
    since: str | None
    requests_before: int | None
    starts_in_seconds: int | None


class MailView(TypedDict):
    """The e-mail about a status, and the state of its delivery."""

    status: Status
    state: MailState


class RecipientView(TypedDict):
    """A recipient of e-mails about the request. Only the document of a single request has `mails`, one for each status
    so far, and `problem`, the reason why some do not arrive."""

    address: str
    level: MailLevel
    mails: NotRequired[list[MailView]]
    problem: NotRequired[FaultView | None]


class CorrectionsView(TypedDict):
    """The totals of the corrections by a request's children: of its rejects, and of its rows with dropped cells.

    `dropped_again`: those of `dropped_left` that came back and lost cells again.
    """

    request_ids: list[str]
    rows_ingested: int
    rejects_corrected: int
    rejects_left: int
    rows_without_line: int
    dropped_corrected: int
    dropped_left: int
    dropped_again: int


class RequestView(TypedDict):
    """`upload_started_at`: when its file began to arrive; `as_of`: when its facts were true; `held_at`: since when
    it is or was held, also once it has ended. `rows_accepted` are read and valid; `rows_ingested` is the same
    number once the status is COMPLETED, else 0. `blank_words`: how many of their cells a word for blank made blank,
    by column and word. `parent_id`: the request whose rejects it corrects. `replaced_by`: the request in mode
    `replace` because of which its rows no longer count."""

    request_id: str
    tenant_id: str
    data_source: str
    file_name: str
    uploaded_by: str
    status: Status
    mode: Mode
    mapping_version: int
    segment: str | None
    as_of: str | None
    notify: list[RecipientView]
    upload_started_at: str | None
    accepted_at: str
    started_at: str | None
    held_at: str | None
    finished_at: str | None
    bytes: int
    file_options: FileOptionsView
    rows_read: int
    rows_accepted: int
    rows_ingested: int
    rows_rejected: int
    max_rejects: str | None
    chunks_done: int
    chunks_total: int
    reject_reasons: dict[str, int]
    dropped_cells: dict[str, int]
    blank_words: dict[str, dict[str, int]]
    parent_id: str | None
    corrections: CorrectionsView | None
    replaced_by: str | None
    held: HeldView | None
    waiting: WaitingView | None
    error: StoredProblem | None
    eta_seconds: int | None


class RequestPage(TypedDict):
    """`next` goes into `before` for the next page; null when this is the last one."""

    requests: list[RequestView]
    next: str | None


def request_view(
    request: Request,
    now_us: int,
    corrections: CorrectionTotals | None = None,
    mails: Iterable[RecipientReport] | None = None,
    waiting: Waiting | None = None,
    replaced_by: str | None = None,
) -> RequestView:
    view = cast(RequestView, to_public(request, now_us, corrections, waiting, replaced_by))
    if mails is not None:
        view["notify"] = [_recipient_view(each) for each in mails]
    return view


def listed_views(
    use_cases: RequestUseCases,
    caller: Caller,
    requests: Sequence[Request],
    now_us: int,
    mails: Iterable[RecipientReport] | None = None,
) -> list[RequestView]:
    """The documents of requests; without `mails`, they have nothing of what became of e-mails. Raises `Unavailable`."""
    replaced = use_cases.replaced_by(caller, requests)
    return [
        request_view(
            request,
            now_us,
            use_cases.corrections(caller, request),
            mails,
            use_cases.waiting(caller, request),
            replaced.get(request.request_id),
        )
        for request in requests
    ]


def listed_view(use_cases: RequestUseCases, caller: Caller, request: Request, now_us: int) -> RequestView:
    """As `listed_views`, for one."""
    return listed_views(use_cases, caller, [request], now_us)[0]


def detailed_view(use_cases: RequestUseCases, caller: Caller, request: Request, now_us: int) -> RequestView:
    """With what became of its e-mails."""
    return listed_views(use_cases, caller, [request], now_us, use_cases.mails(caller, request))[0]


def _recipient_view(report: RecipientReport) -> RecipientView:
    return RecipientView(
        address=report.recipient.address,
        level=report.recipient.level,
        mails=[MailView(status=each.status, state=each.state) for each in report.mails],
        problem=None if report.problem is None else fault_views([report.problem])[0],
    )
