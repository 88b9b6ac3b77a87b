"""Changes of attributes, given the mappings and requests that use them."""

from __future__ import annotations

import pytest

from penstock.application.catalog.attribute_edits import AttributeEdits, SourceUse
from penstock.application.catalog.catalog import Catalog
from penstock.domain.catalog.attribute_changes import AttributeChange, new_attribute
from penstock.domain.errors import Refused
from penstock.domain.mapping.builtin_attributes import BUILTIN
from penstock.domain.mapping.mapping import ColumnMapping
from penstock.ports.control_store import ControlStore
from tests.support.catalogs import catalog_on

T = "acme"
ID = ColumnMapping(column="crmid", attribute="crmid", identifier=True)
TIER = ColumnMapping(column="tier", attribute="tier")


@pytest.fixture
def catalog(store: ControlStore) -> Catalog:
    catalog = catalog_on(store)
    catalog.create_attribute(T, new_attribute("tier", AttributeChange(format="enum(gold|silver)")))
    return catalog


@pytest.fixture
def edits(store: ControlStore, catalog: Catalog) -> AttributeEdits:
    return AttributeEdits(store, catalog)


def feed(catalog: Catalog, source: str, *columns: ColumnMapping, requests: bool) -> None:
    catalog.create_source(T, source)
    mapping = catalog.save_mapping(T, source, [ID, *columns])
    if requests:
        catalog.use(T, mapping, catalog.attributes_of(T, mapping))


def refused(edits: AttributeEdits, name: str, **change: object) -> list[tuple[str, str]]:
    with pytest.raises(Refused) as caught:
        edits.edit(T, name, AttributeChange(**change))  # type: ignore[arg-type]
    return [(fault.code, fault.message) for fault in caught.value.faults]


def test_an_attribute_that_nothing_uses_changes_freely(edits: AttributeEdits, catalog: Catalog) -> None:
    changed = edits.edit(T, "tier", AttributeChange(format="integer", pii=True, macro=True, display_name="Level"))
    assert changed == catalog.attribute(T, "tier")
    assert (str(changed.format), changed.pii, changed.macro, changed.display_name) == ("integer", True, True, "Level")
    assert (changed.segmentable, changed.revision) == (False, 2)


def test_the_format_of_an_attribute_in_use_changes_only_as_stored_values_allow(
    edits: AttributeEdits, catalog: Catalog
) -> None:
    feed(catalog, "crm", TIER, requests=True)
    ((code, message),) = refused(edits, "tier", format="enum(gold)")
    assert code == "format_in_use"
    assert "the mappings of crm" in message
    assert str(edits.edit(T, "tier", AttributeChange(format="enum(gold|silver|bronze)")).format).endswith("bronze)")
    assert str(edits.edit(T, "tier", AttributeChange(format="text")).format) == "text"


def test_an_attribute_that_a_mapping_fed_once_is_in_use(edits: AttributeEdits, catalog: Catalog) -> None:
    feed(catalog, "crm", TIER, requests=True)
    feed(catalog, "crm", requests=True)
    assert edits.used_by(T, "tier") == [SourceUse("crm", mapped=False, stored=True)]
    assert refused(edits, "tier", format="integer")[0][0] == "format_in_use"


def test_a_mapping_without_requests_must_stay_valid(edits: AttributeEdits, catalog: Catalog) -> None:
    catalog.create_attribute(T, new_attribute("born", AttributeChange(format="date")))
    constant = ColumnMapping(attribute="tier", constant="gold")
    feed(catalog, "crm", constant, requests=False)
    ((code, message),) = refused(edits, "tier", format="enum(silver)")
    assert code == "format_breaks_mapping"
    assert "crm" in message
    assert str(edits.edit(T, "tier", AttributeChange(format="enum(gold)")).format) == "enum(gold)"


def test_personal_can_be_added_but_not_removed_while_in_use(edits: AttributeEdits, catalog: Catalog) -> None:
    feed(catalog, "crm", TIER, requests=True)
    assert edits.edit(T, "tier", AttributeChange(pii=True)).pii
    assert refused(edits, "tier", pii=False)[0][0] == "pii_in_use"


def test_a_personal_attribute_cannot_be_used_in_segments(edits: AttributeEdits) -> None:
    assert refused(edits, "email", segmentable=True)[0][0] == "personal_in_segments"
    assert refused(edits, "tier", pii=True, segmentable=True)[0][0] == "personal_in_segments"
    assert edits.edit(T, "tier", AttributeChange(segmentable=False)).segmentable is False


def test_a_built_in_attribute_keeps_its_format_and_changes_its_names(edits: AttributeEdits, catalog: Catalog) -> None:
    assert refused(edits, "crmid", format="integer")[0][0] == "built_in_attribute"
    assert refused(edits, "email", pii=False)[0][0] == "built_in_attribute"
    changed = edits.edit(T, "crmid", AttributeChange(display_name="Customer", macro_name="CUSTOMER_NO"))
    assert (changed.custom, changed.macro_name, changed.segment_name, changed.revision) == (
        *(False, "CUSTOMER_NO", "CRMID", 1),
    )
    assert catalog.attributes(T)["crmid"] == changed
    assert catalog.attribute("other", "crmid") == BUILTIN["crmid"]


def test_every_fault_is_reported_and_nothing_is_changed(edits: AttributeEdits, catalog: Catalog) -> None:
    feed(catalog, "crm", TIER, requests=True)
    found = refused(edits, "tier", format="integer", segment_name="lower", macro_name="", display_name="x" * 201)
    assert [code for code, _ in found] == [
        *("format_in_use", "invalid_catalog_name", "invalid_catalog_name", "text_too_long"),
    ]
    assert catalog.attribute(T, "tier").revision == 1


@pytest.mark.parametrize("field", ["segment_name", "macro_name"])
def test_the_names_of_attributes_are_unique_in_the_tenant(edits: AttributeEdits, catalog: Catalog, field: str) -> None:
    edits.edit(T, "tier", AttributeChange(**{field: "STATUS"}))
    assert refused(edits, "city", **{field: "STATUS"})[0][0] == "catalog_name_taken"
    assert refused(edits, "city", **{field: "CRMID"})[0][0] == "catalog_name_taken"
    with pytest.raises(Refused, match="catalog_name_taken"):
        catalog.create_attribute(T, new_attribute("status", AttributeChange()))
    assert getattr(edits.edit(T, "tier", AttributeChange(**{field: None})), field) == "TIER"
    assert catalog.create_attribute(T, new_attribute("status", AttributeChange())).name == "status"


def test_a_name_equal_to_the_derived_one_is_derived_again(edits: AttributeEdits) -> None:
    edits.edit(T, "tier", AttributeChange(macro_name="LEVEL"))
    assert edits.edit(T, "tier", AttributeChange(macro_name="TIER")).chosen_macro_name is None


def test_a_change_of_another_revision_is_refused_for_built_in_ones_too(edits: AttributeEdits) -> None:
    for name, revision in (("tier", 1), ("city", 0)):
        changed = edits.edit(T, name, AttributeChange(display_name="Another"), revision=revision)
        assert changed.revision == revision + 1
        with pytest.raises(Refused, match="precondition_failed"):
            edits.archive(T, name, revision=revision)


def test_an_attribute_is_archived_once_no_current_mapping_feeds_it(edits: AttributeEdits, catalog: Catalog) -> None:
    feed(catalog, "crm", TIER, requests=True)
    with pytest.raises(Refused, match="attribute_in_use") as caught:
        edits.archive(T, "tier")
    assert "crm" in caught.value.faults[0].message
    feed(catalog, "crm", requests=True)
    assert edits.archive(T, "tier").archived
    assert "tier" not in {each.name for each in catalog.attributes_page(T, archived=False)}
    assert "tier" in {each.name for each in catalog.attributes_page(T, archived=True)}
    with pytest.raises(Refused, match="attribute_archived"):
        feed(catalog, "pos", TIER, requests=False)
    edits.unarchive(T, "tier")
    feed(catalog, "pos", TIER, requests=False)
    assert catalog.mapping(T, "pos").columns[1].attribute == "tier"
