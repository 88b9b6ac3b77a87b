"""Errors between this machine and a remote Penstock, as Penstock's own errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import msgspec
import urllib3
from urllib3 import exceptions

from penstock.domain.errors import Fault, NotFound, PenstockError, Problem, Refused, Unavailable, refusal
from services.cli.answers import MAX_PROBLEM_BYTES, check_shape, parse_object, read_body
from services.cli.failures import BadUsage
from services.cli.output import Document

_WAIT = {HTTPStatus.TOO_MANY_REQUESTS}  # like those from 500 on, the same call may succeed later
_LATER = "; try again later"
_WRONG_ADDRESS = "Set --url or PENSTOCK_URL to the address that `penstock up` or `penstock uploader` prints."
_HINTS = {
    "unauthorized": "Check PENSTOCK_API_KEY or --key. To create a key on the system's machine: "
    "penstock key create --data DIR"
}
_UNAVAILABLE: tuple[tuple[type[Exception], str], ...] = (
    (exceptions.NameResolutionError, "unknown host: {url}; check --url or PENSTOCK_URL"),
    (exceptions.NewConnectionError, "cannot connect to {url}; is the system running, and is the address right?"),
    (exceptions.ConnectTimeoutError, "connecting to {url} timed out; is the system running, and is the address right?"),
    (exceptions.SSLError, "cannot connect to {url} securely: its certificate or its TLS version is not accepted"),
    (exceptions.ReadTimeoutError, "{url} did not answer in time; try again later"),
    (Exception, "the connection to {url} was lost; try again later"),
)


@contextmanager
def driver_errors(url: str) -> Iterator[None]:
    """Map the errors of the HTTP driver. Raises `Unavailable`, and `BadUsage` for an invalid address."""
    try:
        yield
    except exceptions.LocationValueError:
        raise _wrong_address(f"{url!r} is not a web address") from None
    except (exceptions.HTTPError, OSError) as error:
        raise Unavailable(_message(error).format(url=url)) from None


def check_answer(url: str, response: urllib3.BaseHTTPResponse, kind: str | tuple[str, ...]) -> None:
    """Raises the error of an unsuccessful answer, which the API sends as a problem (RFC 9457). A successful answer must
    have the media type `kind`, or one of them, if any is given."""
    if response.status < HTTPStatus.MULTIPLE_CHOICES:
        if not response.headers.get("Content-Type", "").startswith(kind):
            raise _not_penstock(url, response)
        return
    try:
        problem = msgspec.json.decode(read_body(url, response, MAX_PROBLEM_BYTES), type=Problem)
    except msgspec.DecodeError:
        raise _not_penstock(url, response) from None
    raise _error_of(problem, response.status)


def read_json(url: str, body: bytes, shape: Any) -> Document:
    """The document in an answer. Raises `Unavailable` if it does not match `shape`, `BadUsage` if it is not JSON."""
    document = parse_object(body)
    if document is None:
        raise _wrong_address(f"the answer of {url} is not from Penstock's API")
    check_shape(url, document, shape)
    return document


def _message(error: Exception) -> str:
    return next(text for kind, text in _UNAVAILABLE if isinstance(error, kind))


def _error_of(problem: Problem, status: int) -> PenstockError:
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _WAIT:
        return Unavailable(f"the server answered: {problem.detail.removesuffix(_LATER)}{_LATER}")
    if problem.code == NotFound.code and len(problem.faults) <= 1:
        return NotFound(problem.detail)
    faults = problem.faults or [Fault(code=problem.code, message=problem.detail, hint="")]
    faults = [msgspec.structs.replace(each, hint=_HINTS.get(each.code, each.hint)) for each in faults]
    return Refused(faults, code=problem.code)


def _not_penstock(url: str, response: urllib3.BaseHTTPResponse) -> PenstockError:
    """The error for an answer that is not from Penstock, but from another server or a proxy."""
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip() or "no media type"
    answer = f"{url} answered {response.status} with {kind[:64]}, which is not from Penstock's API"
    if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Unavailable(f"{answer}: it may come from a proxy; try again later")
    to = response.headers.get("Location", "")
    return _wrong_address(f"{answer}{f', and redirects to {to[:200]!r}' if to else ''}")


def _wrong_address(message: str) -> BadUsage:
    return BadUsage(refusal("invalid_url", message, _WRONG_ADDRESS).faults)
