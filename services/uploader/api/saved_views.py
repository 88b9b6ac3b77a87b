"""Saved views: filters of the upload history that an API key has under a name."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from penstock.application.requests.use_cases import RequestUseCases
from penstock.documents.saved_views import SavedViewList, SavedViewView, saved_view_list
from penstock.domain.limits import MAX_SAVED_FILTERS, MAX_VIEW_NAME
from services.uploader.api.access import allowed_to
from services.uploader.api.route import Operation
from services.uploader.api.services import Call
from services.uploader.api.validation import Model
from services.uploader.history_filters import parse_filters

router = APIRouter(route_class=Operation)


class SavedView(Model):
    """`filters` are those of the page `/imports`, as in its address; "" is all requests."""

    name: Annotated[str, Field(min_length=1, max_length=MAX_VIEW_NAME)]
    filters: Annotated[str, Field(max_length=MAX_SAVED_FILTERS)]


@router.get("/v1/saved-views", dependencies=[allowed_to(RequestUseCases.saved_views)])
def list_saved_views(call: Call) -> SavedViewList:
    """The saved views of this key, by name; the page `/imports` has them too."""
    return saved_view_list(call.use_cases.requests.saved_views(call.caller))


@router.post("/v1/saved-views", dependencies=[allowed_to(RequestUseCases.save_view)])
def save_view(call: Call, body: SavedView) -> SavedViewView:
    """Keep filters under a name, whose former filters they replace."""
    parse_filters(body.filters).only(call.services.clock.now_us())  # refuse what no page has made
    call.use_cases.requests.save_view(call.caller, body.name, body.filters)
    return SavedViewView(name=body.name, filters=body.filters)


@router.delete("/v1/saved-views/{view:path}", dependencies=[allowed_to(RequestUseCases.delete_view)], status_code=204)
def delete_view(call: Call, view: str) -> None:
    """Delete a view by its name."""
    call.use_cases.requests.delete_view(call.caller, view)
