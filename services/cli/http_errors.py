"""What goes wrong between this machine and a Penstock elsewhere, as Penstock's own errors."""

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

_WAIT = {HTTPStatus.TOO_MANY_REQUESTS}  # besides those from 500 on: the same call may succeed later
_LATER = "; try again later"
_WRONG_ADDRESS = "Check --url or PENSTOCK_URL: the address that `penstock up` or `penstock uploader` prints."
_MEND = {
    "unauthorized": "Check --key or PENSTOCK_API_KEY; a key is made where the data are: penstock key create --data DIR"
}
_UNAVAILABLE: tuple[tuple[type[Exception], str], ...] = (
    (exceptions.NameResolutionError, "no such host is known: {url}; check --url or PENSTOCK_URL"),
    (exceptions.NewConnectionError, "no connection to {url}; is it running, is the address right?"),
    (exceptions.ConnectTimeoutError, "no connection to {url} in time; is it running, is the address right?"),
    (exceptions.SSLError, "no trusted connection to {url}: its certificate or its TLS is not accepted"),
    (exceptions.ReadTimeoutError, "{url} does not answer within the time limit; try again later"),
    (Exception, "the connection to {url} broke off; try again later"),
)


@contextmanager
def driver_errors(url: str) -> Iterator[None]:
    """The errors of the HTTP driver as Penstock's own. Raises `Unavailable`, `BadUsage` for an address that is none."""
    try:
        yield
    except exceptions.LocationValueError:
        raise _wrong_address(f"{url!r} is no web address") from None
    except (exceptions.HTTPError, OSError) as error:
        raise Unavailable(_told(error).format(url=url)) from None


def check_answer(url: str, response: urllib3.BaseHTTPResponse, kind: str) -> None:
    """Raises what an answer that is no success stands for; the API says it as a problem (RFC 9457). A success is of the
    media type `kind`, where that is given."""
    if response.status < HTTPStatus.MULTIPLE_CHOICES:
        if not response.headers.get("Content-Type", "").startswith(kind):
            raise _external(url, response)
        return
    try:
        problem = msgspec.json.decode(read_body(url, response, MAX_PROBLEM_BYTES), type=Problem)
    except msgspec.DecodeError:
        raise _external(url, response) from None
    raise _of(problem, response.status)


def read_json(url: str, body: bytes, shape: Any) -> Document:
    """The document in an answer. Raises `Unavailable` when it has not the `shape`, `BadUsage` for anything else."""
    document = parse_object(body)
    if document is None:
        raise _wrong_address(f"{url} answers something that is not Penstock's API")
    check_shape(url, document, shape)
    return document


def _told(error: Exception) -> str:
    return next(text for kind, text in _UNAVAILABLE if isinstance(error, kind))


def _of(problem: Problem, status: int) -> PenstockError:
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _WAIT:
        return Unavailable(f"the server answers: {problem.detail.removesuffix(_LATER)}{_LATER}")
    if problem.code == NotFound.code and len(problem.faults) <= 1:
        return NotFound(problem.detail)
    faults = problem.faults or [Fault(code=problem.code, message=problem.detail, hint="")]
    faults = [msgspec.structs.replace(each, hint=_MEND.get(each.code, each.hint)) for each in faults]
    return Refused(faults, code=problem.code)


def _external(url: str, response: urllib3.BaseHTTPResponse) -> PenstockError:
    """An answer that is not Penstock's: another server's, or a proxy's in front of it."""
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip() or "an unnamed type"
    answer = f"{url} answers {response.status} with {kind[:64]}, which is not Penstock's API"
    if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Unavailable(f"{answer}: a proxy may stand before it; try again later")
    to = response.headers.get("Location", "")
    return _wrong_address(f"{answer}{f', and leads to {to[:200]!r}' if to else ''}")


def _wrong_address(message: str) -> BadUsage:
    return BadUsage(refusal("invalid_url", message, _WRONG_ADDRESS).faults)
