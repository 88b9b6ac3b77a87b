"""The review of a file: what has to be done with its data source before an upload."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from penstock.application.uploads.inspection import inspect
from penstock.application.uploads.review import SourceStep, review
from penstock.domain.catalog.data_source import DataSource
from penstock.domain.mapping.mapping import ColumnMapping, Limits, Mapping
from services.cli.new_catalog import NewCatalog

LIMITS = Limits()
SOURCES = {"excel": DataSource(name="excel"), "old": DataSource(name="old", archived=True)}
MAPPING = Mapping(
    data_source="excel", version=1, columns=(ColumnMapping(column="nr", attribute="crmid", identifier=True),)
)


class Catalog(NewCatalog):
    def find_source(self, name: str) -> DataSource | None:  # type: ignore[override]
        return SOURCES.get(name)

    def source_names(self) -> Iterable[str]:
        return SOURCES

    def mapping(self, source: str) -> Mapping:
        return MAPPING


@pytest.mark.parametrize(
    ("source", "step"),
    [("excel", None), ("erp", None), (None, None), ("excel2", SourceStep.CREATE), ("old", SourceStep.UNARCHIVE)],
)
def test_a_name_similar_to_another_source_has_to_be_created_first(source: str | None, step: SourceStep | None) -> None:
    assert review(inspect([b"nr\nK1\n"], LIMITS), Catalog(), LIMITS, source).source_step is step


def test_a_file_without_a_mapped_column_fits_with_suggestions() -> None:
    reviewed = review(inspect([b"number\nK1\n"], LIMITS), Catalog(), LIMITS, "excel")
    assert [fault.code for fault in reviewed.faults] == ["unknown_mapped_column"]
    assert reviewed.fits
