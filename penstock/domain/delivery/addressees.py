"""Selects the recipients of a request who get the e-mail about a status.

Uses only facts that never change once the request has reached the status, so that every redelivery selects the same.
"""

from __future__ import annotations

from penstock.domain.requests.recipients import MailLevel, Recipient
from penstock.domain.requests.request import Request, Status
from penstock.domain.requests.status import history


def addressees(request: Request, status: Status) -> tuple[str, ...]:
    """The addresses that get an e-mail when `request` reaches `status`."""
    return tuple(each.address for each in request.notify if gets(each, request, status))


def gets(recipient: Recipient, request: Request, status: Status) -> bool:
    match recipient.level:
        case MailLevel.ALL:
            return True
        case MailLevel.END:
            return not status.processing
        case MailLevel.PROBLEMS:
            return _is_problem(request, status)


def first_status(request: Request, address: str) -> Status | None:
    """The status about which `address` gets its first e-mail, if the request has reached it."""
    reached = (status for status, _ in history(request) if address in addressees(request, status))
    return next(reached, None)


def _is_problem(request: Request, status: Status) -> bool:
    """Whether a person has to act, or has acted."""
    if status in (Status.COMPLETED, Status.CANCELLED) and request.hold is not None:
        return True
    if status is Status.COMPLETED:
        return request.rows_rejected > 0
    return status in (Status.HELD, Status.FAILED)
