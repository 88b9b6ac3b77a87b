"""Data sources, attributes and mappings, on the embedded control store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from penstock.adapters.embedded.control_store import EmbeddedControlStore
from penstock.application.catalog.catalog import Catalog
from penstock.application.catalog.known_catalog import check_source
from penstock.application.catalog.tenant_catalog import TenantCatalog
from penstock.domain.errors import NotFound, Refused
from penstock.domain.limits import MAX_ATTRIBUTE_ARGUMENTS, MAX_DISPLAY_NAME, MAX_MAPPED_ARGUMENTS
from penstock.domain.mapping.attributes import Attribute, ValueFormat, ValueType, parse_format
from penstock.domain.mapping.builtin_attributes import BUILTIN
from penstock.domain.mapping.mapping import ColumnMapping
from tests.support.catalogs import catalog_on

T = "acme"
HM = Attribute(name="hm", display_name="Home phone", pii=True)
ID = ColumnMapping(column="crmid", attribute="crmid", identifier=True)
PHONE = ColumnMapping(column="phone", attribute="hm")


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    store = EmbeddedControlStore(tmp_path / "control.db")
    yield catalog_on(store)
    store.close()


def test_sources_are_created_once_and_listed_by_name(catalog: Catalog) -> None:
    assert catalog.data_sources.all(T) == []
    pos, crm = catalog.create_source(T, "store_pos", "Shops"), catalog.create_source(T, "crm")
    assert catalog.create_source(T, "store_pos") == pos
    with pytest.raises(Refused, match="data_source_exists"):
        catalog.create_source(T, "store_pos", "Other")
    assert catalog.data_sources.all(T) == [crm, pos]
    assert catalog.data_sources.all("other") == []
    with pytest.raises(Refused, match="unknown_data_source"):
        catalog.data_sources.get("other", "crm")


@pytest.mark.parametrize(("name", "is_new"), [("crm_2", True), ("crm9", True), ("crn", False)])
def test_a_source_with_another_number_is_no_mistyped_one(catalog: Catalog, name: str, is_new: bool) -> None:
    catalog.create_source(T, "crm")
    known = TenantCatalog(catalog, T)
    if is_new:
        assert check_source(known, name, create=True).name == name
    else:
        with pytest.raises(Refused, match="unknown_data_source"):
            check_source(known, name, create=True)


def test_an_unknown_source_is_refused_with_the_nearest_name(catalog: Catalog) -> None:
    catalog.create_source(T, "crm")
    for name, near in (("crn", "'crm'"), ("orders", "Create it first.")):
        with pytest.raises(Refused) as caught:
            catalog.data_sources.get(T, name)
        assert [fault.code for fault in caught.value.faults] == ["unknown_data_source"]
        assert near in caught.value.faults[0].hint


@pytest.mark.parametrize("name", ["", "CRM", "a b", "../x", "a" * 64, "ä", "a\n"])
def test_a_name_that_is_none_is_refused(catalog: Catalog, name: str) -> None:
    with pytest.raises(Refused, match="invalid_name"):
        catalog.create_source(T, name)
    with pytest.raises(Refused, match="invalid_name"):
        catalog.create_attribute(T, replace(HM, name=name))


def test_a_custom_attribute_joins_the_built_in_ones(catalog: Catalog) -> None:
    before = catalog.attributes(T)
    assert before["crmid"].custom is False
    assert catalog.create_attribute(T, HM) == HM == catalog.create_attribute(T, replace(HM, display_name="Phone"))
    assert catalog.attributes(T) == before | {"hm": HM}
    assert catalog.attribute(T, "hm") == HM
    assert list(catalog.attributes(T)) == sorted(catalog.attributes(T))
    with pytest.raises(Refused, match="unknown_attribute"):
        catalog.attribute("other", "hm")


@pytest.mark.parametrize("other", [replace(HM, pii=False), replace(HM, format=ValueFormat(ValueType.INTEGER))])
def test_a_name_that_is_taken_by_another_shape_is_refused(catalog: Catalog, other: Attribute) -> None:
    catalog.create_attribute(T, HM)
    with pytest.raises(Refused, match="attribute_exists"):
        catalog.create_attribute(T, other)
    assert catalog.attribute(T, "hm") == HM


def test_a_built_in_attribute_cannot_get_another_shape(catalog: Catalog) -> None:
    crmid = catalog.attribute(T, "crmid")
    assert catalog.create_attribute(T, replace(crmid, custom=True)) == crmid
    with pytest.raises(Refused, match="attribute_exists"):
        catalog.create_attribute(T, replace(crmid, pii=not crmid.pii))


def test_a_mapping_gets_a_version_only_when_it_changes(catalog: Catalog) -> None:
    catalog.create_source(T, "crm")
    catalog.create_attribute(T, HM)
    with pytest.raises(NotFound):
        catalog.mapping(T, "crm")
    first = catalog.save_mapping(T, "crm", [ID])
    assert (first.version, first.columns) == (1, (ID,))
    assert catalog.save_mapping(T, "crm", [ID]) == first
    second = catalog.save_mapping(T, "crm", [ID, PHONE])
    assert (second.version, catalog.mapping(T, "crm")) == (2, second)
    assert catalog.save_mapping(T, "crm", [ID]).version == 3
    assert catalog.attributes_of(T, second) == (catalog.attribute(T, "crmid"), HM)


def test_every_fault_of_a_mapping_is_listed_at_once(catalog: Catalog) -> None:
    columns = [
        ColumnMapping(column="a", attribute="nope"),
        ColumnMapping(column="a", attribute="email"),
        ColumnMapping(column="b", attribute="email"),
    ]
    with pytest.raises(Refused) as caught:
        catalog.save_mapping(T, "crm", columns)
    assert [(fault.code, fault.position) for fault in caught.value.faults] == [
        ("unknown_data_source", None),
        ("unknown_attribute", 1),
        ("column_mapped_twice", None),
        ("attribute_mapped_twice", None),
        ("no_identifier_mapped", None),
    ]
    assert all(fault.hint for fault in caught.value.faults)


def test_a_column_may_write_dates_and_phones_in_its_own_way_but_not_feed_another_kind(catalog: Catalog) -> None:
    catalog.create_source(T, "crm")
    own_way = ColumnMapping(column="tel", attribute="phone", identifier=True, format=parse_format("phone(NL)"))
    assert catalog.save_mapping(T, "crm", [own_way]).columns == (own_way,)
    for written in ("text", "enum(a|b)"):
        column = ColumnMapping(column="tel", attribute="phone", identifier=True, format=parse_format(written))
        with pytest.raises(Refused) as refused:
            catalog.save_mapping(T, "crm", [column])
        assert [(fault.code, fault.column) for fault in refused.value.faults] == [("format_mismatch", "tel")]


def test_attributes_and_sources_come_page_by_page(catalog: Catalog) -> None:
    names = [f"custom_{number:02}" for number in range(25)]
    catalog.create_attributes(T, [replace(HM, name=name) for name in names])
    for name in names:
        catalog.create_source(T, name)
    pages: list[list[str]] = []
    while not pages or pages[-1]:
        after = pages[-1][-1] if pages else ""
        pages.append([each.name for each in catalog.attributes_page(T, after=after, limit=10)])
    assert [name for page in pages for name in page] == sorted([*BUILTIN, *names])
    assert max(map(len, pages)) == 10
    assert [each.name for each in catalog.data_sources.page(T, after=names[19], limit=3, archived=False)] == names[
        20:23
    ]


def test_only_the_attributes_of_a_mapping_are_read(catalog: Catalog) -> None:
    catalog.create_attributes(T, [replace(HM, name=f"custom_{number}") for number in range(250)])
    expected = [f"custom_{number}" for number in range(0, 250, 2)]
    assert set(catalog.attributes_named(T, [*expected, "crmid", "none"])) == {*expected, "crmid"}


def test_the_catalog_of_a_tenant_is_bounded(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.application.catalog.catalog.MAX_ATTRIBUTES", 3)
    monkeypatch.setattr("penstock.application.catalog.known_catalog.MAX_DATA_SOURCES", 1)
    catalog.create_attributes(T, [replace(HM, name=name) for name in ("a", "b")])
    with pytest.raises(Refused, match="too_many_attributes"):
        catalog.create_attributes(T, [replace(HM, name=name) for name in ("b", "c", "d")])
    assert set(catalog.attributes(T)) - set(BUILTIN) == {"a", "b"}
    catalog.create_attributes(T, [replace(HM, name=name) for name in ("a", "b", "c")])
    assert catalog.create_attribute(T, replace(HM, name="c")).name == "c"
    catalog.create_source(T, "crm")
    with pytest.raises(Refused, match="too_many_data_sources"):
        catalog.create_source(T, "pos")
    assert catalog.create_source(T, "crm").name == "crm"


def test_a_display_name_has_a_bound(catalog: Catalog) -> None:
    long = "x" * (MAX_DISPLAY_NAME + 1)
    with pytest.raises(Refused, match="text_too_long"):
        catalog.create_source(T, "crm", long)
    with pytest.raises(Refused, match="text_too_long"):
        catalog.create_attribute(T, replace(HM, display_name=long))


def test_the_formats_of_a_tenants_attributes_and_of_a_mapping_have_a_bound_together(catalog: Catalog) -> None:
    options = ValueFormat(ValueType.ENUM, "|".join(f"option_{number:03}" for number in range(256)))
    many = MAX_ATTRIBUTE_ARGUMENTS // len(options.argument)
    attributes = [replace(HM, name=f"custom_{number}", format=options) for number in range(many)]
    catalog.create_attributes(T, attributes)
    with pytest.raises(Refused, match="formats_too_long"):
        catalog.create_attribute(T, replace(HM, name="one_more", format=options))
    assert catalog.create_attribute(T, replace(HM, name="plain")).name == "plain"
    assert catalog.create_attribute(T, attributes[0]) == attributes[0]
    catalog.create_source(T, "crm")
    columns = [ColumnMapping(column=each.name, attribute=each.name) for each in attributes]
    fitting = MAX_MAPPED_ARGUMENTS // len(options.argument)
    with pytest.raises(Refused, match="formats_too_long"):
        catalog.save_mapping(T, "crm", [ID, *columns[: fitting + 1]])
    assert catalog.save_mapping(T, "crm", [ID, *columns[:fitting]]).version == 1
