"""A profile as the public document: {"identifiers": […], "attributes": {name: value}, "lineage": {name: origin}}."""

from __future__ import annotations

from penstock.application.profiles.use_cases import FoundProfile
from services.cli.output import Document


def profile_document(found: FoundProfile) -> Document:
    profile = found.profile
    return {
        "identifiers": [{"namespace": each.namespace, "value": each.value} for each in profile.identifiers],
        "attributes": {name: value.display_value() for name, value in profile.attributes.items()},
        "lineage": {
            name: {
                "request_id": value.origin.request_id,
                "file_name": found.file_names[value.origin.request_id],
                "row": value.origin.row,
            }
            for name, value in profile.attributes.items()
        },
    }
