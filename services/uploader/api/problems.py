"""From any exception to the one shape of error that the API answers: `application/problem+json` (RFC 9457).

The table below is the one place where a code gets its HTTP status. What is not listed is a fault of the input (422).
No text of an outage or a bug is shown, since it may name paths or quote what was being handled.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import NamedTuple

import msgspec
import structlog
from fastapi import Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from penstock.documents.faults import FaultView, fault_views
from penstock.domain.days import seconds_left
from penstock.domain.errors import Corrupt, Fault, Fenced, PenstockError, Refused, Unavailable, problem_type
from penstock.domain.mapping.coercion import REASONS, CoercionError
from penstock.error_codes import title_of
from services.uploader.api.call_ids import HEADER as CALL_ID
from services.uploader.api.call_ids import current_call_id
from services.uploader.api.validation import refused

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 5
CHECKSUM_MISMATCH = 460  # of the tus protocol

STATUS = {
    "bad_request": 400,
    "invalid_checksum": 400,
    "invalid_metadata": 400,
    "malformed_json": 400,
    "malformed_multipart": 400,
    "missing_part": 400,
    "repeated_part": 400,
    "unknown_part": 400,
    "incomplete_body": 400,
    "malformed_form": 400,
    "unauthorized": 401,
    "forbidden": 403,
    "cross_site": 403,
    "sign_in_link_ended": 403,
    "not_found": 404,
    "unknown_data_source": 404,
    "unknown_attribute": 404,
    "no_rejects": 404,
    "no_dropped_cells": 404,
    "rejects_expired": 404,
    "method_not_allowed": 405,
    "body_too_slow": 408,
    "conflict": 409,
    "cannot_cancel": 409,
    "cannot_revert": 409,
    "cannot_approve": 409,
    "not_ended": 409,
    "idempotency_key_in_use": 409,
    "nothing_set_aside": 409,
    "cannot_resubmit": 409,
    "too_many_children": 409,
    "attribute_exists": 409,
    "data_source_exists": 409,
    "data_source_archived": 409,
    "data_source_in_use": 409,
    "attribute_in_use": 409,
    "format_in_use": 409,
    "format_breaks_mapping": 409,
    "pii_in_use": 409,
    "catalog_name_taken": 409,
    "ranking_fixed": 409,
    "wrong_offset": 409,
    "file_incomplete": 409,
    "file_in_use": 409,
    "import_begun": 409,
    "header_incomplete": 409,
    "tenant_key_destroyed": 409,
    "last_admin_key": 409,
    "file_expired": 410,
    "precondition_failed": 412,
    "unsupported_version": 412,
    "body_too_large": 413,
    "beyond_length": 413,
    "file_too_large": 413,
    "unsupported_media_type": 415,
    "daily_limit_reached": 429,
    "rate_limited": 429,
    "too_many_calls": 429,
    "too_many_sessions": 429,
    "checksum_mismatch": CHECKSUM_MISMATCH,
    "internal": 500,
    "corrupt": 500,
    "unavailable": 503,
    "fenced": 503,
    "not_ready": 503,
    "too_many_connections": 503,
}
_LATER = {"idempotency_key_in_use"}  # beside those that their status tells to wait
_CODE_OF_HTTP = {404: "not_found", 405: "method_not_allowed"}
_USUAL_HINT = "See /openapi.json for the parameters of this call."
# The hints of errors without faults; a `Refused` has its own.
_HINTS = {
    "not_found": "Check the id, which may be another tenant's, and the path: /openapi.json lists all calls.",
    "method_not_allowed": "Use a method of the header Allow; /openapi.json lists all calls.",
    "conflict": "Read it again, then decide again.",
    "tenant_key_destroyed": "This cannot be fixed: what the tenant's keys sealed stays unreadable.",
    "body_too_large": "Send less, or have the limit raised.",
    "unavailable": "Wait and send the same again.",
    "fenced": "Wait and send the same again.",
    "corrupt": "An operator has to read the log and restore the damaged data.",
    "internal": "Report it, with the X-Request-Id of the answer: the log has it as call_id.",
}

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class ProblemDocument:
    """Every error answer. `type` is the address of a page about the code, `instance` that of this answer: log lines
    about its call have the same `call_id`. `code` is stable; `faults` lists all that is wrong, and how to fix it."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    instance: str
    faults: list[FaultView]


class ErrorAnswer(NamedTuple):
    problem: ProblemDocument
    headers: dict[str, str]


def answer_for(error: Exception, operation: str = "") -> ErrorAnswer:
    """What the answer to `error` says."""
    match error:
        case RequestValidationError():
            return answer_for(refused(error.errors()), operation)
        case Refused():
            return _answer(error.code, detail="; ".join(fault.message for fault in error.faults), faults=error.faults)
        case CoercionError():
            reason = REASONS[error.code]
            fault = Fault(code=error.code, message=reason.message, hint=reason.hint)
            return _answer(error.code, detail=reason.message, faults=[fault])
        case Corrupt() | Fenced() | Unavailable():
            report(error, operation)
            return _answer(error.code)
        case PenstockError():
            return _answer(error.code, detail=str(error))
        case HTTPException() if error.status_code in _CODE_OF_HTTP:
            return _answer(_CODE_OF_HTTP[error.status_code], headers=dict(error.headers or {}))
        case _:
            report(error, operation)
            return _answer("internal")


def problem_response(error: Exception, operation: str = "") -> Response:
    """The one answer to an error; `operation` is "" where none was reached: no such path, another method."""
    problem, headers = answer_for(error, operation)
    return Response(msgspec.json.encode(problem), problem.status, headers, MEDIA_TYPE)


def report(error: Exception, operation: str) -> None:
    """Log what an operator has to know. The text of a bug is left out, for it may quote a value."""
    if isinstance(error, PenstockError):
        log.error("api.failed", operation=operation, error=type(error).__name__, reason=str(error))
    else:
        log.error("api.bug", operation=operation, error=type(error).__name__, at=_place(error))


def phrase_of(status: int) -> str:
    return "Checksum Mismatch" if status == CHECKSUM_MISMATCH else HTTPStatus(status).phrase


def status_of(code: str) -> int:
    return STATUS.get(code, 422)


def _answer(
    code: str, *, detail: str = "", faults: Sequence[Fault] = (), headers: dict[str, str] | None = None
) -> ErrorAnswer:
    status = status_of(code)
    title = title_of(code, phrase_of(status))
    call_id = current_call_id()
    if not faults:
        faults = [Fault(code=code, message=detail or title, hint=_HINTS.get(code, _USUAL_HINT))]
    problem = ProblemDocument(
        type=problem_type(code),
        title=title,
        status=status,
        detail=detail or title,
        code=code,
        instance=f"urn:uuid:{call_id}",
        faults=fault_views(faults),
    )
    return ErrorAnswer(problem, {CALL_ID: call_id, **_usual_headers(code, status), **(headers or {})})


def _usual_headers(code: str, status: int) -> dict[str, str]:
    if code == "daily_limit_reached":
        return {"Retry-After": str(seconds_left(time.time()))}
    if code in _LATER:
        return {"Retry-After": str(RETRY_AFTER_SECONDS)}
    match status:
        case 401:
            return {"WWW-Authenticate": "Bearer"}
        case 429 | 503:
            return {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return {}


def _place(error: Exception) -> str:
    """The file and line in which a bug showed itself."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""
