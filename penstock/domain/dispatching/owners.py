"""Which dispatcher a tenant belongs to: the one with its partition of the upload events."""

from __future__ import annotations

from zlib import crc32


def partition_of_tenant(tenant_id: str, partitions: int) -> int:
    return crc32(tenant_id.encode()) % partitions
