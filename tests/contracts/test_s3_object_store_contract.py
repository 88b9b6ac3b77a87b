"""A bucket keeps the contract of an object store, with and without versions, and what else it must: nothing half
visible, nothing left behind, and no other service's objects touched."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pytest
from object_store_contract import (
    BAD_KEYS,
    PART_BYTES,
    Connect,
    ObjectStoreContract,
    SourceError,
    keys_of,
    parts_then_failure,
)

from deploy.stack.addresses import Addresses
from penstock.adapters.cluster.s3_client import S3Settings
from penstock.adapters.cluster.s3_object_store import S3ObjectStore
from penstock.domain.errors import Corrupt, NotFound, Refused, Unavailable
from penstock.ports.object_store import ObjectRef, ObjectStore
from tests.support.certificates import self_signed
from tests.support.s3_buckets import client_of, new_bucket
from tests.support.spoiling_proxy import Answer, Asked, SpoilingProxy


class TestS3ObjectStore(ObjectStoreContract):
    @pytest.fixture
    def connect(self, s3_address: Addresses) -> Connect:
        return partial(S3ObjectStore, new_bucket(s3_address))


class TestS3ObjectStoreWithVersions(ObjectStoreContract):
    @pytest.fixture
    def connect(self, s3_address: Addresses) -> Connect:
        return partial(S3ObjectStore, new_bucket(s3_address, versioned=True))

    def test_a_version_names_exact_bytes(self, store: ObjectStore, folder: str) -> None:
        """The bucket still has the old bytes, and gives them out."""
        old = store.put(f"{folder}/a", [b"old"])
        new = store.put(f"{folder}/a", [b"new"])
        assert old.version != new.version
        assert store.stat(new.key) == new
        assert (store.read(old), store.read(new)) == (b"old", b"new")


@pytest.fixture
def bucket(s3_address: Addresses) -> S3Settings:
    return new_bucket(s3_address)


@pytest.fixture
def client(s3_address: Addresses) -> Any:
    return client_of(s3_address)


@pytest.fixture
def store(bucket: S3Settings) -> Iterator[S3ObjectStore]:
    with closing(S3ObjectStore(bucket)) as store:
        yield store


def many_parts(count: int = 12) -> Iterator[bytes]:
    return (bytes([at]) * PART_BYTES for at in range(count))


def test_a_bucket_that_does_not_exist_is_refused(bucket: S3Settings) -> None:
    missing = f"b-{uuid.uuid4().hex}"
    with pytest.raises(Refused, match=f"no bucket {missing} at {bucket.endpoint_url}") as refused:
        S3ObjectStore(msgspec.structs.replace(bucket, bucket=missing))
    assert refused.value.code == "bucket_missing"


@pytest.mark.parametrize(
    "wrong",
    [{"part_bytes": 5 * 1024 * 1024 - 1}, {"prefix": "../up"}, {"prefix": "a/" * 101}, {"sse_kms_key_id": "k"}],
    ids=str,
)
def test_settings_that_cannot_work_are_refused(bucket: S3Settings, wrong: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        S3ObjectStore(msgspec.structs.replace(bucket, **wrong))
    assert refused.value.code == "invalid_setting"
    assert next(iter(wrong)) in str(refused.value)


def test_no_repr_shows_the_credentials(bucket: S3Settings) -> None:
    assert bucket.secret_key not in repr(bucket)


def test_the_longest_key_and_prefix_fit(bucket: S3Settings) -> None:
    segment = "k" * 199
    key = "/".join([segment] * 4)
    with closing(S3ObjectStore(msgspec.structs.replace(bucket, prefix="p" * 200))) as store:
        assert store.read(store.put(key, [b"abc"])) == b"abc"


def test_other_objects_in_the_bucket_are_left_alone(store: S3ObjectStore, bucket: S3Settings, client: Any) -> None:
    names = ["elsewhere", "penstock/a", "penstock-2/a!", "penstock/!"]
    for name in names:
        client.put_object(Bucket=bucket.bucket, Key=name, Body=b"theirs")
    store.put("a", [b"ours"])
    assert keys_of(store, "") == ["a"]
    store.delete("a")
    left = [entry["Key"] for entry in client.list_objects_v2(Bucket=bucket.bucket)["Contents"]]
    assert sorted(left) == sorted(names)


def test_a_listing_has_more_than_one_page(store: S3ObjectStore, bucket: S3Settings, client: Any) -> None:
    keys = [f"many/{number:04}" for number in range(1_001)]
    with ThreadPoolExecutor(4) as threads:
        put = partial(client.put_object, Bucket=bucket.bucket, Body=b"")
        list(threads.map(lambda key: put(Key=f"penstock/{key}!"), keys))
    assert keys_of(store, "many/") == keys


def unfinished(client: Any, bucket: S3Settings) -> int:
    return len(client.list_multipart_uploads(Bucket=bucket.bucket).get("Uploads", []))


def test_an_upload_whose_source_fails_leaves_no_parts_behind(
    store: S3ObjectStore, bucket: S3Settings, client: Any
) -> None:
    def parts() -> Iterator[bytes]:
        yield from many_parts()
        assert unfinished(client, bucket) == 1
        yield from parts_then_failure()

    with pytest.raises(SourceError):
        store.put("a", parts())
    assert unfinished(client, bucket) == 0
    assert keys_of(store, "") == []


def test_leftovers_of_killed_writers_are_swept_when_old(store: S3ObjectStore, bucket: S3Settings, client: Any) -> None:
    for name in ("penstock/a!", "penstock/b!", "penstock/theirs", "another-service"):
        client.create_multipart_upload(Bucket=bucket.bucket, Key=name)
    (begun,) = {each["Initiated"] for each in client.list_multipart_uploads(Bucket=bucket.bucket)["Uploads"][:1]}
    assert store.abort_unfinished(int((begun.timestamp() - 60) * 1e6)) == 0
    assert store.abort_unfinished(int((begun.timestamp() + 60) * 1e6)) == 2
    assert unfinished(client, bucket) == 2


def test_an_object_that_is_smaller_than_was_noted_is_corrupt(store: S3ObjectStore) -> None:
    ref = msgspec.structs.replace(store.put("a", [b"abc"]), size=10)
    for start, length in ((0, None), (1, 4), (5, 2), (10, 0)):
        with pytest.raises(Corrupt, match="object a"):
            store.read(ref, start, length)


def test_an_upload_needs_little_memory(store: S3ObjectStore, bucket: S3Settings) -> None:
    tracemalloc.start()
    try:
        ref = store.put("a", many_parts(64))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert ref.size == 64 * PART_BYTES
    assert peak < 6 * bucket.part_bytes


@pytest.mark.parametrize("size", [0, 1, 5, 10], ids="{} MiB".format)
def test_an_object_of_any_number_of_parts_is_whole(store: S3ObjectStore, size: int) -> None:
    content = b"".join(many_parts(size))
    ref = store.put("a", [content])
    assert store.read(ref) == content
    assert store.stat("a") == ref


@pytest.mark.parametrize("versioned", [False, True])
def test_no_version_outlives_its_object(s3_address: Addresses, client: Any, versioned: bool) -> None:
    bucket = new_bucket(s3_address, versioned=versioned)
    with closing(S3ObjectStore(bucket)) as store:
        refs = [store.put(key, [content]) for key in ("a", "a/b", "a.b") for content in (b"1", b"2")]
        store.delete("a")
        store.delete("never")
        for gone in refs[:2]:
            with pytest.raises(NotFound):
                store.read(gone)
        assert [store.read(each) for each in (refs[3], refs[5])] == [b"2", b"2"]
        assert keys_of(store, "") == ["a.b", "a/b"]
    if versioned:
        kept = client.list_object_versions(Bucket=bucket.bucket)
        assert {entry["Key"] for entry in kept["Versions"]} == {"penstock/a.b!", "penstock/a/b!"}
        assert kept.get("DeleteMarkers", []) == []


def test_an_object_put_while_its_key_is_deleted_stays(s3_address: Addresses) -> None:
    bucket = new_bucket(s3_address, versioned=True)
    with closing(S3ObjectStore(bucket)) as other, SpoilingProxy(bucket.endpoint_url) as proxy:
        other.put("a", [b"old"])
        put: list[ObjectRef] = []

        def put_once(asked: Asked, answer: Answer) -> Answer:
            if asked.method == "DELETE" and not put:
                put.append(other.put("a", [b"new"]))
            return answer

        proxy.spoil = put_once
        with closing(S3ObjectStore(msgspec.structs.replace(bucket, endpoint_url=proxy.url))) as store:
            store.delete("a")
        assert [entry.ref for entry in other.list("")] == put
        assert other.read(put[0]) == b"new"


def test_objects_from_before_versioning_stay_readable(store: S3ObjectStore, bucket: S3Settings, client: Any) -> None:
    before = store.put("a", [b"before"])
    client.put_bucket_versioning(Bucket=bucket.bucket, VersioningConfiguration={"Status": "Enabled"})
    with closing(S3ObjectStore(bucket)) as reopened:
        assert reopened.stat("a") == before
        assert [entry.ref for entry in reopened.list("")] == [before]
        assert reopened.read(before, 2, 2) == b"fo"
        reopened.put("a", [b"after"])
        with pytest.raises(Corrupt):
            reopened.read(before)
        reopened.delete("a")
    assert "Versions" not in client.list_object_versions(Bucket=bucket.bucket)


@pytest.fixture
def proxy(bucket: S3Settings) -> Iterator[SpoilingProxy]:
    with SpoilingProxy(bucket.endpoint_url) as proxy:
        yield proxy


@pytest.mark.parametrize("key", [*BAD_KEYS, "http://169.254.169.254/latest", "s3://other/a", "file:///etc/passwd"])
def test_no_request_is_made_for_a_key_that_is_none(bucket: S3Settings, proxy: SpoilingProxy, key: str) -> None:
    with closing(S3ObjectStore(msgspec.structs.replace(bucket, endpoint_url=proxy.url))) as store:
        begun = len(proxy.asked)
        for call in (
            lambda: store.put(key, [b"x"]),
            lambda: store.read(ObjectRef(key, '"v"', 1)),
            lambda: store.stat(key),
            lambda: store.delete(key),
            lambda: store.presign_put(key, 1, 60),
        ):
            with pytest.raises(ValueError):
                call()
        assert len(proxy.asked) == begun > 0


@pytest.mark.parametrize(
    ("encryption", "headers"),
    [
        ({}, {}),
        ({"sse": "AES256"}, {"x-amz-server-side-encryption": "AES256"}),
        (
            {"sse": "aws:kms", "sse_kms_key_id": "key-1"},
            {"x-amz-server-side-encryption": "aws:kms", "x-amz-server-side-encryption-aws-kms-key-id": "key-1"},
        ),
    ],
    ids=["default", "AES256", "KMS"],
)
def test_every_write_asks_for_the_encryption_that_is_configured(
    bucket: S3Settings, proxy: SpoilingProxy, encryption: dict[str, str], headers: dict[str, str]
) -> None:
    settings = msgspec.structs.replace(bucket, endpoint_url=proxy.url, **encryption)
    with closing(S3ObjectStore(settings)) as store:
        proxy.asked.clear()
        store.put("small", [b"x"])
        store.put("large", many_parts())
        presigned = store.presign_put("landing/a", 1, 60)
    begun = [asked.headers for asked in proxy.asked if asked.path.endswith(("small%21", "?uploads"))]
    assert len(begun) == 2
    for sent in (*begun, presigned.headers):
        assert {name: value for name, value in sent.items() if name.startswith("x-amz-server-side")} == headers


def test_only_a_certificate_that_is_trusted_is_spoken_to(bucket: S3Settings, tmp_path: Path) -> None:
    context, trusted = self_signed(tmp_path)
    with SpoilingProxy(bucket.endpoint_url, context) as proxy:
        settings = msgspec.structs.replace(bucket, endpoint_url=proxy.url)
        with pytest.raises(Unavailable, match="certificates"):
            S3ObjectStore(settings)
        assert proxy.asked == []
        with closing(S3ObjectStore(msgspec.structs.replace(settings, ca_file=str(trusted)))) as store:
            content = b"".join(many_parts())
            assert store.read(store.put("a", [content])) == content
            assert store.read(store.put("b", [b"abc"])) == b"abc"


def test_missing_credentials_are_named(bucket: S3Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    with pytest.raises(Unavailable, match="no credentials"):
        S3ObjectStore(msgspec.structs.replace(bucket, access_key="", secret_key=""))


def test_credentials_are_found_where_boto3_looks_for_them(bucket: S3Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", bucket.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", bucket.secret_key)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    with closing(S3ObjectStore(msgspec.structs.replace(bucket, access_key="", secret_key=""))) as store:
        assert store.read(store.put("a", [b"abc"])) == b"abc"


PROGRAM = """
import sys
from contextlib import closing
import msgspec
from penstock import logs
from penstock.adapters.cluster.s3_client import S3Settings
from penstock.adapters.cluster.s3_object_store import S3ObjectStore

logs.configure("debug", "test")
with closing(S3ObjectStore(msgspec.json.decode(sys.argv[1], type=S3Settings))) as store:
    ref = store.put("marked-key", [b"marked-content"])
    assert store.read(ref) == b"marked-content"
    url = store.presign_put("marked-key", 5, 60).url
"""


def test_no_level_of_logs_shows_a_request(bucket: S3Settings) -> None:
    command = [sys.executable, "-c", PROGRAM, msgspec.json.encode(bucket).decode()]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ran.stderr + ran.stdout == ""
