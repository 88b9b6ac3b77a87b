"""S3 that is slow, busy, away or wrong: what passes is tried again, and bytes are never short, shifted or others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from urllib.parse import urlsplit

import msgspec
import pytest
from object_store_contract import keys_of

from deploy.stack.addresses import Addresses
from penstock.adapters.cluster import s3_read
from penstock.adapters.cluster.s3_client import S3Settings
from penstock.adapters.cluster.s3_object_store import S3ObjectStore
from penstock.domain.errors import Corrupt, Unavailable
from tests.support.s3_buckets import client_of, new_bucket
from tests.support.servers import Servers
from tests.support.spoiling_proxy import Answer, Asked, SpoilingProxy
from tests.support.toxics import SpoiltConnection, spoilt_connection

Spoil = Callable[[Asked, Answer], Answer]

MIB = 1024 * 1024
CONTENT = bytes(range(256)) * (2 * MIB // 256)


@pytest.fixture
def bucket(s3_address: Addresses) -> S3Settings:
    return new_bucket(s3_address)


@pytest.fixture
def proxy(bucket: S3Settings) -> Iterator[SpoilingProxy]:
    with SpoilingProxy(bucket.endpoint_url) as proxy:
        yield proxy


@pytest.fixture
def store(bucket: S3Settings, proxy: SpoilingProxy) -> Iterator[S3ObjectStore]:
    with closing(S3ObjectStore(msgspec.structs.replace(bucket, endpoint_url=proxy.url))) as store:
        yield store


def error(status: int, code: str) -> Answer:
    body = f"<Error><Code>{code}</Code><Message>marked-text</Message></Error>".encode()
    return Answer(status, {"Content-Length": str(len(body)), "Content-Type": "application/xml"}, body)


def busy(asked: Asked, answer: Answer) -> Answer:
    return error(503, "SlowDown")


def broken_off(asked: Asked, answer: Answer) -> Answer:
    return answer._replace(sent=len(answer.body) // 2)


def hung_up(asked: Asked, answer: Answer) -> Answer:
    return Answer(answer.status, {**answer.headers, "Content-Length": "1000000"}, b"", sent=0)


def unanswered(asked: Asked, answer: Answer) -> Answer:
    return Answer(0, {}, b"")


def short(asked: Asked, answer: Answer) -> Answer:
    """Fewer bytes than asked for, and a length that agrees with them."""
    return answer._replace(headers={**answer.headers, "Content-Length": "10"}, body=answer.body[:10])


def once(spoil: Spoil) -> Spoil:
    waiting = [spoil]
    return lambda asked, answer: waiting.pop()(asked, answer) if waiting else answer


@pytest.mark.parametrize("spoil", [busy, broken_off, hung_up, short])
def test_a_read_that_fails_once_is_right(store: S3ObjectStore, proxy: SpoilingProxy, spoil: Spoil) -> None:
    ref = store.put("a", [CONTENT])
    begun = len(proxy.asked)
    proxy.spoil = once(spoil)
    assert store.read(ref, 1, MIB) == CONTENT[1 : MIB + 1]
    assert len(proxy.asked) == begun + 2


@pytest.mark.parametrize("spoil", [busy, broken_off, hung_up, short])
def test_a_read_that_keeps_failing_is_to_be_tried_later(
    store: S3ObjectStore, proxy: SpoilingProxy, spoil: Spoil
) -> None:
    ref = store.put("a", [CONTENT])
    begun = len(proxy.asked)
    proxy.spoil = spoil
    with pytest.raises(Unavailable, match="object a") as raised:
        store.read(ref)
    assert "marked-text" not in str(raised.value)
    assert len(proxy.asked) - begun == (2 if spoil is busy else s3_read.ATTEMPTS)


@pytest.mark.parametrize(
    ("status", "code", "says"),
    [
        (500, "InternalError", "500 InternalError"),
        (403, "AccessDenied", "check the credentials"),
        (403, "SignatureDoesNotMatch", "the clock"),
        (404, "NoSuchBucket", "404 NoSuchBucket"),
        (400, "SomethingNew", "400 SomethingNew"),
    ],
)
def test_a_fault_for_an_operator_is_unavailable(
    store: S3ObjectStore, proxy: SpoilingProxy, status: int, code: str, says: str
) -> None:
    ref = store.put("a", [CONTENT])
    proxy.spoil = lambda *_: error(status, code)
    for call in (lambda: store.read(ref), lambda: store.put("b", [b""]), lambda: next(store.list(""))):
        with pytest.raises(Unavailable, match=says):
            call()


def test_a_server_that_does_not_heed_the_version_is_noticed(
    store: S3ObjectStore, bucket: S3Settings, proxy: SpoilingProxy
) -> None:
    old = store.put("a", [CONTENT])
    new = store.put("a", [CONTENT[::-1]])
    served = store._client.get_object(Bucket=bucket.bucket, Key="penstock/a!", Range="bytes=0-9")
    headers = {
        name: value
        for name, value in served["ResponseMetadata"]["HTTPHeaders"].items()
        if name in ("etag", "content-range", "content-length", "last-modified")
    }
    body = served["Body"].read()
    proxy.spoil = lambda *_: Answer(206, headers, body)
    assert store.read(new, 0, 10) == CONTENT[::-1][:10]
    with pytest.raises(Corrupt, match="not the requested version"):
        store.read(old, 0, 10)


@pytest.mark.parametrize("wrong", ["bytes 1-10/2097152", "bytes 0-9/2097153", "bytes 0-8/2097152", None], ids=str)
def test_another_range_than_was_asked_for_is_noticed(
    store: S3ObjectStore, proxy: SpoilingProxy, wrong: str | None
) -> None:
    ref = store.put("a", [CONTENT])

    def spoil(asked: Asked, answer: Answer) -> Answer:
        kept = {name: value for name, value in answer.headers.items() if name.lower() != "content-range"}
        return answer._replace(headers=kept | ({"Content-Range": wrong} if wrong else {}))

    proxy.spoil = spoil
    with pytest.raises(Corrupt, match="another range"):
        store.read(ref, 0, 10)


def is_part(asked: Asked, number: int) -> bool:
    return f"partNumber={number}" in asked.path


@pytest.mark.parametrize("spoil", [busy, unanswered])
def test_an_upload_that_is_disturbed_is_whole(store: S3ObjectStore, proxy: SpoilingProxy, spoil: Spoil) -> None:
    disturb = {number: once(spoil) for number in (1, 2, 3)}

    def spoil_parts(asked: Asked, answer: Answer) -> Answer:
        for number, each in disturb.items():
            if is_part(asked, number):
                return each(asked, answer)
        return answer

    proxy.spoil = spoil_parts
    ref = store.put("a", [CONTENT] * 6)
    assert sum(is_part(asked, 2) for asked in proxy.asked) == 2
    assert store.read(ref) == CONTENT * 6


def test_a_small_upload_that_is_disturbed_is_whole(store: S3ObjectStore, proxy: SpoilingProxy) -> None:
    proxy.spoil = once(busy)
    assert store.read(store.put("a", [CONTENT])) == CONTENT


@pytest.mark.parametrize("part", [1, 2, 3])
def test_an_upload_that_cannot_be_ended_leaves_nothing(
    store: S3ObjectStore, bucket: S3Settings, proxy: SpoilingProxy, s3_address: Addresses, part: int
) -> None:
    before = store.put("a", [b"before"])
    proxy.spoil = lambda asked, answer: busy(asked, answer) if is_part(asked, part) else answer
    with pytest.raises(Unavailable):
        store.put("a", [CONTENT] * 6)
    assert [entry.ref for entry in store.list("")] == [before]
    assert store.read(before) == b"before"
    assert "Uploads" not in client_of(s3_address).list_multipart_uploads(Bucket=bucket.bucket)


@pytest.mark.parametrize("spoil", [hung_up, unanswered])
def test_an_upload_whose_last_answer_is_lost_is_whole_or_not_there(
    store: S3ObjectStore, proxy: SpoilingProxy, spoil: Spoil
) -> None:
    def lose_the_end(asked: Asked, answer: Answer) -> Answer:
        return spoil(asked, answer) if asked.method == "POST" and "uploadId" in asked.path else answer

    proxy.spoil = lose_the_end
    with pytest.raises(Unavailable):
        store.put("a", [CONTENT] * 6)
    proxy.spoil = lambda _, answer: answer
    assert [store.read(entry.ref) for entry in store.list("")] in ([], [CONTENT * 6])
    assert store.read(store.put("a", [b"again"])) == b"again"


def test_a_store_that_is_away_at_start_is_waited_for(bucket: S3Settings, proxy: SpoilingProxy) -> None:
    proxy.spoil = busy
    with pytest.raises(Unavailable, match="503 SlowDown"):
        S3ObjectStore(msgspec.structs.replace(bucket, endpoint_url=proxy.url))
    proxy.spoil = lambda _, answer: answer
    with closing(S3ObjectStore(msgspec.structs.replace(bucket, endpoint_url=proxy.url))) as store:
        assert keys_of(store, "") == []


# -- the connection itself --


@pytest.fixture
def connection(real_servers: Servers, bucket: S3Settings) -> Iterator[SpoiltConnection]:
    addresses = real_servers.use("s3", "toxiproxy").addresses
    with spoilt_connection(addresses.toxiproxy, urlsplit(bucket.endpoint_url).netloc) as connection:
        yield connection


@pytest.fixture
def far_store(bucket: S3Settings, connection: SpoiltConnection) -> Iterator[S3ObjectStore]:
    settings = msgspec.structs.replace(
        bucket, endpoint_url=f"http://{connection.address}", read_timeout_seconds=1.0, connect_timeout_seconds=1.0
    )
    with closing(S3ObjectStore(settings)) as store:
        yield store


@pytest.mark.parametrize(
    ("kind", "attributes"),
    [("limit_data", {"bytes": 100_000}), ("reset_peer", {"timeout": 0}), ("timeout", {"timeout": 0})],
    ids=["cut in mid-body", "reset", "silence"],
)
def test_a_connection_that_breaks_in_a_read_gives_all_or_nothing(
    far_store: S3ObjectStore, connection: SpoiltConnection, kind: str, attributes: dict[str, int]
) -> None:
    ref = far_store.put("a", [CONTENT])
    with connection.toxic(kind, **attributes), pytest.raises(Unavailable):
        far_store.read(ref)
    assert far_store.read(ref) == CONTENT


@pytest.mark.parametrize(
    ("kind", "attributes"),
    [("limit_data", {"bytes": 100_000}), ("reset_peer", {"timeout": 0}), ("timeout", {"timeout": 0})],
    ids=["cut in mid-body", "reset", "silence"],
)
@pytest.mark.parametrize("size", [1, 6], ids=["small", "in parts"])
def test_a_connection_that_breaks_in_a_write_shows_nothing(
    far_store: S3ObjectStore, connection: SpoiltConnection, kind: str, attributes: dict[str, int], size: int
) -> None:
    with connection.toxic(kind, stream="upstream", **attributes), pytest.raises(Unavailable):
        far_store.put("a", [CONTENT] * size)
    assert keys_of(far_store, "") == []
    assert far_store.read(far_store.put("a", [CONTENT] * size)) == CONTENT * size


def test_a_slow_connection_is_only_slow(far_store: S3ObjectStore, connection: SpoiltConnection) -> None:
    with connection.toxic("latency", latency=100, jitter=50), connection.toxic("slicer", average_size=50_000):
        ref = far_store.put("a", [CONTENT] * 6)
        assert far_store.read(ref, MIB, MIB) == CONTENT[MIB:]
