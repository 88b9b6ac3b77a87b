"""Objects in other services' buckets, on the real S3 server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from msgspec.structs import replace

from deploy.stack.addresses import Addresses
from penstock.adapters.cluster.s3_client import S3Settings
from penstock.adapters.cluster.s3_external_objects import PIECE_BYTES, S3ExternalObjects
from penstock.domain.access.publishing import (
    ObjectUri,
    ObjectVersion,
    VersionKind,
    parse_object_uri,
    parse_object_version,
)
from penstock.domain.errors import Corrupt, NotFound, PenstockError, Unavailable
from penstock.ports.external_objects import NotAllowed
from tests.support.s3_buckets import client_of, new_bucket
from tests.support.spoiling_proxy import Answer, SpoilingProxy

BODY = bytes(range(256)) * 256


class Landing(NamedTuple):
    """Another service's bucket, and Penstock's way to read from it."""

    client: Any
    settings: S3Settings
    external: S3ExternalObjects

    def put(self, body: bytes, key: str = "shop/people.tsv") -> tuple[ObjectUri, ObjectVersion]:
        """What an offer of the object would say, read as an offer is."""
        answer = self.client.put_object(Bucket=self.settings.bucket, Key=key, Body=body)
        tag = answer["ETag"].strip('"')
        version = f"version-id:{answer['VersionId']}" if "VersionId" in answer else f"etag:{tag}"
        return parse_object_uri(f"s3://{self.settings.bucket}/{key}"), parse_object_version(version)


@pytest.fixture(params=[False, True], ids=["unversioned", "versioned"])
def landing(request: pytest.FixtureRequest, s3_address: Addresses) -> Landing:
    settings = new_bucket(s3_address, versioned=request.param)
    return Landing(client_of(s3_address), settings, S3ExternalObjects(settings))


@pytest.mark.parametrize("body", [b"", b"x", BODY * 40], ids=["empty", "one byte", "several pieces"])
def test_an_object_is_read_whole_in_pieces(landing: Landing, body: bytes) -> None:
    pieces = list(landing.external.open(*landing.put(body)))
    assert b"".join(pieces) == body
    assert max(map(len, pieces), default=0) <= PIECE_BYTES


@pytest.mark.parametrize("key", ["a", "dt=2026-11-25/part(1)!.tsv", "x/" * 100 + "y", "it's~+,@:*.tsv"])
def test_every_key_that_is_allowed_can_be_read(landing: Landing, key: str) -> None:
    assert b"".join(landing.external.open(*landing.put(BODY, key))) == BODY


def test_a_version_names_its_bytes_for_ever_or_is_refused(landing: Landing) -> None:
    uri, version = landing.put(BODY)
    landing.put(b"other")
    if version.kind is VersionKind.VERSION_ID:
        assert b"".join(landing.external.open(uri, version)) == BODY
    else:
        with pytest.raises(Corrupt):
            list(landing.external.open(uri, version))


def test_a_missing_object_is_not_found(landing: Landing) -> None:
    uri, version = landing.put(BODY)
    for elsewhere in (uri._replace(key="shop/other.tsv"), uri._replace(bucket=f"{uri.bucket}x")):
        with pytest.raises(NotFound):
            list(landing.external.open(elsewhere, version))


def test_an_invalid_version_id_blocks_no_other_offer(landing: Landing) -> None:
    uri, _ = landing.put(BODY)
    with pytest.raises((NotFound, Corrupt)):
        list(landing.external.open(uri, ObjectVersion(VersionKind.VERSION_ID, "never-given-out")))


def test_reading_may_stop_half_way(landing: Landing) -> None:
    uri, version = landing.put(BODY * 40)
    for _ in range(50):  # more often than there are connections
        pieces = landing.external.open(uri, version)
        assert next(pieces) == (BODY * 40)[:PIECE_BYTES]
        del pieces


@pytest.mark.parametrize(
    "changes",
    [{"endpoint_url": "http://127.0.0.1:1", "attempts": 1}, {"secret_key": "wrong"}],
    ids=["away", "own credentials"],
)
def test_a_fault_of_the_operator_is_unavailable(landing: Landing, changes: dict[str, Any]) -> None:
    uri, version = landing.put(BODY)
    with pytest.raises(Unavailable):
        list(S3ExternalObjects(replace(landing.settings, **changes)).open(uri, version))


def refusing(status: int, code: str) -> Callable[[Answer], Answer]:
    body = f"<Error><Code>{code}</Code></Error>".encode()
    return lambda _: Answer(status, {"Content-Length": str(len(body)), "Content-Type": "application/xml"}, body)


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda answer: answer._replace(sent=1_000), Unavailable),
        (lambda answer: answer._replace(status=0), Unavailable),
        (lambda answer: answer._replace(headers={**answer.headers, "Etag": '"x"', "x-amz-version-id": "x"}), Corrupt),
        (refusing(403, "AccessDenied"), NotAllowed),
        (refusing(403, "InvalidObjectState"), NotAllowed),
        (refusing(400, "ExpiredToken"), Unavailable),
        (refusing(500, "InternalError"), Unavailable),
        (refusing(503, "SlowDown"), Unavailable),
    ],
    ids=["cut", "no answer", "another version", "denied", "archived", "expired", "500", "503"],
)
def test_an_error_of_the_store_means_no_file_or_a_retry(
    landing: Landing, spoil: Callable[[Answer], Answer], error: type[PenstockError]
) -> None:
    uri, version = landing.put(BODY)
    with SpoilingProxy(landing.settings.endpoint_url) as proxy:
        proxy.spoil = lambda _, answer: spoil(answer)
        external = S3ExternalObjects(replace(landing.settings, endpoint_url=proxy.url, attempts=1))
        with pytest.raises(error):
            list(external.open(uri, version))
