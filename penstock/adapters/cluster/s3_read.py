"""Reads from S3 that are pinned to one version: exactly the requested bytes, or an error."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from penstock.adapters.cluster.aws import code_of
from penstock.adapters.cluster.s3_client import S3, s3_errors
from penstock.domain.errors import Corrupt, Unavailable

ATTEMPTS = 3  # for a response whose body breaks off, which botocore does not retry
NO_VERSION = "null"  # S3's version id of an object written without versioning; it can be overwritten
_NOT_THIS_VERSION = {"NoSuchVersion", "InvalidArgument", "MethodNotAllowed", "400", "405"}


class Source(NamedTuple):
    """One version of an object, `size` bytes long. `what` names it in errors."""

    client: Any
    bucket: str
    name: str
    version: str
    size: int
    what: str


def version_of(answer: Mapping[str, Any]) -> str:
    """The version in a response or an entry of a listing: the version id, otherwise the entity tag."""
    version = answer.get("VersionId", NO_VERSION)
    return str(answer["ETag"] if version == NO_VERSION else version)


def read_range(source: Source, start: int, length: int) -> bytes:
    """`length` bytes from `start`. Raises `NotFound`, `Corrupt` (another version or size), `Unavailable`."""
    if start < 0 or length < 0:
        raise ValueError("a range starts at 0 or later and ends where it starts or later")
    if start + length > source.size:
        raise Corrupt(f"{source.what} ends before the requested range")
    if not length:  # HTTP has no empty range
        head = _request(source, "head_object")
        _check(source, head)
        if head["ContentLength"] != source.size:
            raise _replaced(source)
        return b""
    for _ in range(ATTEMPTS):
        body = _body(source, start, length)
        if len(body) == length:
            return body
    raise Unavailable(f"{source.what}: S3's response broke off {ATTEMPTS} times", dependency=S3)


def _body(source: Source, start: int, length: int) -> bytes:
    """The bytes; too few when the response breaks off."""
    last = start + length - 1
    answer = _request(source, "get_object", Range=f"bytes={start}-{last}")
    _check(source, answer)
    if answer.get("ContentRange") != f"bytes {start}-{last}/{source.size}":  # RFC 9110 §14.4
        raise Corrupt(f"{source.what}: S3 returned another range than requested")
    with closing(answer["Body"]) as body:  # its own `with` returns urllib3's stream, which does not detect a short body
        try:
            content: bytes = body.read()
        except BotoCoreError:
            return b""
    return content


def _request(source: Source, operation: str, **arguments: str) -> dict[str, Any]:
    pin = {"IfMatch" if _is_tag(source.version) else "VersionId": source.version}
    address = {"Bucket": source.bucket, "Key": source.name}
    with s3_errors(source.what):
        try:
            answer: dict[str, Any] = getattr(source.client, operation)(**address, **pin, **arguments)
            return answer
        except ClientError as error:
            if code_of(error) not in _NOT_THIS_VERSION:
                raise
        source.client.head_object(**address)  # distinguishes a missing object from a replaced one
    raise _replaced(source)


def _check(source: Source, answer: Mapping[str, Any]) -> None:
    """Check the version, which some services ignore in the request."""
    if answer.get("ETag" if _is_tag(source.version) else "VersionId") != source.version:
        raise _replaced(source)


def _replaced(source: Source) -> Corrupt:
    return Corrupt(f"{source.what} is not the requested version: upload it again")


def _is_tag(version: str) -> bool:
    """An entity tag comes in quotes (RFC 9110 §8.8.3), a version id never does."""
    return version.startswith('"')
