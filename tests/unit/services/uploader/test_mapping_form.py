"""A mapping as people write it."""

from __future__ import annotations

from typing import Any

import pytest

from penstock.domain.attributes import FormatKind, InputFormat
from penstock.domain.builtin_attributes import BUILTIN
from penstock.domain.errors import Refused
from services.uploader.mapping_form import ColumnForm, custom_attribute, read_columns

CRMID = ColumnForm(column="crmid", attribute="crmid", identifier=True)


def column(name: str, attribute: str, **more: Any) -> ColumnForm:
    return ColumnForm(column=name, attribute=attribute, **more)


def refused(*forms: ColumnForm, known: Any = BUILTIN) -> list[tuple[str, str | None]]:
    with pytest.raises(Refused) as caught:
        read_columns(forms, known)
    return [(fault.code, fault.column) for fault in caught.value.faults]


def test_known_attributes_are_used_and_missing_ones_described() -> None:
    wanted = read_columns(
        [CRMID, column("phone", "hm", pii=True), column("day", "joined", format="date(dd/MM/yyyy)")], BUILTIN
    )
    assert [each.column for each in wanted.columns] == ["crmid", "phone", "day"]
    hm, joined = wanted.missing
    assert (hm.name, hm.display_name, hm.pii, hm.segmentable, hm.custom) == ("hm", "Hm", True, False, True)
    assert joined.format == InputFormat(FormatKind.DATE, "dd/MM/yyyy")
    assert joined.segmentable


def test_a_known_attribute_may_be_said_again_as_it_is() -> None:
    wanted = read_columns([CRMID, column("mail", "email", pii=True, format="email")], BUILTIN)
    assert wanted.missing == []


def test_every_fault_is_told_with_its_column() -> None:
    assert refused(
        CRMID,
        column("a", "email", format="text"),
        column("b", "gender", pii=True),
        column("c", "new_one", format="shape"),
        column("d", "new_two", format="date(qq)"),
    ) == [
        ("attribute_exists", "a"),
        ("attribute_exists", "b"),
        ("unknown_format", "c"),
        ("invalid_format", "d"),
    ]


def test_the_rules_of_mappings_hold() -> None:
    codes = {code for code, _ in refused(column("crmid", "crmid"), column("other", "crmid"))}
    assert codes == {"no_identifier_mapped", "attribute_mapped_twice"}


def test_an_attribute_has_a_name_for_people() -> None:
    assert custom_attribute("slot_num").display_name == "Slot num"
    assert custom_attribute("slot_num", display_name="Slot").display_name == "Slot"
