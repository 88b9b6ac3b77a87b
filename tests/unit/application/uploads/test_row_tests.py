"""Tests of a mapping: the given rows come out as an ingestion would store them."""

from __future__ import annotations

import pytest

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.application.uploads.row_tests import Difference, RowTest, differences
from penstock.domain.errors import Refused
from penstock.domain.mapping.mapping import OnMisfit
from services.cli.new_catalog import NewCatalog

COLUMNS = [
    ColumnSpec(column="nr", attribute="crmid", identifier=True),
    ColumnSpec(column="tel", attribute="phone", format="phone(NL)", on_misfit=OnMisfit.DROP),
    ColumnSpec(column="tier", attribute="tier", format="enum(gold|silver)", values={"Goud": "gold"}),
    ColumnSpec(column="news", attribute="news", format="boolean", blanks=("n/a",)),
    ColumnSpec(constant="NL", attribute="country"),
]
ANY_COLUMN = "Use a column of the mapping, or omit it."
ROW = {"nr": "C1", "tel": "06 12345678", "tier": "Goud", "news": "yes"}
STORED = {"crmid": "C1", "phone": "+31612345678", "tier": "gold", "news": "true", "country": "NL"}


def found(*tests: RowTest) -> list[Difference]:
    return differences(COLUMNS, tests, NewCatalog())


def test_rows_that_come_out_as_expected_differ_in_nothing() -> None:
    assert (
        found(
            RowTest(row=ROW, expect=STORED),
            RowTest(
                row={**ROW, "tel": "x", "news": " N/A "},
                expect={"phone": "", "news": ""},
                dropped={"tel": "not_a_phone"},
            ),
            RowTest(row={**ROW, "tier": "bronze"}, rejected=("not_an_option:tier",)),
            RowTest(row={**ROW, "tier": "bronze"}, rejected=("not_an_option",)),
            RowTest(row={"tel": "06 12345678"}, rejected=("no_identifier",)),
        )
        == []
    )


@pytest.mark.parametrize(
    ("test", "differs"),
    [
        (RowTest(row=ROW, expect={**STORED, "tier": "silver"}), ("tier", "silver", "gold")),
        (RowTest(row=ROW, expect={"phone": ""}), ("phone", "", "+31612345678")),
        (RowTest(row=ROW, expect={"email": "x"}), ("email", "x", "no column is mapped to it")),
        (RowTest(row=ROW, rejected=("no_identifier",)), ("row", "rejected: no_identifier", "ingested")),
        (RowTest(row={**ROW, "tier": "x"}, expect=STORED), ("row", "ingested", "rejected: not_an_option:tier")),
        (
            RowTest(row={**ROW, "tier": "x"}, rejected=("no_identifier", "not_an_option")),
            ("row", "rejected: no_identifier, not_an_option", "rejected: not_an_option:tier"),
        ),
        (RowTest(row={**ROW, "tel": "x"}), ("tel", "not dropped", "dropped: not_a_phone")),
        (RowTest(row=ROW, dropped={"tel": "not_a_phone"}), ("tel", "dropped: not_a_phone", "not dropped")),
    ],
)
def test_a_row_that_comes_out_otherwise_is_named_cell_by_cell(test: RowTest, differs: tuple[str, str, str]) -> None:
    assert found(RowTest(row=ROW), test) == [Difference(2, "", *differs)]


def test_a_row_has_only_columns_of_the_mapping() -> None:
    with pytest.raises(Refused) as raised:
        found(RowTest(row=ROW), RowTest(row={"nr": "C1", "Tell": "x", "elsewhere": "y"}))
    assert [(each.code, each.message, each.hint) for each in raised.value.faults] == [
        ("unknown_test_column", "test 2: no such column 'Tell' in the mapping", "Did you mean 'tel'?"),
        ("unknown_test_column", "test 2: no such column 'elsewhere' in the mapping", ANY_COLUMN),
    ]


def test_a_mapping_without_tests_is_refused() -> None:
    with pytest.raises(Refused, match="no_tests"):
        found()


def test_an_invalid_mapping_is_refused_with_its_faults() -> None:
    with pytest.raises(Refused, match="no_identifier_mapped"):
        differences([ColumnSpec(column="a", attribute="x")], [RowTest(row={"a": "1"})], NewCatalog())
