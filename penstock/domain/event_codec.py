"""Events as bytes: Avro single-object encoding, see schemas/README.md.

Format: Apache Avro 1.12 specification, "Single-object encoding": C3 01, the writer schema's CRC-64-AVRO fingerprint in
little-endian order, the binary body. The schemas of all released versions are included, so no registry is needed.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import fastavro
import msgspec
from fastavro.schema import to_parsing_canonical_form

from penstock.domain.errors import PenstockError
from penstock.domain.events import (
    CHUNK_EXPRESS,
    CHUNK_READY,
    ChunkReady,
    DeadLetter,
    Event,
    Progress,
    StatusChanged,
    UploadOffered,
    UploadRequested,
)
from penstock.domain.requests.request import Status

MARKER = b"\xc3\x01"
HEADER_BYTES = len(MARKER) + 8

Schema = dict[str, Any]
Avro = dict[str, Any]

_PATTERN = re.compile(r"Expected `str` matching regex .* - at `\$\.(\w+)`", re.DOTALL)
_PATTERN_DESCRIPTIONS = {
    "tenant_id": "is not a valid tenant name",
    "request_id": "is not a UUIDv7 in lower case",
    "publisher_id": "is not a valid publisher id",
    "object_key": "is not a valid object key",
}
_SCHEMA_NAMES: dict[type[Event], str] = {  # the schema's name
    UploadRequested: "upload-requested",
    UploadOffered: "upload-offered",
    ChunkReady: "chunk-ready",
    Progress: "progress",
    StatusChanged: "status",
    DeadLetter: "dead-letter",
}


class UnreadableEvent(PenstockError):
    """Bytes that can never be decoded as an event; they become a dead letter.

    `reason_code`: `truncated`, `unknown_schema` or `invalid_value`.
    """

    code = "unreadable_event"

    def __init__(self, reason_code: str, message: str) -> None:
        super().__init__(message)
        self.reason_code = reason_code
        self.message = message


def encode(event: Event) -> bytes:
    """`event` as bytes. Raises ValueError for an event that `decode` would refuse."""
    try:
        _checked(msgspec.to_builtins(event, builtin_types=(bytes,)), type(event))
    except ValueError as error:
        raise ValueError(f"{type(event).__name__}: {error}") from error
    catalogue = _catalogue(type(event))
    body = BytesIO()
    fastavro.schemaless_writer(body, catalogue.current, _to_avro(event))
    return catalogue.header + body.getvalue()


def decode(topic: str, value: bytes) -> Event:
    """The event with the bytes `value` in `topic`. Raises `UnreadableEvent`."""
    kind, writer = _writer_schema(topic, value)
    record = _read(value, writer, _catalogue(kind).current)
    try:
        return _checked(_nested_progress(record) if kind is Progress else record, kind)
    except ValueError as error:
        raise UnreadableEvent("invalid_value", str(error)) from error


class _Catalogue(msgspec.Struct, frozen=True):
    """The schemas of one type of event. `known`: those of all releases, by fingerprint."""

    current: Schema
    header: bytes
    known: dict[bytes, Schema]


@cache
def _catalogue(kind: type[Event]) -> _Catalogue:
    name = _SCHEMA_NAMES[kind]
    current = _load(_schemas() / f"{name}.avsc")
    released = [_load(file) for file in (_schemas() / "released" / name).iterdir()]
    known = {_fingerprint(schema): schema for schema in [*released, current]}
    return _Catalogue(current, MARKER + _fingerprint(current), known)


def _schemas() -> Traversable:
    """The folder of schemas: inside the installed package, or beside it in a checkout."""
    packaged = files("penstock") / "schemas"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "schemas"


def _load(file: Traversable) -> Schema:
    return cast(Schema, fastavro.parse_schema(json.loads(file.read_text("utf-8"))))


def _fingerprint(schema: Schema) -> bytes:
    return bytes.fromhex(fastavro.schema.fingerprint(to_parsing_canonical_form(schema), "CRC-64-AVRO"))


def _writer_schema(topic: str, value: bytes) -> tuple[type[Event], Schema]:
    """The type of event of `value`, among those of the topic, and the schema that it was written with."""
    topic = CHUNK_READY if topic == CHUNK_EXPRESS else topic
    kinds = [kind for kind in _SCHEMA_NAMES if kind.topic == topic]
    if not kinds:
        raise UnreadableEvent("unknown_schema", f"{topic} is not a topic of Penstock")
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
    except Exception as error:  # fastavro's errors for invalid bytes have no common base
        if isinstance(error, EOFError | IndexError) and body.tell() == len(value):  # IndexError: within a number
            raise UnreadableEvent("truncated", f"the value ends after {len(value)} bytes, within a field") from error
        raise UnreadableEvent(
            "invalid_value", f"the value does not match its schema: {type(error).__name__}"
        ) from error
    if body.tell() != len(value):
        raise UnreadableEvent("invalid_value", f"{len(value) - body.tell()} bytes follow the record")
    return record


def _to_avro(event: Event) -> Avro:
    return _flat_progress(event) if isinstance(event, Progress) else msgspec.structs.asdict(event)


def _flat_progress(event: Progress) -> Avro:
    """One flat record for all steps, because unions of records are not reliable in Avro libraries."""
    step: Avro = msgspec.to_builtins(event.step)
    problem = step.pop("problem", {})
    problem_fields = {f"problem_{name}": problem.get(name) for name in ("code", "title", "detail")}
    identity = {"tenant_id": event.tenant_id, "request_id": event.request_id}
    return {**identity, "step": step.pop("type"), **step, **problem_fields, "faults": problem.get("faults", [])}


def _nested_progress(record: Avro) -> Avro:
    """The inverse of `_flat_progress`; ignores fields of other steps; msgspec detects missing fields."""
    present = {name: value for name, value in record.items() if value is not None}
    problem = {name: present.get(f"problem_{name}") for name in ("code", "title", "detail")}
    step = {**present, "type": present["step"], "problem": {**problem, "faults": present["faults"]}}
    return {"tenant_id": record["tenant_id"], "request_id": record["request_id"], "step": step}


def _checked(fields: Avro, kind: type[Event]) -> Event:
    """The event with these fields. Raises ValueError, which names the invalid field."""
    try:
        event: Event = msgspec.convert(fields, kind)
    except msgspec.ValidationError as error:
        raise ValueError(_without_pattern(str(error))) from error
    if isinstance(event, StatusChanged) and event.status not in Status.__members__:
        raise ValueError("status is not a request's status")
    return event


def _without_pattern(error: str) -> str:
    """The message with a description instead of a regular expression."""
    match = _PATTERN.fullmatch(error)
    return f"{match[1]} {_PATTERN_DESCRIPTIONS[match[1]]}" if match else error
