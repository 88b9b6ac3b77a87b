"""A file that lacks a column of the saved mapping."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.application.uploads.renames import renamed_columns
from penstock.application.uploads.suggesting import accept
from penstock.domain.errors import Refused
from penstock.domain.mapping.attributes import Attribute
from penstock.domain.mapping.builtin_attributes import BUILTIN
from penstock.domain.mapping.mapping import ColumnMapping, WritePolicy
from penstock.domain.suggestions import Sample, SuggestedMapping, suggest_mapping

KEYS = [f"PX-{number:05}" for number in range(40)]
EMAILS = [f"p{number}@gmail.com" for number in range(40)]
CITIES = ["Köln", "Ulm"] * 20
KNOWN = {**BUILTIN, "partner_ref": Attribute(name="partner_ref", display_name="Partner")}
EARLIER = (
    ColumnMapping(
        column="partner_ref",
        attribute="partner_ref",
        identifier=True,
        blanks=("none",),
        policy=WritePolicy.KEEP_FIRST,
    ),
    ColumnMapping(column="mail", attribute="email", identifier=True),
)


def suggested(**columns: Sequence[str]) -> SuggestedMapping:
    return suggest_mapping(Sample(list(columns), list(columns.values()), complete=True), KNOWN, EARLIER)


@pytest.mark.parametrize(
    "columns",
    [
        {"partner_id": KEYS, "mail": EMAILS},
        {"ref_nr": KEYS, "mail": EMAILS},  # by its place
        {"mail": EMAILS, "city": CITIES, "PartnerNo": KEYS},  # by its name
    ],
)
def test_a_missing_identifier_is_refused_with_the_option_for_its_new_name(columns: dict[str, list[str]]) -> None:
    new = next(name for name, cells in columns.items() if cells is KEYS)
    found = suggested(**columns)
    with pytest.raises(Refused) as refused:
        accept(found, 0.9, attributes=KNOWN)
    (fault,) = refused.value.faults
    assert (refused.value.code, fault.column) == ("mapped_identifier_missing", "partner_ref")
    assert f"Renamed to {new}? Then add --map '{new}=partner_ref!'." in fault.hint
    (renamed,) = renamed_columns(found)
    assert renamed == ColumnSpec(
        column=new, attribute="partner_ref", identifier=True, blanks=("none",), policy=WritePolicy.KEEP_FIRST
    )
    accepted = accept(found, 0.9, [renamed], attributes=KNOWN).columns
    assert [each.attribute for each in accepted if each.identifier] == ["partner_ref", "email"]


def test_without_a_new_name_the_refusal_stays() -> None:
    with pytest.raises(Refused) as refused:
        accept(suggested(mail=EMAILS, city=CITIES), 0.9, attributes=KNOWN)
    hint = refused.value.faults[0].hint
    assert hint.startswith("If it is another list, use another data source (another --source). Add ")
    assert "Add --map 'COLUMN=partner_ref!'." in hint


def test_a_person_may_choose_other_identifiers() -> None:
    by_hand = [ColumnSpec(column="mail", attribute="email", identifier=True)]
    accepted = accept(suggested(mail=EMAILS, city=CITIES), 0.9, by_hand, attributes=KNOWN).columns
    assert [each.attribute for each in accepted if each.identifier] == ["email"]


def test_a_renamed_column_that_is_suggested_for_the_same_needs_no_option() -> None:
    found = suggested(partner_ref=KEYS, e_mail=EMAILS)
    assert renamed_columns(found) == []
    assert [each.column for each in accept(found, 0.9, attributes=KNOWN).columns] == ["partner_ref", "e_mail"]
