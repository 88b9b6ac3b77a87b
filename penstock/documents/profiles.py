"""A profile, as the API and the command line return it."""

from __future__ import annotations

from typing import NotRequired

from typing_extensions import TypedDict

from penstock.application.profiles.use_cases import FoundProfile
from penstock.domain.profiles.fold import Origin
from penstock.domain.profiles.fragments import Value


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


class ProfileView(TypedDict):
    identifiers: list[IdentifierView]
    attributes: dict[str, Value]
    lineage: dict[str, OriginView]


def profile_view(found: FoundProfile, *, lineage: bool) -> ProfileView:
    """The document of a profile, for the API and the command line; `lineage` is empty unless it is requested."""
    origins = {name: value.origin for name, value in found.profile.attributes.items()} if lineage else {}
    return ProfileView(
        identifiers=[IdentifierView(namespace=each.namespace, value=each.value) for each in found.profile.identifiers],
        attributes={name: value.display_value() for name, value in found.profile.attributes.items()},
        lineage={name: _origin_view(each, found.file_names[each.request_id]) for name, each in origins.items()},
    )


def _origin_view(origin: Origin, file_name: str) -> OriginView:
    view = OriginView(request_id=origin.request_id, file_name=file_name, row=origin.row)
    if origin.corrected_by is not None:
        view["corrected_by"] = origin.corrected_by
    return view
