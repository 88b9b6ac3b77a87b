"""What is said about a file that comes in."""

from __future__ import annotations

from hashlib import blake2b

import msgspec

from penstock.domain.mapping.mapping import Mapping, Mode


class UploadCommand(msgspec.Struct, frozen=True, kw_only=True):
    """What is said about a file. Without `mapping` the data source's saved one is used."""

    data_source: str
    file_name: str
    uploaded_by: str
    mode: Mode = Mode.UPSERT
    segment: str | None = None
    notify: tuple[str, ...] = ()
    mapping: Mapping | None = None
    parent_id: str | None = None


def fingerprint(content: str, command: UploadCommand) -> str:
    """Equal for the same bytes uploaded with the same arguments, and for nothing else."""
    digest = blake2b(content.encode(), digest_size=16, person=b"penstock upload")
    digest.update(msgspec.json.encode(command))
    return digest.hexdigest()
