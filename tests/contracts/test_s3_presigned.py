"""Presigned uploads: what was signed can be put and nothing else, and nothing changes what was accepted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from urllib.parse import urlsplit

import httpx
import pytest
from object_store_contract import SourceError, keys_of

from deploy.stack.addresses import Addresses
from penstock.adapters.cluster.s3_client import S3Settings
from penstock.adapters.cluster.s3_object_store import PresignedPut, S3ObjectStore
from penstock.domain.errors import Corrupt, NotFound
from tests.support.s3_buckets import new_bucket

KEY, SEALED = "landing/a", "files/a"
MIB = 1024 * 1024
CONTENT = bytes(range(256)) * (6 * MIB // 256)  # more than one part
SIZE = len(CONTENT)
OTHER = CONTENT[::-1]


@pytest.fixture(params=[False, True], ids=["without versions", "with versions"])
def bucket(s3_address: Addresses, request: pytest.FixtureRequest) -> S3Settings:
    return new_bucket(s3_address, versioned=request.param)


@pytest.fixture
def store(bucket: S3Settings) -> Iterator[S3ObjectStore]:
    with closing(S3ObjectStore(bucket)) as store:
        yield store


@pytest.fixture
def signed(store: S3ObjectStore) -> PresignedPut:
    return store.presign_put(KEY, SIZE, 600)


def send(url: str, headers: dict[str, str], content: bytes = CONTENT, method: str = "PUT") -> int:
    return httpx.request(method, url, headers=headers, content=content).status_code


def accept(store: S3ObjectStore) -> bytes:
    """As the caller does it: sealed elsewhere, and gone from the landing place."""
    with store.accept_presigned(KEY, SIZE) as parts:
        ref = store.put(SEALED, parts)
    return store.read(ref)


def test_a_signed_object_can_be_put_and_accepted(store: S3ObjectStore, signed: PresignedPut) -> None:
    assert send(*signed) == 200
    assert accept(store) == CONTENT
    assert keys_of(store, "") == [SEALED]


def test_signing_makes_no_promise_that_something_is_there(store: S3ObjectStore, signed: PresignedPut) -> None:
    with pytest.raises(NotFound):
        accept(store)
    assert keys_of(store, "") == []


def test_another_key_is_refused(store: S3ObjectStore, signed: PresignedPut) -> None:
    for other in ("landing/b", "files/a", "landing/../files/a", "landing%2F..%2Ffiles/a"):
        assert other not in signed.url
        assert send(signed.url.replace(KEY, other), signed.headers) >= 400
    assert keys_of(store, "") == []


def test_another_bucket_is_refused(store: S3ObjectStore, signed: PresignedPut, s3_address: Addresses) -> None:
    other = new_bucket(s3_address)
    assert send(signed.url.replace(urlsplit(signed.url).path.split("/")[1], other.bucket), signed.headers) >= 400
    with closing(S3ObjectStore(other)) as elsewhere:
        assert keys_of(elsewhere, "") == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "POST"])
def test_another_method_is_refused(store: S3ObjectStore, signed: PresignedPut, method: str) -> None:
    assert send(*signed) == 200
    body = CONTENT if method == "POST" else b""
    headers = {"Content-Type": signed.headers["Content-Type"]} if not body else signed.headers
    assert send(signed.url, headers, body, method) >= 400
    assert accept(store) == CONTENT


@pytest.mark.parametrize("content", [b"", CONTENT[:-1], CONTENT + b"x"], ids=["empty", "shorter", "longer"])
def test_another_size_is_refused(store: S3ObjectStore, signed: PresignedPut, content: bytes) -> None:
    assert send(signed.url, {**signed.headers, "Content-Length": str(len(content))}, content) >= 400
    with pytest.raises(NotFound):
        accept(store)


@pytest.mark.parametrize(
    "change",
    [{"Content-Type": "text/html"}, {"x-amz-acl": "public-read"}, {"x-amz-copy-source": "/other/file"}],
    ids=lambda change: next(iter(change)),
)
def test_headers_that_were_not_signed_are_refused(
    store: S3ObjectStore, signed: PresignedPut, change: dict[str, str]
) -> None:
    send(signed.url, {**signed.headers, **change})
    with pytest.raises(NotFound):
        accept(store)


def test_a_signature_ends(store: S3ObjectStore) -> None:
    signed = store.presign_put(KEY, SIZE, 1)
    while send(*signed) == 200:
        store.delete(KEY)
    with pytest.raises(NotFound):
        accept(store)


def test_a_second_put_does_not_change_the_accepted_object(store: S3ObjectStore, signed: PresignedPut) -> None:
    assert send(*signed) == 200
    assert accept(store) == CONTENT
    accepted = store.stat(SEALED)
    assert send(*signed, content=OTHER) == 200  # the signature is still good, but leads nowhere that counts
    assert store.stat(SEALED) == accepted
    assert store.read(accepted) == CONTENT


def test_a_second_put_while_it_is_accepted_is_not_mixed_in(store: S3ObjectStore, signed: PresignedPut) -> None:
    assert send(*signed) == 200
    taken = b""
    with suppress(Corrupt), store.accept_presigned(KEY, SIZE) as parts:
        for part in parts:
            taken += part
            assert send(*signed, content=OTHER) == 200
    assert taken
    assert CONTENT.startswith(taken)


def test_an_error_leaves_the_landing_copy_for_another_try(store: S3ObjectStore, signed: PresignedPut) -> None:
    assert send(*signed) == 200
    with pytest.raises(SourceError), store.accept_presigned(KEY, SIZE):
        raise SourceError
    assert accept(store) == CONTENT


def test_a_copy_of_another_size_is_not_accepted(store: S3ObjectStore) -> None:
    store.put(KEY, [CONTENT[:-1]])
    with pytest.raises(Corrupt, match=f"{SIZE - 1} bytes in place of {SIZE}"):
        accept(store)
    assert keys_of(store, "") == [KEY]
