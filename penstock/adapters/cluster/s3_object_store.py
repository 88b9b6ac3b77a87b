"""The object store in a bucket of S3 or a compatible service.

The object `a/b` is stored as `<prefix>a/b!`. Many services store objects as files, where `a` and `a/b` exclude each
other. `!` is the only character that S3 calls safe and that sorts before all characters of keys, so names sort as keys.

A version is S3's version id in a bucket with versioning, otherwise the entity tag (`s3_read.py`). With versioning,
deleting an object removes all its versions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple

from botocore.exceptions import ClientError
from msgspec.structs import replace

from penstock.adapters.cluster.aws import code_of, status_of
from penstock.adapters.cluster.s3_client import S3Settings, connect_s3, s3_errors
from penstock.adapters.cluster.s3_read import Source, read_range, version_of
from penstock.adapters.cluster.s3_upload import Target, upload
from penstock.application.health.probing import PROBE_TIMEOUT_SECONDS
from penstock.domain.errors import Corrupt, refusal
from penstock.domain.object_keys import check_key, check_prefix
from penstock.ports.object_store import ObjectRef, ObjectStore, StoredObject

SUFFIX = "!"
NOT_IMPLEMENTED = 501
CONTENT_TYPE = "application/octet-stream"


class PresignedPut(NamedTuple):
    """How a client uploads a file directly to the bucket: PUT `url` with exactly these headers."""

    url: str
    headers: dict[str, str]


class S3ObjectStore(ObjectStore):
    def __init__(self, settings: S3Settings) -> None:
        """The store in an existing bucket. Raises `Refused` (`bucket_missing`, `invalid_setting`), `Unavailable`."""
        self._settings, self._root = settings, settings.root
        self._client = connect_s3(settings)
        self._is_versioned = self._keeps_versions(self._client)
        self._prober = connect_s3(replace(settings, attempts=1, connect_timeout_seconds=PROBE_TIMEOUT_SECONDS))

    def probe(self) -> None:
        """Check once that S3 answers. Raises `Unavailable`."""
        self._keeps_versions(self._prober)

    def put(self, key: str, parts: Iterable[bytes]) -> ObjectRef:
        settings = self._settings
        target = Target(self._client, settings.bucket, self._name(key), settings.encryption, f"object {key}")
        answer, size = upload(target, parts, settings.part_bytes)
        return ObjectRef(key, version_of(answer), size)

    def read(self, ref: ObjectRef, start: int = 0, length: int | None = None) -> bytes:
        bucket, name = self._settings.bucket, self._name(ref.key)
        source = Source(self._client, bucket, name, ref.version, ref.size, f"object {ref.key}")
        return read_range(source, start, ref.size - start if length is None else length)

    def stat(self, key: str) -> ObjectRef:
        with s3_errors(f"object {key}"):
            head = self._client.head_object(Bucket=self._settings.bucket, Key=self._name(key))
        return ObjectRef(key, version_of(head), head["ContentLength"])

    def list(self, prefix: str, after: str = "") -> Iterator[StoredObject]:
        check_prefix(prefix)
        check_prefix(after)
        return self._list(self._root + prefix, after)

    def delete(self, key: str) -> None:
        name = self._name(key)
        with s3_errors(f"object {key}"):
            self._client.delete_object(Bucket=self._settings.bucket, Key=name)
            if self._is_versioned:  # the line above only adds a delete marker
                self._remove_old_versions(name)

    def close(self) -> None:
        self._client.close()
        self._prober.close()

    def abort_unfinished(self, before_us: int) -> int:
        """Abort unfinished uploads that began before `before_us`; returns their number."""
        stale = [
            each
            for page in self._pages("list_multipart_uploads", Prefix=self._root)
            for each in page.get("Uploads", [])
            if _microseconds(each["Initiated"]) < before_us and self._key(each["Key"]) is not None
        ]
        for each in stale:
            with s3_errors(f"an upload of {each['Key']}"), _ignoring("NoSuchUpload"):
                self._client.abort_multipart_upload(
                    Bucket=self._settings.bucket, Key=each["Key"], UploadId=each["UploadId"]
                )
        return len(stale)

    def presign_put(self, key: str, size: int, expires_seconds: int) -> PresignedPut:
        """Allow an upload of `size` bytes to `key` within `expires_seconds`; makes no call to S3.

        The URL can be used repeatedly until then. So `key` must not be used for anything else, and its content may
        change at any time (`accept_presigned`).
        """
        encryption = self._settings.encryption
        arguments = {"ContentLength": size, "ContentType": CONTENT_TYPE, **encryption}
        with s3_errors(f"object {key}"):
            url = self._client.generate_presigned_url(
                "put_object",
                Params={"Bucket": self._settings.bucket, "Key": self._name(key), **arguments},
                ExpiresIn=expires_seconds,
            )
        return PresignedPut(url, {"Content-Length": str(size), "Content-Type": CONTENT_TYPE, **_headers(encryption)})

    @contextmanager
    def accept_presigned(self, key: str, size: int) -> Iterator[Iterator[bytes]]:
        """The bytes uploaded to `key`; the object is deleted at the end of the block.

        All bytes are of one version; if that is replaced during the read, `Corrupt` may be raised. After an error in
        the block the object stays, so that the call can be repeated. Raises `NotFound` when nothing was uploaded,
        `Corrupt` when it has not `size` bytes.
        """
        ref = self.stat(key)
        if ref.size != size:
            raise Corrupt(f"object {key} has {ref.size} bytes in place of {size}: upload it again")
        yield self._parts(ref)
        self.delete(key)

    def _parts(self, ref: ObjectRef) -> Iterator[bytes]:
        step = self._settings.part_bytes
        return (self.read(ref, start, min(step, ref.size - start)) for start in range(0, ref.size, step))

    def _name(self, key: str) -> str:
        check_key(key)
        return f"{self._root}{key}{SUFFIX}"

    def _key(self, name: str) -> str | None:
        """The key of a stored name; None when the name is not one of this store."""
        key = name.removeprefix(self._root).removesuffix(SUFFIX)
        return key if key and name == f"{self._root}{key}{SUFFIX}" else None

    def _keeps_versions(self, client: Any) -> bool:
        bucket = self._settings.bucket
        with s3_errors(f"bucket {bucket}"):
            try:
                return "Status" in client.get_bucket_versioning(Bucket=bucket)
            except ClientError as error:
                if code_of(error) == "NoSuchBucket":
                    raise refusal(
                        "bucket_missing",
                        f"there is no bucket {bucket} at {self._client.meta.endpoint_url}",
                        "Create it, or name one that exists.",
                    ) from error
                if status_of(error) == NOT_IMPLEMENTED:
                    return False
                raise

    def _list(self, prefix: str, after: str) -> Iterator[StoredObject]:
        """With versioning, only the listing of versions has the version id of the current object. Some services begin
        that with the object that is named, others after it."""
        operation, field, start = (
            ("list_object_versions", "Versions", "KeyMarker")
            if self._is_versioned
            else ("list_objects_v2", "Contents", "StartAfter")
        )
        for page in self._pages(operation, Prefix=prefix, **({start: f"{self._root}{after}{SUFFIX}"} if after else {})):
            for entry in page.get(field, []):
                key = self._key(entry["Key"])
                if key is not None and key > after and entry.get("IsLatest", True):
                    ref = ObjectRef(key, version_of(entry), entry["Size"])
                    yield StoredObject(ref, _microseconds(entry["LastModified"]))

    def _pages(self, operation: str, **arguments: str) -> Iterator[dict[str, Any]]:
        bucket = self._settings.bucket
        pages = iter(self._client.get_paginator(operation).paginate(Bucket=bucket, **arguments))
        while True:
            with s3_errors(f"bucket {bucket}"):
                page = next(pages, None)
            if page is None:
                return
            yield page

    def _remove_old_versions(self, name: str) -> None:
        """Remove the old versions of an object, then its delete markers."""
        entries = [
            (field, entry["VersionId"])
            for page in self._pages("list_object_versions", Prefix=name)
            for field in ("Versions", "DeleteMarkers")
            for entry in page.get(field, [])
            if entry["Key"] == name and not (field == "Versions" and entry["IsLatest"])
        ]
        # "Versions" first: without its delete marker, the last version would be visible again.
        for _, version in sorted(entries, reverse=True):
            self._client.delete_object(Bucket=self._settings.bucket, Key=name, VersionId=version)


@contextmanager
def _ignoring(code: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if code_of(error) != code:
            raise


def _headers(encryption: Mapping[str, str]) -> dict[str, str]:
    """The encryption arguments as HTTP headers."""
    names = {
        "ServerSideEncryption": "x-amz-server-side-encryption",
        "SSEKMSKeyId": "x-amz-server-side-encryption-aws-kms-key-id",
    }
    return {names[name]: value for name, value in encryption.items()}


def _microseconds(when: datetime) -> int:
    return int(when.timestamp() * 1_000_000)
