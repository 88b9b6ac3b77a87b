"""A server's answer, read up to a limit and validated: the server may be broken, or not Penstock at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, TypeVar, cast

import msgspec
import urllib3

from penstock.documents.requests import RequestView
from penstock.domain.errors import Unavailable

MAX_DOCUMENT_BYTES = 64 * 1024 * 1024
MAX_PROBLEM_BYTES = 1024 * 1024
MAX_LINE_BYTES = 16 * 1024 * 1024
MAX_LISTED = 10_000  # entries: above the limits of every list of a tenant
PIECE_BYTES = 64 * 1024

Response = urllib3.BaseHTTPResponse
T = TypeVar("T")


class _ComputedFields(msgspec.Struct):
    """The fields that views compute with, more strictly typed than in the API's documents."""

    accepted_at: Annotated[datetime, msgspec.Meta(tz=True)]
    finished_at: Annotated[datetime, msgspec.Meta(tz=True)] | None
    rows_read: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


def read_body(url: str, response: Response, max_bytes: int) -> bytes:
    """The whole body. Raises `Unavailable` when it has more than `max_bytes` bytes."""
    body = bytearray()
    for piece in response.stream(PIECE_BYTES):
        body += piece
        if len(body) > max_bytes:
            response.close()
            raise unexpected_answer(url, f"it is longer than {max_bytes:,} bytes")
    return bytes(body)


def read_lines(url: str, response: Response) -> Iterator[bytes]:
    """The body line by line, with the newlines, which alone end a line. Raises `Unavailable` for an endless line."""
    rest = bytearray()
    for piece in response.stream(PIECE_BYTES):
        rest += piece
        if b"\n" in piece:
            *lines, rest = rest.split(b"\n")
            yield from (bytes(line) + b"\n" for line in lines)
        if len(rest) > MAX_LINE_BYTES:
            response.close()
            raise unexpected_answer(url, f"a line is longer than {MAX_LINE_BYTES:,} bytes")
    if rest:
        yield bytes(rest)


def parse_object(body: bytes) -> dict[str, Any] | None:
    """The JSON object in a body; None if it is not one."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def check_shape(url: str, document: dict[str, Any], shape: type[T]) -> T:
    """The document. Raises `Unavailable` when it does not match the API's schema; a later server may add fields."""
    try:
        msgspec.convert(document, shape)
        for request in _requests_in(document, shape):
            msgspec.convert(request, _ComputedFields)
    except msgspec.ValidationError as error:
        raise unexpected_answer(url, str(error)) from None
    return cast(T, document)


def unexpected_answer(url: str, why: str) -> Unavailable:
    return Unavailable(f"the answer of {url} does not look like Penstock's: {why}")


def _requests_in(document: dict[str, Any], shape: Any) -> list[dict[str, Any]]:
    if shape is RequestView:
        return [document]
    found: list[dict[str, Any]] = document.get("requests", [])
    return found
