"""Creates the plan of a request: its frozen settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from penstock.application.encryption.key_ring import KeyRing, Purpose
from penstock.application.profiles.epochs import Epochs
from penstock.application.uploads.upload_command import UploadCommand, UploadSettings
from penstock.domain.events import MAX_CHUNKS
from penstock.domain.files.chunk_size import even_chunk_bytes
from penstock.domain.files.row_index import STRETCH_BYTES
from penstock.domain.files.tabular_format import FileFormat
from penstock.domain.mapping.attributes import Attribute
from penstock.domain.mapping.mapping import Mapping, Plan, PlannedKey

TARGET_MAX_CHUNKS = MAX_CHUNKS // 2  # half the limit, since chunks end at row ends
STRETCHES_PER_CHUNK = 12

PlanMaker = Callable[[str, int], Plan]  # from the request's id and acceptance time


class Planner:
    """A chunk has up to `chunk_bytes`, unless a file is so large that it would have too many."""

    def __init__(self, *, keys: KeyRing, epochs: Epochs, chunk_bytes: int) -> None:
        self._keys, self._epochs, self._chunk_bytes = keys, epochs, chunk_bytes

    def chunk_bytes(self, size: int) -> int:
        """The size of the chunks of a file of `size` plain bytes."""
        return even_chunk_bytes(size, max_bytes=max(self._chunk_bytes, size // TARGET_MAX_CHUNKS))

    @property
    def stretch_bytes(self) -> int:
        """The size of the stretches of a row index: several to a chunk, however small that is."""
        return max(1, min(STRETCH_BYTES, self._chunk_bytes // STRETCHES_PER_CHUNK))

    def planner(
        self,
        tenant_id: str,
        command: UploadCommand,
        settings: UploadSettings,
        mapping: Mapping,
        attributes: Sequence[Attribute],
        ranking: tuple[str, ...],
        file_format: FileFormat,
        size: int,
    ) -> PlanMaker:
        """A function that creates the plan for a file of `size` plain bytes."""

        def plan(request_id: str, accepted_at_us: int) -> Plan:
            epoch = self._epochs.of(tenant_id, accepted_at_us)
            return Plan(
                tenant_id=tenant_id,
                request_id=request_id,
                data_source=command.data_source,
                mapping=mapping,
                attributes=tuple(attributes),
                ranking=ranking,
                file_format=file_format,
                file_options=command.file_options,
                mode=settings.mode,
                segment=command.segment,
                as_of_us=None if command.as_of is None else min(command.as_of, accepted_at_us),
                parent_id=command.parent_id,
                limits=settings.limits,
                chunk_bytes=self.chunk_bytes(size),
                general_key=self._planned(tenant_id, Purpose.GENERAL),
                personal_key=self._planned(tenant_id, Purpose.PERSONAL),
                hash_key=self._planned(tenant_id, Purpose.HASH),
                epoch=epoch.number,
                bits=epoch.bits,
                accepted_at_us=accepted_at_us,
            )

        return plan

    def _planned(self, tenant_id: str, purpose: Purpose) -> PlannedKey:
        key = self._keys.current(tenant_id, purpose)
        return PlannedKey(key.version, key.check)
