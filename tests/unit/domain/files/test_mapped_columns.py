"""A mapping fits the columns of a file, or each column that it misses is named."""

from __future__ import annotations

import msgspec
import pytest

from penstock.domain.files.mapped_columns import MAX_COMPARED, columns_of_later_rows, validate_mapped_columns
from penstock.domain.mapping.attributes import parse_format
from penstock.domain.mapping.mapping import ColumnMapping, Mapping


def mapping_of(*columns: str) -> Mapping:
    """`column=attribute`, with a `!` behind an identifier, as on the command line."""
    pairs = [column.split("=") for column in columns]
    mapped = [
        ColumnMapping(column=name, attribute=attribute.rstrip("!"), identifier=attribute.endswith("!"))
        for name, attribute in pairs
    ]
    return Mapping(data_source="crm", version=1, columns=tuple(mapped))


def test_a_mapping_that_fits_has_no_faults() -> None:
    assert validate_mapped_columns(mapping_of("crmid=crmid!", "phone=hm"), ["crmid", "phone", "other"]) == []


def test_an_unknown_column_is_pointed_to_the_one_that_is_nearly_alike() -> None:
    (near, far) = validate_mapped_columns(mapping_of("CrmID=crmid!", "x=y"), ["a", "crm_id"])
    assert (near.code, near.column) == ("unknown_mapped_column", "CrmID")
    assert "Column 2" in near.hint
    assert "Column" not in far.hint


def test_a_similar_column_is_named_only_in_a_header_that_is_surely_one() -> None:
    """The first line of a file without a header may be a customer's."""
    mapping = mapping_of("crmid=crmid!", "E_Mial=email")
    (fault,) = validate_mapped_columns(mapping, ["crmid", "E_Mail"])
    assert fault.hint.endswith("Did you mean 'E_Mail' (column 2)?")
    faults = validate_mapped_columns(mapping, ["C0001", "E_Mail"])
    assert [each.hint for each in faults if "E_Mail" in each.hint] == []
    assert faults[1].hint.endswith("Column 2 has a similar name.")


def test_a_long_name_is_named_in_any_header_since_no_value_is_similar_by_chance() -> None:
    (fault,) = validate_mapped_columns(mapping_of("partner_rf=crmid!"), ["partner_ref", "name"])
    assert fault.hint.endswith("Did you mean 'partner_ref' (column 1)?")
    (fault,) = validate_mapped_columns(mapping_of("partner_rf=crmid!"), ["partner_ref", "name\rC1"])
    assert "partner_ref" not in fault.hint


def test_the_nearest_columns_of_a_long_header_are_found_in_a_moment() -> None:
    columns = [f"column_{number:08}" for number in range(5_000)]
    mapped = [f"columm_{number:08}=a{number}" for number in range(2_000)]
    faults = validate_mapped_columns(mapping_of(*mapped), columns)
    assert len(faults) == 2_000
    assert sum("Did you mean" in each.hint for each in faults) == MAX_COMPARED


def test_the_column_of_a_region_must_be_in_the_file_but_need_not_be_mapped() -> None:
    tel = ColumnMapping(column="tel", attribute="phone", identifier=True, format=parse_format("phone(@land|NL)"))
    mapping = Mapping(data_source="crm", version=1, columns=(tel,))
    assert validate_mapped_columns(mapping, ["tel", "land"]) == []
    assert [(f.code, f.column) for f in validate_mapped_columns(mapping, ["tel"])] == [
        ("unknown_mapped_column", "land")
    ]


@pytest.mark.parametrize("column", ["penstock_line", "penstock_reasons"])
def test_the_columns_of_a_reject_file_cannot_be_mapped(column: str) -> None:
    faults = validate_mapped_columns(
        mapping_of("crmid=crmid!", f"{column}=x"), ["penstock_line", "penstock_reasons", "crmid"]
    )
    assert [(fault.code, fault.column) for fault in faults] == [("reserved_column_mapped", column)]


@pytest.mark.parametrize(
    ("columns", "later"),
    [
        (["id", "mail", "city"], []),
        (["id"], ["mail", "city"]),
        (["id", "E-Mail", "Mail"], ["city"]),  # spelled in another way: a fault
        (["mail", "city"], []),  # no identifier
        ([], []),
    ],
)
def test_optional_keys_of_a_saved_mapping_may_come_later(columns: list[str], later: list[str]) -> None:
    mapping = mapping_of("id=crmid!", "mail=email", "city=city")
    assert columns_of_later_rows(mapping, columns) == later
    assert columns_of_later_rows(msgspec.structs.replace(mapping, version=0), columns) == []
