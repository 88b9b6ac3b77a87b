"""Imports that were begun on the page `/imports/new`. What is entered there goes over the API in one upload."""

from __future__ import annotations

from fastapi import APIRouter

from penstock.application.imports.use_cases import ImportUseCases
from penstock.documents.import_drafts import ImportDraftList, import_draft_list
from services.uploader.api.access import allowed_to
from services.uploader.api.route import Operation
from services.uploader.api.services import Call

router = APIRouter(route_class=Operation)


@router.get("/v1/import-drafts", dependencies=[allowed_to(ImportUseCases.all)])
def list_import_drafts(call: Call) -> ImportDraftList:
    """Imports that were begun in the console and are not finished, the latest first."""
    return import_draft_list(call.use_cases.imports.all(call.caller))


@router.delete("/v1/import-drafts/{draft_id}", dependencies=[allowed_to(ImportUseCases.delete)], status_code=204)
def delete_import_draft(call: Call, draft_id: str) -> None:
    """Delete one, with its file unless that belongs to a request."""
    call.use_cases.imports.delete(call.caller, draft_id)
