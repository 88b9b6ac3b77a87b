"""Uploads to S3 in bounded memory: one call for a small object, otherwise in parts; visible only when complete."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from itertools import chain
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from penstock.adapters.cluster.s3_client import S3, s3_errors
from penstock.domain.errors import Unavailable

IN_FLIGHT = 2  # parts being sent while the next one is filled


class Target(NamedTuple):
    """Where to store an object; `encryption` is that of S3Settings, `what` names the object in errors."""

    client: Any
    bucket: str
    name: str
    encryption: dict[str, str]
    what: str

    @property
    def address(self) -> dict[str, str]:
        return {"Bucket": self.bucket, "Key": self.name}


def upload(target: Target, parts: Iterable[bytes], part_bytes: int) -> tuple[dict[str, Any], int]:
    """Store the concatenated `parts`; returns S3's response and the size in bytes. Errors of `parts` are raised."""
    blocks = _Blocks(parts, part_bytes)
    first = next(blocks, bytearray())
    if len(first) < part_bytes:
        with s3_errors(target.what):
            return target.client.put_object(Body=first, **target.address, **target.encryption), blocks.size
    return _upload_in_parts(target, chain((first,), blocks)), blocks.size


def _upload_in_parts(target: Target, blocks: Iterator[bytearray]) -> dict[str, Any]:
    with s3_errors(target.what):
        begun = target.client.create_multipart_upload(ChecksumAlgorithm="CRC32", **target.address, **target.encryption)
    upload_id = begun["UploadId"]
    try:
        with ThreadPoolExecutor(IN_FLIGHT, "s3-put") as threads:
            parts = list(_sent(target, upload_id, blocks, threads))
        return _complete(target, upload_id, parts)
    except BaseException:
        with suppress(ClientError, BotoCoreError):  # remaining parts are invisible, and `abort_unfinished` removes them
            target.client.abort_multipart_upload(UploadId=upload_id, **target.address)
        raise


def _complete(target: Target, upload_id: str, parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Complete the upload, which makes the object visible."""
    with s3_errors(target.what):
        answer: dict[str, Any] = target.client.complete_multipart_upload(
            UploadId=upload_id, MultipartUpload={"Parts": parts}, **target.address
        )
    if "ETag" not in answer:  # botocore accepts a response without a body
        raise Unavailable(
            f"{target.what}: S3's last response broke off, so the object may or may not be stored", dependency=S3
        )
    return answer


def _sent(
    target: Target, upload_id: str, blocks: Iterator[bytearray], threads: ThreadPoolExecutor
) -> Iterator[dict[str, Any]]:
    """The parts in order, as completing the upload needs them."""
    pending: deque[Future[dict[str, Any]]] = deque()
    for number, block in enumerate(blocks, 1):
        pending.append(threads.submit(_send, target, upload_id, number, block))
        if len(pending) == IN_FLIGHT:
            yield pending.popleft().result()
    while pending:
        yield pending.popleft().result()


def _send(target: Target, upload_id: str, number: int, block: bytearray) -> dict[str, Any]:
    with s3_errors(target.what):
        sent = target.client.upload_part(
            UploadId=upload_id, PartNumber=number, Body=block, ChecksumAlgorithm="CRC32", **target.address
        )
    return {"PartNumber": number, "ETag": sent["ETag"], "ChecksumCRC32": sent["ChecksumCRC32"]}


class _Blocks(Iterator[bytearray]):
    """`parts` as blocks of `block_bytes` (the last may be shorter); counts the bytes."""

    def __init__(self, parts: Iterable[bytes], block_bytes: int) -> None:
        self._parts, self._block_bytes = iter(parts), block_bytes
        self._remaining = memoryview(b"")
        self.size = 0

    def __next__(self) -> bytearray:
        block = bytearray()
        while len(block) < self._block_bytes:
            if not self._remaining:
                part = next(self._parts, None)
                if part is None:
                    break
                self._remaining = memoryview(part)
            needed = self._block_bytes - len(block)
            block += self._remaining[:needed]
            self._remaining = self._remaining[needed:]
        if not block:
            raise StopIteration
        self.size += len(block)
        return block
