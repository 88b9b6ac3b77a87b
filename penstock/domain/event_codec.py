"""Events as bytes: Avro single-object encoding, see schemas/README.md.

Format: Apache Avro 1.12 specification, "Single-object encoding": C3 01, the writer schema's CRC-64-AVRO fingerprint in
little-endian order, the binary body. The schema of every released version is at hand, so that no registry is needed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from io import BytesIO
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import fastavro
import msgspec
from fastavro.schema import to_parsing_canonical_form

from penstock.domain.errors import PenstockError
from penstock.domain.events import (
    ChunkDone,
    ChunkReady,
    DeadLetter,
    Event,
    Progress,
    Split,
    StatusChanged,
    Step,
    UploadOffered,
    UploadRequested,
)
from penstock.domain.requests.request import Status
from penstock.domain.tenants import is_tenant

MARKER = b"\xc3\x01"
HEADER_BYTES = len(MARKER) + 8
SIGNATURE_BYTES = 32  # HMAC-SHA-256
MAX_CHUNKS = 1_000_000  # of one request: the tracker keeps a bit for each, so that no event makes it keep over 125 kB

Schema = dict[str, Any]
Avro = dict[str, Any]

_OBJECT_KEY = re.compile(r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*\Z")
_PUBLISHER = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")
_OFFER_TEXTS = {"event_id": 200, "object_uri": 2_048, "object_version": 1_100, "file_name": 4_096, "data_source": 200}
_SCHEMA_NAMES: dict[type[Event], str] = {  # the name of each one's schema
    UploadRequested: "upload-requested",
    UploadOffered: "upload-offered",
    ChunkReady: "chunk-ready",
    Progress: "progress",
    StatusChanged: "status",
    DeadLetter: "dead-letter",
}


class UnreadableEvent(PenstockError):
    """These bytes are no event, and never will be: they belong into the dead letters.

    `reason_code`: `truncated`, `unknown_schema` or `invalid_value`.
    """

    code = "unreadable_event"

    def __init__(self, reason_code: str, message: str) -> None:
        super().__init__(message)
        self.reason_code = reason_code
        self.message = message


def encode(event: Event) -> bytes:
    """`event` on the wire. Raises ValueError for one that `decode` would refuse."""
    impossible = next(_impossible(event), None)
    if impossible:
        raise ValueError(f"{type(event).__name__}: {impossible}")
    catalogue = _catalogue(type(event))
    body = BytesIO()
    fastavro.schemaless_writer(body, catalogue.present, _to_avro(event))
    return catalogue.header + body.getvalue()


def decode(topic: str, value: bytes) -> Event:
    """The event that lies in `topic` as `value`. Raises `UnreadableEvent`."""
    kind, writer = _writer_schema(topic, value)
    record = _read(value, writer, _catalogue(kind).present)
    try:
        event = _from_avro(kind, record)
    except msgspec.ValidationError as error:
        raise UnreadableEvent("invalid_value", str(error)) from error
    impossible = next(_impossible(event), None)
    if impossible:
        raise UnreadableEvent("invalid_value", impossible)
    return event


class _Catalogue(msgspec.Struct, frozen=True):
    """The schemas of one type of event. `known`: by fingerprint, all that any release writes."""

    present: Schema
    header: bytes
    known: dict[bytes, Schema]


@cache
def _catalogue(kind: type[Event]) -> _Catalogue:
    name = _SCHEMA_NAMES[kind]
    present = _load(_schemas() / f"{name}.avsc")
    released = [_load(file) for file in (_schemas() / "released" / name).iterdir()]
    known = {_fingerprint(schema): schema for schema in [*released, present]}
    return _Catalogue(present, MARKER + _fingerprint(present), known)


def _schemas() -> Traversable:
    """The folder of schemas: inside the package where it is installed, beside it in a checkout."""
    packaged = files("penstock") / "schemas"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "schemas"


def _load(file: Traversable) -> Schema:
    return cast(Schema, fastavro.parse_schema(json.loads(file.read_text("utf-8"))))


def _fingerprint(schema: Schema) -> bytes:
    return bytes.fromhex(fastavro.schema.fingerprint(to_parsing_canonical_form(schema), "CRC-64-AVRO"))


def _writer_schema(topic: str, value: bytes) -> tuple[type[Event], Schema]:
    """Which of the topic's types of event `value` is, and the schema that it was written with."""
    kinds = [kind for kind in _SCHEMA_NAMES if kind.topic == topic]
    if not kinds:
        raise UnreadableEvent("unknown_schema", f"{topic} is no topic of Penstock's")
    if value[:2] != MARKER[: len(value)]:
        raise UnreadableEvent("unknown_schema", "the value does not begin with Avro's single-object marker C3 01")
    if len(value) < HEADER_BYTES:
        raise UnreadableEvent("truncated", f"the value has {len(value)} bytes, its header alone has {HEADER_BYTES}")
    fingerprint = value[len(MARKER) : HEADER_BYTES]
    for kind in kinds:
        if schema := _catalogue(kind).known.get(fingerprint):
            return kind, schema
    raise UnreadableEvent("unknown_schema", f"no schema of this topic has the fingerprint {fingerprint.hex()}")


def _read(value: bytes, writer: Schema, reader: Schema) -> Avro:
    body = BytesIO(value)
    body.seek(HEADER_BYTES)
    try:
        record = cast(Avro, fastavro.schemaless_reader(body, writer, reader))
    except Exception as error:  # fastavro's errors for foreign bytes have no common base
        if isinstance(error, EOFError | IndexError) and body.tell() == len(value):  # IndexError: within a number
            raise UnreadableEvent("truncated", f"the value ends after {len(value)} bytes, within a field") from error
        raise UnreadableEvent("invalid_value", f"no record of its schema: {type(error).__name__}") from error
    if body.tell() != len(value):
        raise UnreadableEvent("invalid_value", f"{len(value) - body.tell()} bytes follow the record")
    return record


def _to_avro(event: Event) -> Avro:
    return _flat_progress(event) if isinstance(event, Progress) else msgspec.structs.asdict(event)


def _from_avro(kind: type[Event], record: Avro) -> Event:
    if kind is Progress:
        record = _nested_progress(record)
    event: Event = msgspec.convert(record, kind)
    return event


def _flat_progress(event: Progress) -> Avro:
    """One flat record for every step: Avro's unions of records are not to be relied on."""
    step: Avro = msgspec.to_builtins(event.step)
    problem = step.pop("problem", {})
    problem_fields = {f"problem_{name}": problem.get(name) for name in ("code", "title", "detail")}
    identity = {"tenant_id": event.tenant_id, "request_id": event.request_id}
    return {**identity, "step": step.pop("type"), **step, **problem_fields, "faults": problem.get("faults", [])}


def _nested_progress(record: Avro) -> Avro:
    """The inverse of `_flat_progress`; fields of other steps are ignored, missing ones are found by msgspec."""
    present = {name: value for name, value in record.items() if value is not None}
    problem = {name: present.get(f"problem_{name}") for name in ("code", "title", "detail")}
    step = {**present, "type": present["step"], "problem": {**problem, "faults": present["faults"]}}
    return {"tenant_id": record["tenant_id"], "request_id": record["request_id"], "step": step}


def _impossible(event: Event) -> Iterator[str]:
    """What `event` says that cannot be."""
    match event:
        case DeadLetter():
            yield from _below(event, 0, "from_partition", "from_offset", "at_us")
            return
        case UploadOffered():
            yield from _impossible_offer(event)
            return
        case UploadRequested():
            yield from _impossible_object(event)
        case ChunkReady():
            yield from _impossible_object(event)
            yield from _impossible_chunk(event.chunk)
            yield from _below(event, 0, "start")
            yield from _below(event, event.start + 1, "end")
            yield from _below(event, 1, "first_line")
        case StatusChanged():
            yield from _below(event, 0, "at_us")
            yield from _impossible_rows(event)
            if event.status not in Status.__members__:
                yield "status is none of a request's"
        case Progress():
            yield from _impossible_step(event.step)
    if not is_tenant(event.tenant_id):
        yield "tenant_id is no tenant's name"
    if not _is_uuid7(event.request_id):
        yield "request_id is no UUIDv7 in its lower-case form"


def _impossible_step(step: Step) -> Iterator[str]:
    yield from _below(step, 0, "at_us")
    match step:
        case Split():
            yield from _below(step, 0, "chunks", "bytes")
            if step.chunks > MAX_CHUNKS:
                yield f"chunks is over {MAX_CHUNKS}"
        case ChunkDone():
            yield from _impossible_chunk(step.chunk)
            yield from _impossible_rows(step)
            if any(count < 1 for count in step.reject_reasons.values()):
                yield "reject_reasons holds a count below 1"
            if sum(step.reject_reasons.values()) != step.rows_rejected:
                yield "reject_reasons do not add up to rows_rejected"


def _impossible_object(event: UploadRequested | ChunkReady) -> Iterator[str]:
    yield from _below(event, 0, "object_size")
    if not _OBJECT_KEY.match(event.object_key) or {".", ".."} & set(event.object_key.split("/")):
        yield "object_key is no plain path"
    if not event.object_version:
        yield "object_version is empty"


def _impossible_offer(event: UploadOffered) -> Iterator[str]:
    if not is_tenant(event.tenant_id):
        yield "tenant_id is no tenant's name"
    if not _PUBLISHER.match(event.publisher_id):
        yield "publisher_id is none that Penstock gives out"
    for name, most in _OFFER_TEXTS.items():
        if not 1 <= len(getattr(event, name)) <= most:
            yield f"{name} has not between 1 and {most} characters"
    if event.mapping_version is not None and event.mapping_version < 1:
        yield "mapping_version is below 1"
    if event.segment == "":
        yield "segment is empty"
    if len(event.signature) != SIGNATURE_BYTES:
        yield f"signature has not {SIGNATURE_BYTES} bytes"
    yield from _below(event, 0, "issued_at_us")


def _impossible_chunk(chunk: int) -> Iterator[str]:
    if not 0 <= chunk < MAX_CHUNKS:
        yield f"chunk is not within 0 and {MAX_CHUNKS - 1}"


def _impossible_rows(counts: ChunkDone | StatusChanged) -> Iterator[str]:
    yield from _below(counts, 0, "rows_read", "rows_ingested", "rows_rejected")
    if counts.rows_read != counts.rows_ingested + counts.rows_rejected:
        yield "rows_read is not rows_ingested + rows_rejected"


def _below(event: Event | Step, least: int, *names: str) -> Iterator[str]:
    return (f"{name} is below {least}" for name in names if getattr(event, name) < least)


def _is_uuid7(text: str) -> bool:
    try:
        uuid = UUID(text)
    except ValueError:
        return False
    return uuid.version == 7 and str(uuid) == text
