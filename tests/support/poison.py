"""Events that can never be handled, of every topic, each with the reason that its dead letter has to tell."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro
from msgspec.structs import asdict, replace

from penstock.application.uploads.upload_command import UploadCommand
from penstock.domain.event_codec import HEADER_BYTES, MARKER, encode
from penstock.domain.events import CHUNK_READY, PROGRESS, UPLOAD_REQUESTED, ChunkDone, ChunkReady, Progress, Started
from penstock.domain.requests.request import Request, upload_requested
from penstock.wiring import System
from penstock.wiring.uploads import intake_of
from tests.support import messy_file

SCHEMAS = Path(__file__).parents[2] / "schemas"
UNKNOWN = "01900000-0000-7000-8000-000000000000"  # no request's id


def event_of(topic: str, request: Request, **changes: Any) -> Any:
    """A possible event of `request`, but for `changes`."""
    uploaded = upload_requested(request)
    if topic == UPLOAD_REQUESTED:
        return replace(uploaded, **changes)
    if topic == CHUNK_READY:
        place = {"chunk": 0, "start": 60, "end": 200, "first_line": 2}
        object_of = {name: value for name, value in asdict(uploaded).items() if name != "put_back"}
        return ChunkReady(**{**object_of, **place, **changes})
    output = {
        "tenant_id": request.tenant_id,
        "request_id": request.request_id,
        "step": Started(at_us=1),
    }
    return Progress(**{**output, **changes})


def written(topic: str, valid: bytes, **changes: Any) -> bytes:
    """The event `valid` with fields that `encode` would refuse."""
    schema = fastavro.parse_schema(json.loads((SCHEMAS / f"{topic.removeprefix('penstock.')}.avsc").read_text()))
    record = fastavro.schemaless_reader(BytesIO(valid[HEADER_BYTES:]), schema, schema)
    body = BytesIO()
    fastavro.schemaless_writer(body, schema, {**record, **changes})
    return valid[:HEADER_BYTES] + body.getvalue()


def poisons(topic: str, request: Request, external: Request) -> dict[bytes, str]:
    """Events of `topic` that can never be handled, with the expected reason."""
    valid = encode(event_of(topic, request))
    impossible = "unknown_request" if topic == PROGRESS else "not_found"
    found = {
        b"": "truncated",
        valid[:5]: "truncated",
        valid[:-1]: "truncated",
        b"hello": "unknown_schema",
        MARKER + bytes(8) + valid[HEADER_BYTES:]: "unknown_schema",
        valid + b"\0": "invalid_value",
        written(topic, valid, request_id="../../etc/passwd"): "invalid_value",
        written(topic, valid, tenant_id=""): "invalid_value",
        encode(event_of(topic, request, request_id=UNKNOWN)): impossible,
        encode(event_of(topic, request, request_id=external.request_id)): impossible,
        encode(event_of(topic, request, tenant_id="other")): impossible,
    }
    return found | SPECIAL[topic](valid, request, external)


def special_uploads(valid: bytes, request: Request, external: Request) -> dict[bytes, str]:
    return {
        written(UPLOAD_REQUESTED, valid, object_key="files/default/../other/x"): "invalid_value",
        written(UPLOAD_REQUESTED, valid, object_size=-1): "invalid_value",
        encode(event_of(UPLOAD_REQUESTED, request, object_key=external.object_key)): "impossible_event",
        encode(event_of(UPLOAD_REQUESTED, request, object_version="another")): "impossible_event",
    }


def special_chunks(valid: bytes, request: Request, external: Request) -> dict[bytes, str]:
    beyond = len(messy_file.BODY) + 1
    return {
        written(CHUNK_READY, valid, start=200, end=60): "invalid_value",
        written(CHUNK_READY, valid, start=-1): "invalid_value",
        written(CHUNK_READY, valid, chunk=10_000_000): "invalid_value",
        encode(event_of(CHUNK_READY, request, end=beyond)): "impossible_event",
        encode(event_of(CHUNK_READY, request, start=beyond, end=1 << 40)): "impossible_event",
        encode(event_of(CHUNK_READY, request, object_key=external.object_key)): "impossible_event",
    }


def special_progress(valid: bytes, request: Request, external: Request) -> dict[bytes, str]:
    done = ChunkDone(at_us=1, chunk=0, rows_read=1, rows_ingested=1, rows_rejected=0)
    chunk = encode(event_of(PROGRESS, request, step=done))
    return {
        written(PROGRESS, chunk, work_us=-1): "invalid_value",
        written(PROGRESS, chunk, rows_read=2): "invalid_value",
        encode(event_of(PROGRESS, request, step=replace(done, chunk=999_999))): "impossible_step",
    }


SPECIAL = {UPLOAD_REQUESTED: special_uploads, CHUNK_READY: special_chunks, PROGRESS: special_progress}


def external_request(system: System, command: UploadCommand) -> Request:
    """A request of another tenant, which is not ingested."""
    system.catalog.create_source("foreign", "crm")
    assert command.mapping is not None
    intake, mapping = intake_of(system), replace(command.mapping, columns=messy_file.COLUMNS[:1])
    command = replace(command, mapping=mapping, notify=())
    return intake.accept("foreign", intake.store("foreign", [messy_file.BODY]), command).request
