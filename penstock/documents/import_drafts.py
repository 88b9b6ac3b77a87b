"""Imports that were begun in the console and are not finished, as the API returns them."""

from __future__ import annotations

from collections.abc import Iterable

from typing_extensions import TypedDict

from penstock.application.imports.import_draft import ImportDraft
from penstock.domain.requests.public_view import rfc3339


class ImportDraftView(TypedDict):
    """`file_id` and `file_name` are those of the file that arrives for it, null before one was chosen."""

    draft_id: str
    data_source: str
    file_id: str | None
    file_name: str | None
    created_by: str
    created_at: str
    expires_at: str


class ImportDraftList(TypedDict):
    """All of the tenant, the latest first; their number is bounded."""

    import_drafts: list[ImportDraftView]


def import_draft_list(drafts: Iterable[ImportDraft]) -> ImportDraftList:
    return ImportDraftList(import_drafts=[_draft_view(each) for each in drafts])


def _draft_view(draft: ImportDraft) -> ImportDraftView:
    return ImportDraftView(
        draft_id=draft.draft_id,
        data_source=draft.data_source,
        file_id=draft.file_id or None,
        file_name=draft.file_name or None,
        created_by=draft.created_by,
        created_at=rfc3339(draft.created_at),
        expires_at=rfc3339(draft.expires_at),
    )
