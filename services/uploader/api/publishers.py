"""Publishers. They are registered on the system's machine only: their prefixes open objects of other services."""

from __future__ import annotations

from fastapi import APIRouter

from penstock.application.access.use_cases import AccessUseCases
from penstock.documents.publishers import (
    PublisherList,
    PublisherView,
    RotatedPublisherView,
    publisher_view,
    rotated_view,
)
from services.uploader.api.access import allowed_to
from services.uploader.api.route import Operation
from services.uploader.api.services import Call

router = APIRouter(route_class=Operation)


@router.get("/v1/publishers", dependencies=[allowed_to(AccessUseCases.publishers)])
def list_publishers(call: Call) -> PublisherList:
    """All publishers of this organisation, without their keys, the oldest first."""
    return PublisherList(publishers=[publisher_view(each) for each in call.use_cases.access.publishers(call.caller)])


@router.get("/v1/publishers/{publisher_id:id}", dependencies=[allowed_to(AccessUseCases.publisher)])
def get_publisher(call: Call, publisher_id: str) -> PublisherView:
    """One publisher, without its keys."""
    return publisher_view(call.use_cases.access.publisher(call.caller, publisher_id))


@router.post("/v1/publishers/{publisher_id:id}:rotate", dependencies=[allowed_to(AccessUseCases.rotate_publisher)])
def rotate_publisher(call: Call, publisher_id: str) -> RotatedPublisherView:
    """A new key, which is shown this once. The previous one stays valid for a week; an older one ends at once."""
    return rotated_view(*call.use_cases.access.rotate_publisher(call.caller, publisher_id))


@router.delete(
    "/v1/publishers/{publisher_id:id}", dependencies=[allowed_to(AccessUseCases.revoke_publisher)], status_code=204
)
def revoke_publisher(call: Call, publisher_id: str) -> None:
    """End a publisher and its keys at once."""
    call.use_cases.access.revoke_publisher(call.caller, publisher_id)
