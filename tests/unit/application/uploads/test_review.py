"""The review of a file: what has to be done with its data source before an upload."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.application.uploads.inspection import inspect
from penstock.application.uploads.review import SourceStep, accept_for, review
from penstock.domain.catalog.data_source import DataSource
from penstock.domain.mapping.mapping import ColumnMapping, Limits, Mapping
from services.cli.new_catalog import NewCatalog

LIMITS = Limits()
SOURCES = {
    "excel": DataSource(name="excel"),
    "old": DataSource(name="old", archived=True),
    "clienti": DataSource(name="clienti"),
}
MAPPING = Mapping(
    data_source="excel", version=1, columns=(ColumnMapping(column="nr", attribute="crmid", identifier=True),)
)
MAPPINGS = {"clienti": Mapping(data_source="clienti", version=1, columns=MAPPING.columns)}


class Catalog(NewCatalog):
    def find_source(self, name: str) -> DataSource | None:  # type: ignore[override]
        return SOURCES.get(name)

    def source_names(self) -> Iterable[str]:
        return SOURCES

    def find_mapping(self, source: str) -> Mapping | None:
        return MAPPINGS.get(source, MAPPING)


@pytest.mark.parametrize(
    ("source", "step"),
    [
        ("excel", None),
        ("erp", None),
        (None, None),
        ("excel2", None),
        ("excell", SourceStep.CREATE),
        ("old", SourceStep.UNARCHIVE),
    ],
)
def test_a_name_similar_to_another_source_has_to_be_created_first(source: str | None, step: SourceStep | None) -> None:
    assert review(inspect([b"nr\nK1\n"], LIMITS), Catalog(), LIMITS, source).source_step is step


def test_a_file_without_a_mapped_column_fits_with_suggestions() -> None:
    reviewed = review(inspect([b"number\nK1\n"], LIMITS), Catalog(), LIMITS, "excel")
    assert [fault.code for fault in reviewed.faults] == ["unknown_mapped_column"]
    assert reviewed.fits


@pytest.mark.parametrize(
    ("file_name", "columns", "source"),
    [
        ("Shop-Export 2026-11-29.csv.gz", "a,b", "shop_export"),
        ("clienti.csv", "nr,city", "clienti"),  # the next file of the list
        ("clienti.csv", "codice,city", "clienti_2"),  # another list
        ("old.tsv", "nr", "old_2"),
        ("stdin", "nr", "customers"),
        ("2026.csv", "nr", "customers"),
        ("客户.csv", "nr", "customers"),
        ("3d_club.csv", "nr", "source_3_d_club"),
    ],
)
def test_without_a_source_it_is_named_as_the_file(file_name: str, columns: str, source: str) -> None:
    file = inspect([f"{columns}\n{columns}\n".encode()], LIMITS)
    assert review(file, Catalog(), LIMITS, None, file_name).source == source


def test_a_file_with_few_columns_of_the_mapping_is_warned_about() -> None:
    reviewed = review(inspect([b"codice,city\nK1,Ulm\n"], LIMITS), Catalog(), LIMITS, "clienti")
    (warning,) = reviewed.warnings
    assert warning.message == "the file has 0 of the 1 columns that the mapping of clienti names"
    assert warning.hint.startswith("If it is another list, use another data source")
    assert not review(inspect([b"nr,city\nK1,Ulm\n"], LIMITS), Catalog(), LIMITS, "clienti").warnings


def test_a_key_that_is_mapped_by_hand_keeps_people_with_one_address_apart() -> None:
    rows = "".join(f"box {number * 7}\tf{number // 2}@gmail.com\n" for number in range(40))
    file = inspect([f"label\temail\n{rows}".encode()], Limits())
    label = ColumnSpec(column="label", attribute="label", identifier=True)
    accepted = accept_for(file, NewCatalog(), Limits(), "crm", 0.9, [label])
    assert [each.attribute for each in accepted.columns if each.identifier] == ["label"]
    assert "email" in [each.attribute for each in accepted.columns]
    assert [
        each.attribute for each in accept_for(file, NewCatalog(), Limits(), "crm", 0.9, []).columns if each.identifier
    ] == ["email"]
