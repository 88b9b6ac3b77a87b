"""The attributes of the organisation, which pages call by their display names."""

from __future__ import annotations

from penstock.domain.mapping.attributes import Attribute
from services.uploader.console.visits import Visit


def known_attributes(visit: Visit) -> dict[str, Attribute]:
    """All attributes that a column can feed, by name."""
    found: list[Attribute] = []
    while page := visit.use_cases.catalog.attributes(visit.caller, after=found[-1].name if found else ""):
        found += page
    return {attribute.name: attribute for attribute in found}
