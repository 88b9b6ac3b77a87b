"""Fault 8: events that can never be handled become dead letters that say why; their neighbours go on, up to a limit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro
import pytest
from msgspec.structs import asdict, replace

from penstock.application.consume import MOST_DEAD_LETTERS_IN_A_ROW
from penstock.domain.event_codec import HEADER_BYTES, MARKER, encode
from penstock.domain.events import CHUNK_READY, PROGRESS, UPLOAD_REQUESTED, ChunkDone, ChunkReady, Progress, Split
from penstock.domain.request import Request, Status, upload_requested
from tests.simulation.invariant import check_profiles, check_request
from tests.support import clear_text, messy_file
from tests.support.aftermath import expected
from tests.support.driven_system import DrivenSystem

SCHEMAS = Path(__file__).parents[2] / "schemas"
UNKNOWN = "01900000-0000-7000-8000-000000000000"  # no request's id
TOPICS = (UPLOAD_REQUESTED, CHUNK_READY, PROGRESS)


@pytest.fixture
def driven(tmp_path: Path) -> Iterator[DrivenSystem]:
    with closing(DrivenSystem(tmp_path / "data")) as system:
        yield system


def event_of(topic: str, request: Request, **changes: Any) -> Any:
    """A possible event of `request`, but for `changes`."""
    uploaded = upload_requested(request)
    if topic == UPLOAD_REQUESTED:
        return replace(uploaded, **changes)
    if topic == CHUNK_READY:
        place = {"chunk": 0, "start": 60, "end": 200, "first_line": 2}
        return ChunkReady(**{**asdict(uploaded), **place, **changes})
    said = {"tenant_id": request.tenant_id, "request_id": request.request_id, "step": Split(at_us=1, chunks=1, bytes=9)}
    return Progress(**{**said, **changes})


def written(topic: str, valid: bytes, **changes: Any) -> bytes:
    """The event `valid` with fields that `encode` would refuse."""
    schema = fastavro.parse_schema(json.loads((SCHEMAS / f"{topic.removeprefix('penstock.')}.avsc").read_text()))
    record = fastavro.schemaless_reader(BytesIO(valid[HEADER_BYTES:]), schema, schema)
    body = BytesIO()
    fastavro.schemaless_writer(body, schema, {**record, **changes})
    return valid[:HEADER_BYTES] + body.getvalue()


def poisons(topic: str, request: Request, foreign: Request) -> dict[bytes, str]:
    """Events of `topic` that can never be handled, with the reason to be told."""
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
        encode(event_of(topic, request, request_id=foreign.request_id)): impossible,
        encode(event_of(topic, request, tenant_id="other")): impossible,
    }
    return found | SPECIAL[topic](valid, request, foreign)


def special_uploads(valid: bytes, request: Request, foreign: Request) -> dict[bytes, str]:
    return {
        written(UPLOAD_REQUESTED, valid, object_key="files/default/../other/x"): "invalid_value",
        written(UPLOAD_REQUESTED, valid, object_size=-1): "invalid_value",
        encode(event_of(UPLOAD_REQUESTED, request, object_key=foreign.object_key)): "impossible_event",
        encode(event_of(UPLOAD_REQUESTED, request, object_version="another")): "impossible_event",
    }


def special_chunks(valid: bytes, request: Request, foreign: Request) -> dict[bytes, str]:
    beyond = len(messy_file.BODY) + 1
    return {
        written(CHUNK_READY, valid, start=200, end=60): "invalid_value",
        written(CHUNK_READY, valid, start=-1): "invalid_value",
        written(CHUNK_READY, valid, chunk=10_000_000): "invalid_value",
        encode(event_of(CHUNK_READY, request, end=beyond)): "impossible_event",
        encode(event_of(CHUNK_READY, request, start=beyond, end=1 << 40)): "impossible_event",
        encode(event_of(CHUNK_READY, request, object_key=foreign.object_key)): "impossible_event",
    }


def special_progress(valid: bytes, request: Request, foreign: Request) -> dict[bytes, str]:
    done = ChunkDone(at_us=1, chunk=0, rows_read=1, rows_ingested=1, rows_rejected=0)
    chunk = encode(event_of(PROGRESS, request, step=done))
    return {
        written(PROGRESS, valid, chunks=-1): "invalid_value",
        written(PROGRESS, chunk, rows_read=2): "invalid_value",
        encode(event_of(PROGRESS, request, step=replace(done, chunk=999_999))): "impossible_step",
    }


SPECIAL = {UPLOAD_REQUESTED: special_uploads, CHUNK_READY: special_chunks, PROGRESS: special_progress}


def foreign_request(driven: DrivenSystem) -> Request:
    """A request of another tenant, which is not ingested."""
    driven.system.catalog.create_source("foreign", "crm")
    form = replace(driven.form, mapping=replace(driven.form.mapping, columns=messy_file.COLUMNS[:1]))
    return driven.intake.accept("foreign", driven.intake.store("foreign", [messy_file.BODY]), form)


@pytest.mark.parametrize("topic", TOPICS)
def test_poison_is_set_aside_with_its_reason_and_its_place(driven: DrivenSystem, topic: str) -> None:
    """Poison lies before and between the events of a file that is being ingested."""
    foreign, request = foreign_request(driven), driven.upload()
    while topic == PROGRESS and not driven.system.requests.get(request.tenant_id, request.request_id).chunks_total:
        driven.step()  # from here on it is known which chunks there can be
    wanted = poisons(topic, request, foreign)
    for partition in range(driven.system.log.partitions(topic)):
        driven.send(topic, *wanted, partition=partition)
    (completed,) = driven.finish(request)
    driven.drain()
    assert completed.status is Status.COMPLETED
    check_request(driven.system, completed, expected(completed, messy_file.BODY))
    check_profiles(driven.system, [expected(completed, messy_file.BODY)])
    letters = driven.dead_letters()
    assert {letter.value: letter.reason for letter in letters} == wanted
    assert len(letters) == len(wanted) * driven.system.log.partitions(topic)
    for letter in letters:
        assert letter.from_topic == topic
        (source,) = driven.system.log.read(topic, letter.from_partition, letter.from_offset, 1)
        assert (source.value, source.key) == (letter.value, letter.from_key)
    assert clear_text.found_under(driven.data, messy_file.MARK) == {}


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_that_is_nothing_but_poison_is_not_emptied(driven: DrivenSystem, topic: str) -> None:
    """As a bad release would write it: each partition stops at the limit, and goes on with a better release."""
    partitions = driven.system.log.partitions(topic)
    beyond = MOST_DEAD_LETTERS_IN_A_ROW + 7
    for partition in range(partitions):
        driven.send(topic, *[b"poison %d" % number for number in range(beyond)], partition=partition)
    driven.drain()
    letters = driven.dead_letters()
    assert len(letters) == MOST_DEAD_LETTERS_IN_A_ROW * partitions
    loop = {UPLOAD_REQUESTED: driven.splitter, CHUNK_READY: driven.worker, PROGRESS: driven.tracker}[topic]
    assert not loop.healthy
    group = {UPLOAD_REQUESTED: "penstock.splitters", CHUNK_READY: "penstock.workers", PROGRESS: "penstock.trackers"}
    assert driven.system.log.lag(group[topic], topic) == 7 * partitions


def test_a_later_good_event_starts_the_count_anew(driven: DrivenSystem) -> None:
    request = driven.upload()
    for _ in range(3):
        driven.send(CHUNK_READY, *[b"poison"] * (MOST_DEAD_LETTERS_IN_A_ROW - 1), partition=0)
        driven.send(CHUNK_READY, encode(event_of(CHUNK_READY, request)), partition=0)
        driven.send(CHUNK_READY, b"poison", partition=0)
    driven.drain()
    assert driven.worker.healthy
    assert len(driven.dead_letters()) == 3 * MOST_DEAD_LETTERS_IN_A_ROW
