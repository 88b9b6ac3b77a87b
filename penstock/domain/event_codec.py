"""Events as bytes: Avro single-object encoding, see schemas/README.md.

Format: Apache Avro 1.12 specification, "Single-object encoding": C3 01, the writer schema's CRC-64-AVRO fingerprint in
little-endian order, the binary body. The schema of every released version is at hand, so that no registry is needed.
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
_PATTERN_IN_WORDS = {
    "tenant_id": "is no tenant's name",
    "request_id": "is no UUIDv7 in its lower-case form",
    "publisher_id": "is none that Penstock gives out",
    "object_key": "is no plain path",
}
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
    try:
        _checked(msgspec.to_builtins(event, builtin_types=(bytes,)), type(event))
    except ValueError as error:
        raise ValueError(f"{type(event).__name__}: {error}") from error
    catalogue = _catalogue(type(event))
    body = BytesIO()
    fastavro.schemaless_writer(body, catalogue.present, _to_avro(event))
    return catalogue.header + body.getvalue()


def decode(topic: str, value: bytes) -> Event:
    """The event that lies in `topic` as `value`. Raises `UnreadableEvent`."""
    kind, writer = _writer_schema(topic, value)
    record = _read(value, writer, _catalogue(kind).present)
    try:
        return _checked(_nested_progress(record) if kind is Progress else record, kind)
    except ValueError as error:
        raise UnreadableEvent("invalid_value", str(error)) from error


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


def _checked(fields: Avro, kind: type[Event]) -> Event:
    """Raises ValueError, which says what `fields` hold that cannot be."""
    try:
        event: Event = msgspec.convert(fields, kind)
    except msgspec.ValidationError as error:
        raise ValueError(_worded(str(error))) from error
    if isinstance(event, StatusChanged) and event.status not in Status.__members__:
        raise ValueError("status is none of a request's")
    return event


def _worded(error: str) -> str:
    """Words in place of a pattern."""
    found = _PATTERN.fullmatch(error)
    return f"{found[1]} {_PATTERN_IN_WORDS[found[1]]}" if found else error
