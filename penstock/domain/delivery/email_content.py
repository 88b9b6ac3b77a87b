"""The content of an e-mail about a request, which `email_text.py` and `email_html.py` render.

Uses only facts that never change once the request has reached the status, so that every copy is the same.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from penstock.domain.days import DAY_US
from penstock.domain.files.rejects import dropped_file_name, reject_file_name
from penstock.domain.files.row_reasons import reason_of
from penstock.domain.files.rows import SET_ASIDE
from penstock.domain.mapping.mapping import Mode
from penstock.domain.requests.hold import why_held
from penstock.domain.requests.request import Request, Status
from penstock.domain.requests.shares import share

MAX_NAME = 120  # characters of a name in a message
NO_ROWS_INGESTED = "no_rows_ingested"  # the code of a request whose rows were all read and rejected
MAX_REASONS = 10  # listed, the most frequent ones
MAX_FAULTS = 20  # listed
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TITLES = {
    Status.SCHEDULED: "Upload accepted",
    Status.IN_PROGRESS: "Upload in progress",
    Status.HELD: "Upload held",
    Status.COMPLETED: "Upload completed",
    Status.FAILED: "Upload failed",
    Status.CANCELLED: "Upload cancelled",
    Status.REVERTED: "Upload undone",
}
_MODES = {
    Mode.UPSERT: "add and update",
    Mode.REPLACE: "remove existing data and add new",
}


class Reason(NamedTuple):
    """A reject reason and the number of its rows; `fix` tells how to correct them."""

    rows: int
    meaning: str
    fix: str


class Step(NamedTuple):
    """Something that the reader can do, and the command that does it."""

    purpose: str
    command: str


class EmailContent(NamedTuple):
    """`summary` are sentences; `facts` are labels with values; `link` leads to the request, "" without one."""

    subject: str
    title: str
    summary: Sequence[str]
    facts: Sequence[tuple[str, str]]
    reasons: Sequence[Reason]
    steps: Sequence[Step]
    link: str


def email_content(request: Request, status: Status, at_us: int, link: str, retention_days: int) -> EmailContent:
    """The e-mail that announces that `request` reached `status` at `at_us`."""
    title = _TITLES[status]
    return EmailContent(
        subject=f"{title}{_counts(request, status)}: {printable(request.file_name)}",
        title=title,
        summary=[printable_text(sentence) for sentence in _summary(request, status, at_us, retention_days)],
        facts=[(label, printable(value)) for label, value in _facts(request, status, at_us)],
        reasons=_reasons(request.reject_reasons) if _has_counts(request, status) else [],
        steps=list(_steps(request, status)),
        link=link,
    )


def printable(text: str) -> str:
    """`text` on one line, without control, format or unassigned characters, truncated to `MAX_NAME`."""
    safe = printable_text(text)
    return safe if len(safe) <= MAX_NAME else safe[: MAX_NAME - 1] + "…"


def printable_text(text: str) -> str:
    """As `printable`, of any length."""
    safe = "".join("�" if unicodedata.category(character)[0] == "C" else character for character in text)
    return " ".join(safe.split())


def _counts(request: Request, status: Status) -> str:
    """The part of the subject about the rows."""
    if not _has_counts(request, status) or not request.rows_read:
        return ""
    if status is Status.COMPLETED and not request.rows_rejected:
        return f", all {request.rows_read:,} rows ingested"
    return f", {_rejected(request)}"


def _rejected(request: Request) -> str:
    in_percent = share(request.rows_rejected, request.rows_read)
    return f"{request.rows_rejected:,} of {request.rows_read:,} rows rejected ({in_percent})"


def _summary(request: Request, status: Status, at_us: int, retention_days: int) -> Iterator[str]:
    yield from _outcome(request, status)
    until_us = request.accepted_at + retention_days * DAY_US  # of the first that are deleted
    if status is not Status.HELD and _has_counts(request, status) and request.rows_rejected and until_us > at_us:
        yield f"The rejected rows can be downloaded until {minute(until_us)}."


def _outcome(request: Request, status: Status) -> Iterator[str]:
    match status:
        case Status.SCHEDULED:
            yield "The file was accepted and waits to be processed."
        case Status.IN_PROGRESS:
            yield "The file is being processed."
        case Status.HELD:
            yield f"{why_held(request)} None of the rows are used yet: a person has to decide."
            if request.hold is not None and request.hold.until_us is not None:
                yield f"Decide by {minute(request.hold.until_us)}; without a decision, the upload is cancelled then."
        case Status.COMPLETED:
            yield from _completed(request)
        case Status.FAILED:
            yield "None of this file's rows are used."
            yield from _problem(request)
        case Status.CANCELLED:
            yield "None of this file's rows are used."
            yield from _problem(request)
        case Status.REVERTED:
            yield "The rows of this file are no longer used."


def _completed(request: Request) -> Iterator[str]:
    if not request.rows_rejected:
        yield f"All {request.rows_read:,} rows were ingested."
        return
    yield (
        f"{request.rows_accepted:,} of {request.rows_read:,} rows were ingested; "
        f"{request.rows_rejected:,} were rejected ({share(request.rows_rejected, request.rows_read)})."
    )


def _problem(request: Request) -> Iterator[str]:
    if request.error is None:
        return
    yield f"{request.error.title}."
    for fault in request.error.faults[:MAX_FAULTS]:
        place = f"{fault.column or f'position {fault.position}'}: " if fault.column or fault.position else ""
        yield f"{place}{_sentence(fault.message)} {fault.hint}"
    if len(request.error.faults) > MAX_FAULTS:
        yield f"There are {len(request.error.faults) - MAX_FAULTS:,} more faults."


def _sentence(message: str) -> str:
    return message[:1].upper() + message[1:] + ("" if message.endswith((".", "!", "?")) else ".")


def _facts(request: Request, status: Status, at_us: int) -> Iterator[tuple[str, str]]:
    yield "File", request.file_name
    yield "Data source", request.data_source
    yield "Uploaded by", request.uploaded_by
    yield "Mode", _MODES[request.mode]
    if request.segment is not None:
        yield "Segment", request.segment
    yield "Accepted", minute(request.accepted_at)
    if not status.processing:
        yield "Took" if status is not Status.REVERTED else "Undone after", duration(at_us - request.accepted_at)
    if _has_counts(request, status):
        yield "Rows read", f"{request.rows_read:,}"
        yield "Rows ingested", f"{request.rows_accepted if status is Status.COMPLETED else 0:,}"
        yield "Rows rejected", f"{request.rows_rejected:,}"
        if cells := sum(sum(reasons.values()) for reasons in request.dropped_cells.values()):
            yield "Cells dropped", f"{cells:,}"
    if request.parent_id is not None:
        yield "Corrects", request.parent_id
    yield "Request", request.request_id


def _reasons(reasons: Mapping[str, int]) -> list[Reason]:
    """The most frequent reasons first; the rest as one."""
    found = sorted(reasons.items(), key=lambda each: (-each[1], each[0]))
    listed = [Reason(rows, *(printable_text(words) for words in _words(code))) for code, rows in found[:MAX_REASONS]]
    rest = sum(rows for _, rows in found[MAX_REASONS:])
    return listed + ([Reason(rest, "Other reasons.", "The reject file names each.")] if rest else [])


def _words(code: str) -> tuple[str, str]:
    reason = reason_of(code)
    return reason.message, reason.hint


def _steps(request: Request, status: Status) -> Iterator[Step]:
    """The next steps, in the order in which a person would take them."""
    request_id = request.request_id
    file = reject_file_name(request.file_name, request_id)
    if status.processing:
        yield Step("Follow it", f"penstock watch {request_id}")
    if _has_counts(request, status) and request.rows_rejected:
        yield Step("Get the rejected rows, to correct them", f"penstock rejects {request_id} -o {file}")
        if status is Status.COMPLETED or request.parent_id is not None:
            yield Step("Send the corrected rows", f"penstock resubmit {request_id} {file}")
    if status is Status.COMPLETED and SET_ASIDE in request.reject_reasons:
        yield Step("Run the rows again that could not be processed", f"penstock resubmit {request_id}")
    if status is Status.HELD:
        yield Step(f"Ingest the other {request.rows_accepted:,} rows", f"penstock approve {request_id}")
        yield Step("Cancel the upload", f"penstock cancel {request_id}")
    if _has_counts(request, status) and request.dropped_cells:
        dropped = dropped_file_name(request.file_name, request_id)
        yield Step("Get the rows with dropped cells", f"penstock rejects {request_id} --dropped -o {dropped}")
    if status is Status.COMPLETED:
        yield Step("Undo the upload", f"penstock undo {request_id}")


def _has_counts(request: Request, status: Status) -> bool:
    """Whether all rows were read, so that the counts do not change any more. A file may be refused in its middle."""
    if status is Status.FAILED:
        return request.error is not None and request.error.code == NO_ROWS_INGESTED
    return status in (Status.HELD, Status.COMPLETED)


def minute(at_us: int) -> str:
    return (_EPOCH + timedelta(microseconds=at_us)).strftime("%Y-%m-%d %H:%M UTC")


def duration(microseconds: int) -> str:
    """A duration for people, in whole seconds from ten seconds on."""
    seconds = max(0, microseconds) / 1e6
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    units = [(days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")]
    parts = [f"{number} {unit}" for number, unit in units if number]
    return " ".join(parts[:2])
