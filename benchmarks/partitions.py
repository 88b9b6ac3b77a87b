"""The size of the largest partition of each table, reckoned for a large tenant, as the table of docs/sizes.md.

    python -m benchmarks.partitions

The records are made by the code that stores them; only how many there are is assumed: 50 million people in 100 columns,
20 of them personal, two identifiers, one full file a day, 50,000 requests a month and 40 a second at most, three years
of hourly files.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from penstock.application.access.audit import AuditEntry, Outcome
from penstock.application.due_work.hints import Hint
from penstock.application.encryption.authenticated_store import TAG_BYTES
from penstock.application.requests import plans
from penstock.application.requests.active_markers import WINDOW_US, ActiveMarker
from penstock.application.requests.request_lists import entry_of
from penstock.domain.catalog.data_source import DataSource
from penstock.domain.delivery.notification import Notification
from penstock.domain.dispatching.queue import MAX_PLACES, Place, Queue
from penstock.domain.files.corrections import ChunkLines
from penstock.domain.files.line_set import runs_of
from penstock.domain.limits import MAX_ATTRIBUTES, MAX_DATA_SOURCES, MAX_MAPPING_VERSIONS
from penstock.domain.mapping.attributes import Attribute
from penstock.domain.mapping.mapping import ColumnMapping, Mapping, Plan
from penstock.domain.mapping.mapping_version import MappingVersion
from penstock.domain.profiles.fragments import KEY_BYTES, PartEncoder
from penstock.domain.profiles.identity import NODE_BYTES
from penstock.domain.profiles.sealing import ChunkSealer, DataKey
from penstock.domain.requests.ids import SHARDS, request_id
from penstock.domain.requests.recipients import MAX_RECIPIENTS, parse_recipients
from penstock.domain.requests.request import Manifest, Request, Status

PEOPLE, COLUMNS, PERSONAL, IDENTIFIERS = 50_000_000, 100, 20, 2
VALUE, NAME = "x" * 12, "attribute_{:03}"
FILES_A_WEEK = 7
REQUESTS_A_MONTH, REQUESTS_A_SECOND = 50_000, 40
HOURS_OF_THREE_YEARS = 3 * 365 * 24
ROW_BYTES = (len(VALUE) + 1) * COLUMNS
CHUNK_BYTES = 3 * 1024 * 1024
ROWS_OF_CHUNK = CHUNK_BYTES // ROW_BYTES
CHUNKS = PEOPLE // ROWS_OF_CHUNK
REJECTED_EVERY = 100
OVERHEAD = 60  # bytes of a row in Cassandra beside its sort key and its body: flags, timestamps, lengths
AT_US = 1_780_000_000_000_000
ID = request_id(AT_US, bytes(8))
TENANT = "a-large-tenant"


class Partition(NamedTuple):
    """`what` a partition of a table has, how many records, and the bytes of each with its sort key."""

    table: str
    what: str
    records: int
    record_bytes: int

    @property
    def megabytes(self) -> float:
        return self.records * (self.record_bytes + OVERHEAD) / 1e6


def main() -> None:
    print("\n".join(table()))


def table() -> Iterator[str]:
    """The lines of the table, the largest partition first."""
    yield "| table | a partition has | records | bytes of each | MB |"
    yield "|---|---|---|---|---|"
    for each in sorted(partitions(), key=lambda each: -each.megabytes):
        yield f"| `{each.table}` | {each.what} | {each.records:,} | {each.record_bytes:,} | {each.megabytes:,.1f} |"


def partitions() -> list[Partition]:
    """One of each table whose partitions grow."""
    request, attributes, mapping = _request(), _attributes(), _mapping()
    attribute = _size(NAME, attributes[0])
    facts = len(ID) + len(entry_of(request, "").body) + TAG_BYTES
    person, link = _cells()
    audit = AuditEntry(
        at_us=AT_US, who=VALUE, action="profile.reveal", outcome=Outcome.ALLOWED, key_id=VALUE, request_id=ID
    )
    notification = Notification(
        channel="email", target="somebody@example.com", request_id=ID, status=Status.COMPLETED, at_us=AT_US
    )
    version = MappingVersion(mapping=mapping, saved_at=AT_US, saved_by=VALUE, request_id=ID)
    marker = ActiveMarker(ID, AT_US)
    lines = ChunkLines(rejected=runs_of(range(2, ROWS_OF_CHUNK, REJECTED_EVERY)))
    each_person = person + (IDENTIFIERS - 1) * (link + OVERHEAD)
    return [
        *(
            Partition(
                "profile_fragments",
                f"a bucket of a week with a full file a day, `PENSTOCK_BUCKET_BITS={bits}`",
                (PEOPLE >> bits) * FILES_A_WEEK,
                each_person,
            )
            for bits in (12, 14)
        ),
        Partition("requests", "a quarter of a month", REQUESTS_A_MONTH // SHARDS, _size(ID, request)),
        Partition("request_lists", "the list of a month", REQUESTS_A_MONTH, facts),
        Partition(
            "plans", "what the plans of many requests have in common", 1, len(plans.put_of(_plan()).body) + TAG_BYTES
        ),
        Partition(
            "active_requests", "ten minutes", REQUESTS_A_SECOND * WINDOW_US // 1_000_000, _size(marker.sort, marker)
        ),
        Partition("chunk_manifests", "a file of everybody", CHUNKS, _size(ID, _manifest())),
        Partition("chunk_nodes", "a chunk", 1, ROWS_OF_CHUNK * IDENTIFIERS * NODE_BYTES),
        Partition("chunk_lines", "a file of everybody, one row in a hundred rejected", CHUNKS, _size(ID, lines)),
        Partition("notifications", "a request with all recipients", 3 * MAX_RECIPIENTS, _size(ID, notification)),
        Partition("queues", "a tenant with very many waiting requests", 1, _size("", _queue())),
        Partition("replacements", "a source with hourly files for three years", HOURS_OF_THREE_YEARS, len(ID) + 2),
        Partition(
            "due_work", "an hour of one of 24 shards, of 10,000 busy tenants", 10_000 // 24, _size(TENANT, Hint(AT_US))
        ),
        Partition("expiries", "a day", REQUESTS_A_MONTH // 30, 120),
        Partition("audit", "a day with as many reveals as requests a month", REQUESTS_A_MONTH, _size(ID, audit)),
        Partition("mappings", "a source", MAX_MAPPING_VERSIONS + 1, _size(NAME, version)),
        Partition("attributes", "a tenant", MAX_ATTRIBUTES, attribute),
        Partition("data_sources", "a tenant", MAX_DATA_SOURCES, _size(NAME, DataSource(name=NAME, display_name=NAME))),
        Partition("epochs", "three years", 3 * 53, 30),
    ]


def _queue() -> Queue:
    places = {f"{number:036d}": Place(number, 3_600) for number in range(MAX_PLACES)}
    return Queue(at_us=AT_US, workers=16, places=places)


def _size(sort: str, record: object) -> int:
    return len(sort) + len(msgspec.json.encode(record)) + TAG_BYTES


def _cells() -> tuple[int, int]:
    """The bytes of key and cell of a person's fragment, and of the one at another identifier."""
    names = [NAME.format(number) for number in range(COLUMNS)]
    encoder = PartEncoder(names[PERSONAL:], names[:PERSONAL], {})
    full = encoder.encode(NAME, 2, (VALUE,) * (COLUMNS - PERSONAL), (VALUE,) * PERSONAL, bytes(NODE_BYTES))
    link = PartEncoder([], [NAME], {}).encode(NAME, 2, (), (VALUE,), bytes(NODE_BYTES))
    key = DataKey(1, bytes(32))
    sealer = ChunkSealer(TENANT, bytes(20), key, key, os.urandom)
    generals, personals = zip(full, link, strict=True)
    cells = sealer.seal([bytes(KEY_BYTES)] * 2, generals, personals)
    return KEY_BYTES + len(cells[0]), KEY_BYTES + len(cells[1])


def _attributes() -> list[Attribute]:
    return [Attribute(name=NAME.format(number), display_name=NAME.format(number)) for number in range(COLUMNS)]


def _mapping() -> Mapping:
    columns = tuple(
        ColumnMapping(column=each.name, attribute=each.name, identifier=at < IDENTIFIERS, pii=at < PERSONAL)
        for at, each in enumerate(_attributes())
    )
    return Mapping(data_source=VALUE, version=1, columns=columns)


def _plan() -> Plan:
    return Plan(tenant_id=TENANT, request_id=ID, data_source=VALUE, mapping=_mapping(), attributes=tuple(_attributes()))


def _dropped() -> dict[str, dict[str, int]]:
    return {NAME.format(number): {"not_a_date": 1_234} for number in range(COLUMNS - IDENTIFIERS)}


def _blank_words() -> dict[str, dict[str, int]]:
    return {NAME.format(number): {"n/a": 1_234} for number in range(0, COLUMNS, 4)}


def _request() -> Request:
    return Request(
        request_id=ID,
        tenant_id=TENANT,
        data_source=VALUE,
        file_name=3 * VALUE,
        uploaded_by=VALUE,
        status=Status.COMPLETED,
        plan_hash="0" * 64,
        notify=parse_recipients(["somebody@example.com"]),
        object_key=4 * VALUE,
        object_version=VALUE,
        accepted_at=AT_US,
        started_at=AT_US,
        finished_at=AT_US,
        done=bytes(16),
        dropped_cells=_dropped(),
        blank_words=_blank_words(),
        fingerprint="0" * 64,
        announced_status={"email": Status.COMPLETED, "status": Status.COMPLETED},
    )


def _manifest() -> Manifest:
    return Manifest(
        chunk=1,
        at_us=AT_US,
        rows_read=ROWS_OF_CHUNK,
        rows_ingested=ROWS_OF_CHUNK,
        rows_rejected=0,
        dropped_cells=_dropped(),
        blank_words=_blank_words(),
    )


if __name__ == "__main__":
    main()
