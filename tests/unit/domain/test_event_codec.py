import json
import shutil
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import fastavro
import msgspec
import pytest
from fastavro.schema import to_parsing_canonical_form
from fastavro.utils import generate_one
from hypothesis import given
from hypothesis import strategies as st

import penstock
from penstock.domain import event_codec
from penstock.domain.errors import Fault, Problem
from penstock.domain.event_codec import HEADER_BYTES, MARKER, UnreadableEvent, decode, encode
from penstock.domain.events import (
    CHUNK_READY,
    DEAD_LETTER,
    MAX_CHUNKS,
    PROGRESS,
    STATUS,
    UPLOAD_OFFERED,
    UPLOAD_REQUESTED,
    ChunkDone,
    ChunkReady,
    DeadLetter,
    Event,
    FileRefused,
    Progress,
    Started,
    StatusChanged,
    UploadOffered,
    UploadRequested,
)
from penstock.domain.mapping.mapping import Mode
from penstock.domain.requests.request import Status
from penstock.domain.tenants import TENANT

TOPICS = (UPLOAD_REQUESTED, UPLOAD_OFFERED, CHUNK_READY, PROGRESS, STATUS, DEAD_LETTER)
NAMES = {  # of the schema of each type of event
    UploadRequested: "upload-requested",
    UploadOffered: "upload-offered",
    ChunkReady: "chunk-ready",
    Progress: "progress",
    StatusChanged: "status",
    DeadLetter: "dead-letter",
}
SCHEMAS = next(
    folder
    for folder in (Path(penstock.__file__).parent / "schemas", Path(penstock.__file__).parents[1] / "schemas")
    if folder.is_dir()
)
RELEASED = sorted(SCHEMAS.glob("released/*/*.avsc"))
FINGERPRINTS = {
    "chunk-ready/1": "e1762ff50ba7e581",
    "dead-letter/1": "8880f3a835171ba2",
    "progress/1": "5e315ac3c52d551e",
    "status/1": "eb6d4e09aca2775e",
    "upload-offered/1": "cafd67b8d509804a",
    "upload-requested/1": "660c3d72eab71892",
}

counts = st.integers(0, 2**40)
texts = st.text(st.characters(codec="utf-8"), max_size=20)
names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
requests = st.integers(0, 2**128 - 1).map(
    lambda bits: str(UUID(int=bits & ~(0xF << 76) & ~(0x3 << 62) | (0x7 << 76) | (0x2 << 62)))
)
tenants = st.from_regex(TENANT, fullmatch=True)
identity = {"tenant_id": tenants, "request_id": requests}
stored_object = {
    "object_key": st.from_regex(r"[a-z0-9]{1,8}(/[A-Za-z0-9_-]{1,8}\.tsv){0,3}", fullmatch=True),
    "object_version": names,
    "object_size": counts,
}
faults = st.builds(Fault, code=texts, message=texts, hint=texts, column=st.none() | texts, position=st.none() | counts)
problems = st.builds(Problem, code=texts, title=texts, detail=texts, faults=st.lists(faults, max_size=3))


@st.composite
def chunk_ready(draw: st.DrawFn) -> ChunkReady:
    start = draw(counts)
    return draw(st.builds(ChunkReady, **identity, **stored_object, chunk=st.integers(0, MAX_CHUNKS - 1),
                          start=st.just(start), end=st.integers(start + 1, start + 2**30),
                          first_line=st.integers(1, 2**40)))  # fmt: skip


@st.composite
def chunk_done(draw: st.DrawFn) -> ChunkDone:
    reasons = draw(st.dictionaries(texts, st.integers(1, 2**30), max_size=4))
    ingested, rejected = draw(counts), sum(reasons.values())
    return ChunkDone(
        at_us=draw(counts),
        chunk=draw(st.integers(0, MAX_CHUNKS - 1)),
        rows_read=ingested + rejected,
        rows_ingested=ingested,
        rows_rejected=rejected,
        reject_reasons=reasons,
        dropped_cells=draw(
            st.dictionaries(texts, st.dictionaries(texts, st.integers(1, 2**30), min_size=1, max_size=2), max_size=2)
        ),
        blank_words=draw(st.dictionaries(texts, st.dictionaries(texts, st.integers(1, 2**30), max_size=2), max_size=2)),
    )


@st.composite
def status_changed(draw: st.DrawFn) -> StatusChanged:
    ingested, rejected = draw(counts), draw(counts)
    return draw(st.builds(StatusChanged, **identity, status=st.sampled_from(Status).map(str), data_source=texts,
                          at_us=counts, rows_read=st.just(ingested + rejected), rows_accepted=st.just(ingested),
                          rows_ingested=st.sampled_from([0, ingested]), rows_rejected=st.just(rejected),
                          publisher_id=st.none() | texts, problem_code=st.none() | texts))  # fmt: skip


steps = st.builds(Started, at_us=counts) | st.builds(FileRefused, at_us=counts, problem=problems) | chunk_done()
offers = st.builds(
    UploadOffered,
    tenant_id=tenants,
    publisher_id=st.from_regex(r"[A-Za-z0-9._-]{1,64}", fullmatch=True),
    event_id=names,
    object_uri=names,
    object_version=names,
    file_name=names,
    data_source=names,
    mapping_version=st.none() | st.integers(1, 2**40),
    mode=st.sampled_from(Mode),
    segment=st.none() | names,
    as_of_us=st.none() | counts,
    notify=st.lists(texts, max_size=3).map(tuple),
    issued_at_us=counts,
    signature=st.binary(min_size=32, max_size=32),
)
dead_letters = st.builds(DeadLetter, from_partition=counts, from_offset=counts, at_us=counts)
events: st.SearchStrategy[Event] = (
    st.builds(UploadRequested, **identity, **stored_object)
    | offers
    | chunk_ready()
    | st.builds(Progress, **identity, step=steps)
    | status_changed()
    | dead_letters
)


def load(path: Path) -> Any:
    return fastavro.parse_schema(json.loads(path.read_text()))


def present(kind: type[Event]) -> Any:
    return load(SCHEMAS / f"{NAMES[kind]}.avsc")


def body(schema: Any, record: dict[str, Any]) -> bytes:
    out = BytesIO()
    fastavro.schemaless_writer(out, schema, record)
    return out.getvalue()


def resolve(data: bytes, writer: Any, reader: Any) -> Any:
    return fastavro.schemaless_reader(BytesIO(data), writer, reader)


def crc_64_avro(data: bytes) -> int:
    """The algorithm as the Avro specification prints it."""
    empty = 0xC15D213AA4D7A795
    table = []
    for number in range(256):
        for _ in range(8):
            number = number >> 1 ^ (empty if number & 1 else 0)
        table.append(number)
    fingerprint = empty
    for byte in data:
        fingerprint = fingerprint >> 8 ^ table[(fingerprint ^ byte) & 0xFF]
    return fingerprint


def header(schema: Any) -> bytes:
    return MARKER + crc_64_avro(to_parsing_canonical_form(schema).encode()).to_bytes(8, "little")


def outcome(topic: str, value: bytes) -> str:
    """`event` when `value` is one that survives a round trip, otherwise why it is refused."""
    try:
        event = decode(topic, value)
    except UnreadableEvent as error:
        return error.reason_code
    assert decode(topic, encode(event)) == event
    return "event"


def refused(topic: str, value: bytes) -> str:
    with pytest.raises(UnreadableEvent) as caught:
        decode(topic, value)
    return caught.value.reason_code


# Round trips


@given(events)
def test_an_encoded_event_is_decoded(event: Event) -> None:
    assert decode(event.topic, encode(event)) == event


@given(events)
def test_the_header_is_the_one_of_the_specification(event: Event) -> None:
    assert encode(event).startswith(header(present(type(event))))


# Foreign bytes


@given(st.sampled_from(TOPICS), st.binary(max_size=80))
def test_arbitrary_bytes_are_refused(topic: str, value: bytes) -> None:
    assert refused(topic, value) in {"truncated", "unknown_schema"}


@given(st.sampled_from(list(NAMES)), st.binary(max_size=200))
def test_an_arbitrary_body_is_an_event_or_refused(kind: type[Event], value: bytes) -> None:
    assert outcome(kind.topic, header(present(kind)) + value) in {"event", "truncated", "invalid_value"}


@given(events, st.data())
def test_a_truncated_event_is_refused(event: Event, data: st.DataObject) -> None:
    value = encode(event)
    assert refused(event.topic, value[: data.draw(st.integers(0, len(value) - 1))]) == "truncated"


@given(events, st.data())
def test_a_changed_byte_never_ends_in_anything_but_an_event_or_a_refusal(event: Event, data: st.DataObject) -> None:
    value = bytearray(encode(event))
    value[data.draw(st.integers(0, len(value) - 1))] ^= data.draw(st.integers(1, 255))
    assert outcome(event.topic, bytes(value)) in {"event", "truncated", "unknown_schema", "invalid_value"}


@given(events)
def test_bytes_behind_an_event_are_refused(event: Event) -> None:
    assert refused(event.topic, encode(event) + b"\0") == "invalid_value"


@given(events, st.sampled_from(TOPICS))
def test_an_event_in_the_wrong_topic_is_refused(event: Event, topic: str) -> None:
    if topic != event.topic:
        assert refused(topic, encode(event)) == "unknown_schema"


def test_an_unknown_topic_is_refused() -> None:
    assert refused("penstock.nowhere", encode(PROGRESSED)) == "unknown_schema"


def test_a_length_that_claims_more_than_there_is_takes_no_memory() -> None:
    forty_gigabytes = b"\x80\x80\x80\x80\x80\x05"
    assert refused(UPLOAD_REQUESTED, header(present(UploadRequested)) + forty_gigabytes + b"x") == "truncated"


# Impossible values

REQUEST = "018f3b1e-7b3a-7c4d-8e5f-0123456789ab"
OBJECT: dict[str, Any] = {"object_key": "t/files/a.sealed", "object_version": "v1", "object_size": 10}
UPLOADED = UploadRequested(tenant_id="t", request_id=REQUEST, **OBJECT)
OFFERED = UploadOffered(tenant_id="t", publisher_id="p", event_id="e", object_uri="s3://b/k", object_version="etag:1",
                        file_name="f.tsv", data_source="crm", issued_at_us=1, signature=bytes(32))  # fmt: skip
READY = ChunkReady(tenant_id="t", request_id=REQUEST, **OBJECT, chunk=3, start=10, end=20, first_line=2)
DONE = ChunkDone(at_us=1, chunk=0, rows_read=5, rows_ingested=3, rows_rejected=2, reject_reasons={"no_identifier": 2})
PROGRESSED = Progress(tenant_id="t", request_id=REQUEST, step=DONE)
CHANGED = StatusChanged(tenant_id="t", request_id=REQUEST, data_source="crm", status="COMPLETED", at_us=1, rows_read=5,
                        rows_accepted=3, rows_ingested=3, rows_rejected=2)  # fmt: skip
LETTER = DeadLetter(from_topic=PROGRESS, from_partition=0, from_offset=7, from_key=b"k", value=b"v", reason="truncated",
                    message="", at_us=1)  # fmt: skip

IMPOSSIBLE: list[tuple[Event, dict[str, Any]]] = [
    *((event, {"tenant_id": ""}) for event in (UPLOADED, OFFERED, READY, PROGRESSED, CHANGED)),
    *((event, {"tenant_id": ".."}) for event in (UPLOADED, OFFERED, READY, PROGRESSED, CHANGED)),
    *((UPLOADED, {"tenant_id": text}) for text in ("a/b", "A", "a\n", "a" * 65)),
    *((OFFERED, {"publisher_id": text}) for text in ("", "a/b", "a\n", "a" * 65)),
    *((OFFERED, {"event_id": text}) for text in ("", "e" * 201)),
    *((OFFERED, {name: ""}) for name in ("object_uri", "object_version", "file_name", "data_source", "segment")),
    (OFFERED, {"object_uri": "s3://b/" + "k" * 2_048}),
    (OFFERED, {"mapping_version": 0}),
    (OFFERED, {"as_of_us": -1}),
    (OFFERED, {"issued_at_us": -1}),
    (OFFERED, {"signature": bytes(31)}),
    (OFFERED, {"signature": bytes(33)}),
    *(
        (UPLOADED, {"request_id": text})
        for text in (
            "",
            "r1",
            REQUEST.upper(),
            REQUEST.replace("-", ""),
            REQUEST.replace("-7c", "-4c"),
            f"{{{REQUEST}}}",
        )
    ),
    *(
        (UPLOADED, {"object_key": key})
        for key in ("", "/a", "a/", "a//b", "../a", "a/..", "a/./b", "a b", "a%2e", "a\n")
    ),
    (UPLOADED, {"object_version": ""}),
    (UPLOADED, {"object_size": -1}),
    (READY, {"object_key": "../a"}),
    (READY, {"chunk": -1}),
    (READY, {"chunk": MAX_CHUNKS}),
    (READY, {"start": -1}),
    (READY, {"end": 9}),
    (READY, {"end": 10}),
    (READY, {"first_line": 0}),
    (CHANGED, {"status": "DONE"}),
    (CHANGED, {"rows_read": 6}),
    (CHANGED, {"rows_read": 1, "rows_rejected": -2}),
    (CHANGED, {"rows_ingested": 2}),
    (CHANGED, {"at_us": -1}),
    (PROGRESSED, {"step": (Started(at_us=1), {"at_us": -1})}),
    (PROGRESSED, {"step": (DONE, {"chunk": -1})}),
    (PROGRESSED, {"step": (DONE, {"rows_read": 6})}),
    (PROGRESSED, {"step": (DONE, {"rows_ingested": -1, "rows_read": 1})}),
    (PROGRESSED, {"step": (DONE, {"reject_reasons": {}})}),
    (PROGRESSED, {"step": (DONE, {"reject_reasons": {"a": 3, "b": -1}})}),
    (LETTER, {"from_partition": -1}),
    (LETTER, {"from_offset": -1}),
]


@pytest.mark.parametrize(
    "event", [UPLOADED, OFFERED, READY, PROGRESSED, CHANGED, LETTER], ids=lambda event: type(event).__name__
)
def test_the_events_that_the_next_tests_spoil_are_good(event: Event) -> None:
    assert decode(event.topic, encode(event)) == event


def lie(event: Event, spoiled: dict[str, Any]) -> Event:
    """Raises ValueError where fields cannot stand together."""
    if "step" in spoiled:
        step, wrong = spoiled["step"]
        spoiled = {"step": msgspec.structs.replace(step, **wrong)}
    return msgspec.structs.replace(event, **spoiled)


@pytest.mark.parametrize(("event", "spoiled"), IMPOSSIBLE, ids=lambda part: str(part)[:60])
def test_impossible_values_are_refused_by_writer_and_reader(event: Event, spoiled: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        encode(lie(event, spoiled))
    record = resolve(encode(event)[HEADER_BYTES:], present(type(event)), None)
    plain = {name: value for name, value in spoiled.items() if name != "step"}
    record |= msgspec.to_builtins(plain, builtin_types=(bytes,))
    if "step" in spoiled:
        step, wrong = spoiled["step"]
        fields = msgspec.to_builtins(step)
        record |= {"step": fields.pop("type"), **fields, **wrong}
    assert refused(event.topic, header(present(type(event))) + body(present(type(event)), record)) == "invalid_value"


@pytest.mark.parametrize(
    ("event", "spoiled", "output"),
    [
        (UPLOADED, {"object_size": -1}, "UploadRequested: Expected `int` >= 0 - at `$.object_size`"),
        (UPLOADED, {"object_key": "../a"}, "UploadRequested: object_key is not a valid object key"),
        (UPLOADED, {"request_id": "r1"}, "UploadRequested: request_id is not a UUIDv7 in lower case"),
        (OFFERED, {"tenant_id": "A"}, "UploadOffered: tenant_id is not a valid tenant name"),
        (OFFERED, {"publisher_id": ""}, "UploadOffered: publisher_id is not a valid publisher id"),
        (CHANGED, {"status": "DONE"}, "StatusChanged: status is not a request's status"),
    ],
    ids=lambda part: str(part)[:60],
)
def test_a_refusal_names_the_invalid_field(event: Event, spoiled: dict[str, Any], output: str) -> None:
    with pytest.raises(ValueError) as caught:
        encode(lie(event, spoiled))
    assert str(caught.value) == output


@pytest.mark.parametrize(
    "fields",
    [
        {"step": "unknown"},
        {"step": "file_refused", "problem_code": "empty_file", "problem_title": "The file is empty"},
        {"step": "chunk_done", "chunk": 0, "rows_read": 0, "rows_ingested": 0},
    ],
    ids=lambda fields: fields["step"],
)
def test_a_step_without_its_fields_is_refused(fields: dict[str, Any]) -> None:
    record = {"tenant_id": "t", "request_id": REQUEST, "at_us": 1, **fields}
    assert refused(PROGRESS, header(present(Progress)) + body(present(Progress), record)) == "invalid_value"


def test_a_mode_that_is_none_is_refused() -> None:
    record = {**resolve(encode(OFFERED)[HEADER_BYTES:], present(UploadOffered), None), "mode": "delete"}
    assert refused(UPLOAD_OFFERED, header(present(UploadOffered)) + body(present(UploadOffered), record)) == (
        "invalid_value"
    )


# Evolution


def test_a_released_version_never_changes() -> None:
    found = {f"{path.parent.name}/{path.stem}": header(load(path))[2:].hex() for path in RELEASED}
    assert found == FINGERPRINTS


@pytest.mark.parametrize("kind", NAMES, ids=NAMES.get)
def test_events_of_this_version_fit_a_released_schema(kind: type[Event]) -> None:
    released = [header(load(path)) for path in RELEASED if path.parent.name == NAMES[kind]]
    assert header(present(kind)) in released


@pytest.mark.parametrize("path", RELEASED, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_released_version_and_this_one_read_each_other(path: Path) -> None:
    ours, theirs = load(SCHEMAS / f"{path.parent.name}.avsc"), load(path)
    common = {field["name"] for field in ours["fields"]} & {field["name"] for field in theirs["fields"]}
    for writer, reader in ((theirs, ours), (ours, theirs)):
        record = generate_one(writer)
        read = resolve(body(writer, record), writer, reader)
        assert {name: read[name] for name in common} == {name: record[name] for name in common}


@pytest.mark.parametrize("path", RELEASED, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_no_schema_has_a_union_of_records(path: Path) -> None:
    for field in load(path)["fields"]:
        if isinstance(field["type"], list):
            assert field["type"][0] == "null"
            assert field["type"][1] in {"string", "long"}
            assert field["default"] is None


@pytest.fixture
def next_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Schemas in which the next version of progress is known, and not written yet."""
    folder = tmp_path / "schemas"
    shutil.copytree(SCHEMAS, folder)
    schema = json.loads((SCHEMAS / "progress.avsc").read_text())
    schema["fields"].append({"name": "note", "type": "string", "default": ""})
    kinds = next(field["type"] for field in schema["fields"] if field["name"] == "step")
    kinds["symbols"].append("paused")
    (folder / "released" / "progress" / "2.avsc").write_text(json.dumps(schema))
    monkeypatch.setattr(event_codec, "_schemas", lambda: folder)
    event_codec._catalogue.cache_clear()
    return folder


@pytest.fixture(autouse=True)
def _fresh_catalogue() -> Any:
    yield
    event_codec._catalogue.cache_clear()


def test_old_readers_read_new_writers(next_release: Path) -> None:
    newer = load(next_release / "released" / "progress" / "2.avsc")
    record = {**resolve(encode(PROGRESSED)[HEADER_BYTES:], present(Progress), None), "note": "n"}
    assert decode(PROGRESS, header(newer) + body(newer, record)) == PROGRESSED
    assert refused(PROGRESS, header(newer) + body(newer, {**record, "step": "paused"})) == "invalid_value"


def test_new_readers_read_old_writers(next_release: Path) -> None:
    old = encode(PROGRESSED)
    shutil.copy(next_release / "released" / "progress" / "2.avsc", next_release / "progress.avsc")
    event_codec._catalogue.cache_clear()
    assert encode(PROGRESSED)[:HEADER_BYTES] != old[:HEADER_BYTES]
    assert decode(PROGRESS, old) == PROGRESSED
