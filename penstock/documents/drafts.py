"""A file that arrives in parts, as the API returns it."""

from __future__ import annotations

from typing_extensions import TypedDict

from penstock.domain.files.draft import Draft
from penstock.domain.requests.public_view import rfc3339


class DraftView(TypedDict):
    """`offset` of `length` bytes have arrived. `request_id` is the request that the file has become; null before."""

    file_id: str
    file_name: str
    length: int
    offset: int
    part_bytes: int
    created_by: str
    created_at: str
    expires_at: str
    request_id: str | None


class DraftList(TypedDict):
    """All files of the tenant that are being received; their number is bounded."""

    files: list[DraftView]


def draft_view(draft: Draft) -> DraftView:
    return DraftView(
        file_id=draft.file_id,
        file_name=draft.file_name,
        length=draft.length,
        offset=draft.offset,
        part_bytes=draft.part_bytes,
        created_by=draft.created_by,
        created_at=rfc3339(draft.created_at),
        expires_at=rfc3339(draft.expires_at),
        request_id=draft.request_id,
    )
