"""What a request will run with: the mapping and its attributes, judged before any row is read, frozen into a plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from penstock.application.catalog.catalog import Catalog
from penstock.application.encryption.key_ring import KeyRing, Purpose
from penstock.application.uploads.upload_command import UploadCommand
from penstock.domain.delivery.email_address import check_addresses
from penstock.domain.errors import Fault, NotFound, Refused, refusal
from penstock.domain.event_codec import MAX_CHUNKS
from penstock.domain.files.formats import detect_format
from penstock.domain.files.header import no_rows, parse_header
from penstock.domain.files.tabular_format import FileFormat
from penstock.domain.mapping.attributes import Attribute, check_name
from penstock.domain.mapping.mapping import Limits, Mapping, Plan

MOST_CHUNKS = MAX_CHUNKS // 2  # aimed at, since rows do not end where chunks should
LEAST_SHARE = 4  # a chunk has at least the most that it may have over this
SLACK = 1_000  # a chunk is longer than its share by one part in so many, for the row that would not fit

PlanMaker = Callable[[str, int], Plan]  # once the request's id and the time of its acceptance are given


class Planner:
    """Judges what is said about files. `limits` are the tenant's; a chunk has up to `chunk_bytes`, and goes to one of
    `partitions`."""

    def __init__(self, *, catalog: Catalog, keys: KeyRing, limits: Limits, chunk_bytes: int, partitions: int) -> None:
        self._catalog, self._keys, self._limits = catalog, keys, limits
        self._chunk_bytes, self._partitions = chunk_bytes, partitions

    def for_command(self, tenant_id: str, command: UploadCommand, head: bytes, size: int) -> PlanMaker:
        """What makes the plan of a file that begins with `head` and has `size` plain bytes, as far as it can be known
        without a look at its header and rows.

        Raises `Refused` with every fault.
        """
        mapping = self._mapping(tenant_id, command)
        attributes = self._validate_command(tenant_id, command, mapping)
        return self._maker(tenant_id, command, mapping, attributes, detect_format(head), size)

    def for_file(self, tenant_id: str, command: UploadCommand, head: bytes, size: int) -> PlanMaker:
        """As `for_command`, and the header is checked too.

        Raises `Refused` for all that can be known before any row is read, faults of the addresses, of the mapping and
        of the header together.
        """
        faults: list[Fault] = []
        mapping = self._mapping(tenant_id, command)
        attributes: tuple[Attribute, ...] = ()
        with _collecting(faults):
            attributes = self._validate_command(tenant_id, command, mapping)
        with _collecting(faults):
            self._validate_file(head, size, mapping)
        if faults:
            raise Refused(faults)
        return self._maker(tenant_id, command, mapping, attributes, detect_format(head), size)

    def _mapping(self, tenant_id: str, command: UploadCommand) -> Mapping:
        if command.mapping is not None:
            return command.mapping
        try:
            return self._catalog.mapping(tenant_id, command.data_source)
        except NotFound:
            raise refusal(
                "no_mapping",
                f"the data source {command.data_source[:64]!r} has no mapping yet",
                "Save a mapping for it first, or send one along: it says which column is which.",
            ) from None

    def _validate_command(self, tenant_id: str, command: UploadCommand, mapping: Mapping) -> tuple[Attribute, ...]:
        """The attributes that the mapping feeds. Raises `Refused` with every fault."""
        faults: list[Fault] = []
        with _collecting(faults):
            check_addresses(command.notify)
        with _collecting(faults):
            if command.segment is not None:
                check_name(command.segment)
        attributes: tuple[Attribute, ...] = ()
        with _collecting(faults):
            attributes = self._catalog.resolve(tenant_id, command.data_source, mapping)
        if faults:
            raise Refused(faults)
        return attributes

    def _validate_file(self, head: bytes, size: int, mapping: Mapping) -> None:
        header = parse_header(head, mapping=mapping, limits=self._limits, complete=len(head) == size)
        if size <= header.body_start:
            raise no_rows()

    def _maker(
        self,
        tenant_id: str,
        command: UploadCommand,
        mapping: Mapping,
        attributes: tuple[Attribute, ...],
        file_format: FileFormat,
        size: int,
    ) -> PlanMaker:
        def plan(request_id: str, accepted_at_us: int) -> Plan:
            return Plan(
                tenant_id=tenant_id,
                request_id=request_id,
                data_source=command.data_source,
                mapping=mapping,
                attributes=attributes,
                file_format=file_format,
                mode=command.mode,
                segment=command.segment,
                limits=self._limits,
                chunk_bytes=even_chunk_bytes(
                    size, most=max(self._chunk_bytes, size // MOST_CHUNKS), partitions=self._partitions
                ),
                general_key=self._keys.current(tenant_id, Purpose.GENERAL).version,
                personal_key=self._keys.current(tenant_id, Purpose.PERSONAL).version,
                hash_key=self._keys.current(tenant_id, Purpose.HASH).version,
                file_key=self._keys.current(tenant_id, Purpose.FILE).version,
                accepted_at_us=accepted_at_us,
            )

        return plan


def even_chunk_bytes(size: int, *, most: int, partitions: int) -> int:
    """The size of a chunk that cuts a file of `size` bytes into equal parts of up to `most` bytes.

    Each partition gets one, or as many as the others: workers that share the partitions evenly end together. A small
    file has fewer, since a chunk costs something whatever its size, and one that is less than half of `most` is whole.
    """
    roomy = size + size // SLACK
    chunks = max(-(-roomy // most), min(partitions, roomy * LEAST_SHARE // most))
    if chunks > partitions:
        chunks = -(-chunks // partitions) * partitions
    return -(-roomy // chunks) if chunks > 1 else most


@contextmanager
def _collecting(faults: list[Fault]) -> Iterator[None]:
    try:
        yield
    except Refused as refused:
        faults += refused.faults
