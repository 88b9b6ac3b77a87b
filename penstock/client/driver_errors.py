"""Maps errors of the HTTP driver to those of the client."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import TypeVar

import msgspec
import urllib3
from urllib3 import exceptions

from penstock.client.answers import MAX_PROBLEM_BYTES, check_shape, parse_object, read_body
from penstock.client.errors import Misconfigured, Repeat, ServerUnavailable
from penstock.domain.errors import Fault, NotFound, PenstockError, Problem, Refused, refusal

_REPEAT: dict[int, Repeat] = {  # of the others from 500 on, none
    HTTPStatus.TOO_MANY_REQUESTS: Repeat.ALWAYS,
    HTTPStatus.BAD_GATEWAY: Repeat.IF_REPEATABLE,
    HTTPStatus.SERVICE_UNAVAILABLE: Repeat.IF_REPEATABLE,
    HTTPStatus.GATEWAY_TIMEOUT: Repeat.IF_REPEATABLE,
}
_REPEAT_CODES = {"idempotency_key_in_use": Repeat.IF_REPEATABLE}  # the server has not noticed that the call broke off
_LATER = "; try again later"
_WRONG_ADDRESS = (
    "Set --url or PENSTOCK_URL, or the client's url, to the address that `penstock up` or `penstock uploader` prints."
)
_HINTS = {
    "unauthorized": "Check PENSTOCK_API_KEY or --key. To create a key on the system's machine: "
    "penstock key create --data DIR"
}
_UNAVAILABLE: tuple[tuple[type[Exception], str, Repeat], ...] = (
    (exceptions.NameResolutionError, "unknown host: {url}; check --url or PENSTOCK_URL", Repeat.NEVER),
    (
        exceptions.NewConnectionError,
        "cannot connect to {url}; is the system running, and is the address right?",
        Repeat.ALWAYS,
    ),
    (
        exceptions.ConnectTimeoutError,
        "connecting to {url} timed out; is the system running, and is the address right?",
        Repeat.NEVER,
    ),
    (
        exceptions.SSLError,
        "cannot connect to {url} securely: its certificate or its TLS version is not accepted",
        Repeat.NEVER,
    ),
    (exceptions.ReadTimeoutError, "{url} did not answer in time; try again later", Repeat.NEVER),
    (Exception, "the connection to {url} was lost; try again later", Repeat.IF_REPEATABLE),
)

T = TypeVar("T")


@contextmanager
def driver_errors(url: str) -> Iterator[None]:
    """Map the errors of the HTTP driver. Raises `ServerUnavailable`, and `Misconfigured` for an invalid address."""
    try:
        yield
    except exceptions.LocationValueError:
        raise _wrong_address(f"{url!r} is not a web address") from None
    except (exceptions.HTTPError, OSError) as error:
        message, repeat = next((text, repeat) for kind, text, repeat in _UNAVAILABLE if isinstance(error, kind))
        raise ServerUnavailable(message.format(url=url), repeat) from None


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
    raise _error_of(problem, response)


def read_json(url: str, body: bytes, shape: type[T]) -> T:
    """The document in an answer. Raises `Unavailable` if it does not match `shape`, `Misconfigured` if it is not
    JSON."""
    document = parse_object(body)
    if document is None:
        raise _wrong_address(f"the answer of {url} is not from Penstock's API")
    return check_shape(url, document, shape)


def _error_of(problem: Problem, response: urllib3.BaseHTTPResponse) -> PenstockError:
    faults = problem.faults or [Fault(code=problem.code, message=problem.detail, hint="")]
    faults = [msgspec.structs.replace(each, hint=_HINTS.get(each.code, each.hint)) for each in faults]
    later = response.status >= HTTPStatus.INTERNAL_SERVER_ERROR or response.status in _REPEAT
    if later or problem.code in _REPEAT_CODES:
        return ServerUnavailable(
            f"the server answered: {problem.detail.removesuffix(_LATER)}{_LATER}",
            _REPEAT_CODES.get(problem.code) or _repeat(response),
            code=problem.code,
            faults=faults,
            retry_after=_retry_after(response),
        )
    if problem.code == NotFound.code and len(problem.faults) <= 1:
        return NotFound(problem.detail)
    return Refused(faults, code=problem.code)


def _not_penstock(url: str, response: urllib3.BaseHTTPResponse) -> PenstockError:
    """The error for an answer that is not from Penstock, but from another server or a proxy."""
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip() or "no media type"
    answer = f"{url} answered {response.status} with {kind[:64]}, which is not from Penstock's API"
    if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        message = f"{answer}: it may come from a proxy; try again later"
        return ServerUnavailable(message, _repeat(response), retry_after=_retry_after(response))
    to = response.headers.get("Location", "")
    return _wrong_address(f"{answer}{f', and redirects to {to[:200]!r}' if to else ''}")


def _repeat(response: urllib3.BaseHTTPResponse) -> Repeat:
    return _REPEAT.get(response.status, Repeat.NEVER)


def _retry_after(response: urllib3.BaseHTTPResponse) -> float | None:
    """The seconds of a Retry-After header (RFC 9110, 10.2.3), which may also be a date."""
    text = response.headers.get("Retry-After", "")
    try:
        return urllib3.Retry(0).parse_retry_after(text) if text else None
    except exceptions.InvalidHeader:
        return None


def _wrong_address(message: str) -> Misconfigured:
    return Misconfigured(refusal("invalid_url", message, _WRONG_ADDRESS).faults)
