"""The object store in a bucket of S3, or of a service that speaks its protocol.

The object `a/b` is named `<prefix>a/b!`. Many services keep objects as files, where `a` and `a/b` exclude each other;
`!` is the one mark that S3 calls safe and that sorts before all that keys are made of, so that names sort as keys do.

A version is S3's version id where the bucket keeps versions, otherwise the entity tag (`s3_read.py`). Where versions
are kept, deleting an object removes all of them: what was deleted must be gone.
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
from penstock.domain.errors import Corrupt, refusal
from penstock.domain.object_keys import check_key, check_prefix
from penstock.ports.object_store import ObjectRef, ObjectStore, StoredObject

MARK = "!"
NOT_IMPLEMENTED = 501
PROBE_SECONDS = 2.0
CONTENT_TYPE = "application/octet-stream"


class PresignedPut(NamedTuple):
    """What a client needs to put a file straight into the bucket: PUT `url` with exactly these headers."""

    url: str
    headers: dict[str, str]


class S3ObjectStore(ObjectStore):
    def __init__(self, settings: S3Settings) -> None:
        """The store in a bucket that exists. Refused: `bucket_missing`, `invalid_setting`. Raises `Unavailable`."""
        self._settings, self._root = settings, settings.root
        self._client = connect_s3(settings)
        self._versioned = self._keeps_versions(self._client)
        self._prober = connect_s3(replace(settings, attempts=1, connect_timeout_seconds=PROBE_SECONDS))

    def probe(self) -> None:
        """Ask for nothing but an answer, once. Raises `Unavailable`."""
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

    def list(self, prefix: str) -> Iterator[StoredObject]:
        check_prefix(prefix)
        return self._list(self._root + prefix)

    def delete(self, key: str) -> None:
        name = self._name(key)
        with s3_errors(f"object {key}"):
            self._client.delete_object(Bucket=self._settings.bucket, Key=name)
            if self._versioned:  # the line above has only hidden it
                self._remove_hidden(name)

    def close(self) -> None:
        self._client.close()
        self._prober.close()

    def abort_unfinished(self, before_us: int) -> int:
        """Drop what is left of uploads that began before `before_us` and never ended; how many there were."""
        stale = [
            each
            for page in self._pages("list_multipart_uploads", Prefix=self._root)
            for each in page.get("Uploads", [])
            if _microseconds(each["Initiated"]) < before_us and self._key(each["Key"]) is not None
        ]
        for each in stale:
            with s3_errors(f"an upload of {each['Key']}"), _unless_gone("NoSuchUpload"):
                self._client.abort_multipart_upload(
                    Bucket=self._settings.bucket, Key=each["Key"], UploadId=each["UploadId"]
                )
        return len(stale)

    def presign_put(self, key: str, size: int, expires_seconds: int) -> PresignedPut:
        """Leave to put `size` bytes under `key`, and nothing else, within `expires_seconds`; no call to S3 is made.

        Whoever has it may use it again until then, so that `key` must be a landing place that nothing else uses, and
        what lies there must not be trusted to stay (`accept_presigned`).
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
        """The bytes that were put under `key`, to be sealed elsewhere; the landing copy is deleted at the block's end.

        They are of one version: when it is replaced meanwhile, they are still those, or `Corrupt` is raised. After an
        error in the block the copy stays, so that the same call may be made again. Raises `NotFound` before anything
        was put, `Corrupt` when it is not `size` bytes.
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
        return f"{self._root}{key}{MARK}"

    def _key(self, name: str) -> str | None:
        """The key of what is named so; None when that is not the store's own."""
        key = name.removeprefix(self._root).removesuffix(MARK)
        return key if key and name == f"{self._root}{key}{MARK}" else None

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

    def _list(self, prefix: str) -> Iterator[StoredObject]:
        """Where versions are kept, only the listing of versions tells which one is present."""
        operation, field = ("list_object_versions", "Versions") if self._versioned else ("list_objects_v2", "Contents")
        for page in self._pages(operation, Prefix=prefix):
            for entry in page.get(field, []):
                key = self._key(entry["Key"])
                if key is not None and entry.get("IsLatest", True):
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

    def _remove_hidden(self, name: str) -> None:
        """Remove the versions of an object that are not its present one, and then the marks of its deletion."""
        entries = [
            (field, entry["VersionId"])
            for page in self._pages("list_object_versions", Prefix=name)
            for field in ("Versions", "DeleteMarkers")
            for entry in page.get(field, [])
            if entry["Key"] == name and not (field == "Versions" and entry["IsLatest"])
        ]
        for _, version in sorted(
            entries, reverse=True
        ):  # "Versions" first: a mark that is gone would show the last one
            self._client.delete_object(Bucket=self._settings.bucket, Key=name, VersionId=version)


@contextmanager
def _unless_gone(code: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if code_of(error) != code:
            raise


def _headers(encryption: Mapping[str, str]) -> dict[str, str]:
    """The same as HTTP headers."""
    names = {
        "ServerSideEncryption": "x-amz-server-side-encryption",
        "SSEKMSKeyId": "x-amz-server-side-encryption-aws-kms-key-id",
    }
    return {names[name]: value for name, value in encryption.items()}


def _microseconds(when: datetime) -> int:
    return int(when.timestamp() * 1_000_000)
