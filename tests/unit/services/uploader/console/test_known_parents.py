"""Which correction of its parent an import is."""

from __future__ import annotations

from penstock.domain.requests.request import Request
from services.uploader.console.known_parents import place_of


def parent(*children: str) -> Request:
    return Request(
        request_id="p",
        tenant_id="acme",
        data_source="crm",
        file_name="people.tsv",
        uploaded_by="ann",
        children=children,
    )


def test_several_corrections_are_numbered_as_they_came() -> None:
    assert [place_of(each, parent("c2", "c1")) for each in ("c1", "c2", "c3")] == [1, 2, 3]


def test_the_only_correction_has_no_number() -> None:
    assert place_of("c1", parent("c1")) == 0
