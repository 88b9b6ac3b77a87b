"""A profile, as the API and the command line return it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NotRequired

from typing_extensions import TypedDict

from penstock.application.profiles.use_cases import FoundProfile
from penstock.domain.profiles.fold import Origin, PastValue
from penstock.domain.profiles.fragments import Value
from penstock.domain.requests.public_view import rfc3339
from penstock.domain.requests.request import Request


class IdentifierView(TypedDict):
    namespace: str
    value: Value


class OriginView(TypedDict):
    """The origin of a value; `row` is the line in the file, where the header is line 1. `corrected_by`: the request
    that ingested the corrected row after its rejection."""

    request_id: str
    file_name: str
    row: int
    corrected_by: NotRequired[str]


class PastValueView(OriginView):
    """What a file said about an attribute. `value` is null when a blank cell removed the value; `is_current`: the
    profile shows it; `ignored`: there was a value, and its column keeps the first. `uploaded_by`, `data_source` and
    `accepted_at` are those of the request that ingested the row."""

    value: Value | None
    is_current: bool
    ignored: bool
    data_source: str
    uploaded_by: str
    accepted_at: str


class ProfileView(TypedDict):
    """`history` has the latest values of each attribute, in the order in which they count, the last one first."""

    identifiers: list[IdentifierView]
    attributes: dict[str, Value]
    lineage: dict[str, OriginView]
    history: dict[str, list[PastValueView]]


def profile_view(found: FoundProfile, *, lineage: bool) -> ProfileView:
    """The document of a profile, for the API and the command line; `lineage` and `history` are empty unless they are
    requested."""
    origins = {name: value.origin for name, value in found.profile.attributes.items()} if lineage else {}
    return ProfileView(
        identifiers=[IdentifierView(namespace=each.namespace, value=each.value) for each in found.profile.identifiers],
        attributes={name: value.display_value() for name, value in found.profile.attributes.items()},
        lineage={name: _origin_view(each, found.requests) for name, each in origins.items()},
        history={
            name: [_past_value_view(each, found.requests) for each in values]
            for name, values in found.profile.history.items()
        },
    )


def _past_value_view(past: PastValue, requests: Mapping[str, Request]) -> PastValueView:
    request = requests[past.origin.own_id]
    return PastValueView(
        **_origin_view(past.origin, requests),
        value=past.display_value(),
        is_current=past.is_current,
        ignored=past.ignored,
        data_source=request.data_source,
        uploaded_by=request.uploaded_by,
        accepted_at=rfc3339(request.accepted_at),
    )


def _origin_view(origin: Origin, requests: Mapping[str, Request]) -> OriginView:
    file_name = requests[origin.request_id].file_name
    view = OriginView(request_id=origin.request_id, file_name=file_name, row=origin.row)
    if origin.corrected_by is not None:
        view["corrected_by"] = origin.corrected_by
    return view
