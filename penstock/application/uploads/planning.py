"""What a request will run with, frozen into a plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from penstock.application.encryption.key_ring import KeyRing, Purpose
from penstock.application.uploads.upload_command import UploadCommand
from penstock.domain.events import MAX_CHUNKS
from penstock.domain.files.tabular_format import FileFormat
from penstock.domain.mapping.attributes import Attribute
from penstock.domain.mapping.mapping import Limits, Mapping, Plan

MOST_CHUNKS = MAX_CHUNKS // 2  # aimed at, since rows do not end where chunks should
LEAST_SHARE = 4  # a chunk has at least the most that it may have over this
SLACK = 1_000  # a chunk is longer than its share by one part in so many, for the row that would not fit

PlanMaker = Callable[[str, int], Plan]  # once the request's id and the time of its acceptance are given


class Planner:
    """A chunk has up to `chunk_bytes`, and goes to one of `partitions`. `limits` are the tenant's."""

    def __init__(self, *, keys: KeyRing, limits: Limits, chunk_bytes: int, partitions: int) -> None:
        self._keys, self._limits = keys, limits
        self._chunk_bytes, self._partitions = chunk_bytes, partitions

    def planner(
        self,
        tenant_id: str,
        command: UploadCommand,
        mapping: Mapping,
        attributes: Sequence[Attribute],
        file_format: FileFormat,
        size: int,
    ) -> PlanMaker:
        """What makes the plan of a file of `size` plain bytes."""

        def plan(request_id: str, accepted_at_us: int) -> Plan:
            return Plan(
                tenant_id=tenant_id,
                request_id=request_id,
                data_source=command.data_source,
                mapping=mapping,
                attributes=tuple(attributes),
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
