"""A profile as the public document: {"identifiers": […], "attributes": {name: value}, "lineage": {name: origin}}."""

from __future__ import annotations

from collections.abc import Callable

from penstock.domain.profiles.fold import Profile
from services.cli.output import Document


def profile_document(profile: Profile, file_name_of: Callable[[str], str]) -> Document:
    """`file_name_of` tells the name of a request's file."""
    return {
        "identifiers": [{"namespace": each.namespace, "value": each.value} for each in profile.identifiers],
        "attributes": {name: told.display_value() for name, told in profile.attributes.items()},
        "lineage": {
            name: {
                "request_id": told.origin.request_id,
                "file_name": file_name_of(told.origin.request_id),
                "row": told.origin.row,
            }
            for name, told in profile.attributes.items()
        },
    }
