"""Rows without an identifier, and the column that has one."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.application.uploads.dry_run import DryRun, dry_run
from penstock.application.uploads.inspection import inspect
from penstock.application.uploads.missing_identifiers import missing_identifier
from penstock.application.uploads.upload_command import UploadCommand
from penstock.domain.mapping.builtin_attributes import BUILTIN
from penstock.domain.mapping.mapping import ColumnMapping, Limits, Mapping
from services.cli.new_catalog import NewCatalog

EMAIL = ColumnSpec(column="email", attribute="email", identifier=True)
KEYS = [f"{number * 37 + 1203:08}" for number in range(100)]


def checked(columns: Sequence[ColumnSpec], keys: Sequence[str] = KEYS, *, ndjson: bool = False) -> DryRun:
    emails = [f"p{number}@gmail.com" if number % 4 else "" for number in range(len(keys))]
    rows = list(zip(keys, emails, strict=True))
    if ndjson:
        lines = [f'{{"LoyaltyNbr": "{key}", "email": "{email}"}}' for key, email in rows]
    else:
        lines = ["LoyaltyNbr\temail", *(f"{key}\t{email}" for key, email in rows)]
    command = UploadCommand(
        data_source="till", file_name="till.tsv", uploaded_by="ann", columns=columns, create_source=True
    )
    return dry_run("acme", ["\n".join(lines).encode() + b"\n"], command, NewCatalog(), Limits())


@pytest.mark.parametrize("ndjson", [False, True])
@pytest.mark.parametrize("others", [[], [ColumnSpec(column="LoyaltyNbr", attribute="loyalty_nbr")]])
def test_a_dry_run_names_the_column_that_identifies_rows_without_identifier(
    others: list[ColumnSpec], *, ndjson: bool
) -> None:
    keys = [*KEYS[:96], "0000000", *KEYS[97:]]  # the row 96 has neither
    run = checked([EMAIL, *others], keys, ndjson=ndjson)
    assert run.reject_reasons == {"no_identifier": 25}
    (warning,) = [each for each in run.warnings if each.code == "rows_without_identifier"]
    assert warning.column == "LoyaltyNbr"
    assert warning.message.startswith("24 of the 25 rows without an identifier have one in 'LoyaltyNbr'")
    assert warning.hint == "--map 'LoyaltyNbr=loyalty_id!' would keep 24 rows."
    mapped = ColumnSpec(column="LoyaltyNbr", attribute="loyalty_id", identifier=True)
    assert checked([EMAIL, mapped], keys, ndjson=ndjson).rows_accepted == run.rows_accepted + 24


@pytest.mark.parametrize(
    ("columns", "keys"),
    [
        ([EMAIL, ColumnSpec(column="LoyaltyNbr", attribute="crmid", identifier=True)], [*KEYS[:96], "", *KEYS[97:]]),
        ([EMAIL], ["gold", "silver"] * 50),
    ],
)
def test_without_such_a_column_nothing_is_said(columns: list[ColumnSpec], keys: list[str]) -> None:
    run = checked(columns, keys)
    assert run.reject_reasons["no_identifier"]
    assert not [each for each in run.warnings if each.code == "rows_without_identifier"]


@pytest.mark.parametrize("others", [[ColumnSpec(column="LoyaltyNbr", attribute="postal_code")]])
def test_a_column_that_is_mapped_to_what_names_nobody_is_not_named(others: list[ColumnSpec]) -> None:
    run = checked([EMAIL, *others])
    assert run.reject_reasons == {"no_identifier": 25}
    assert not [each for each in run.warnings if each.code == "rows_without_identifier"]


def test_an_address_that_would_cost_more_rows_than_it_keeps_is_not_named() -> None:
    rows = [
        (key if number else "", f"p{number}@gmail" if number % 10 == 5 else f"p{number}@gmail.com")
        for number, key in enumerate(KEYS)
    ]
    lines = ["LoyaltyNbr\temail", *map("\t".join, rows)]
    columns = [KEY, ColumnSpec(column="email", attribute="email")]
    command = UploadCommand(
        data_source="till", file_name="till.tsv", uploaded_by="ann", columns=columns, create_source=True
    )
    run = dry_run("acme", ["\n".join(lines).encode() + b"\n"], command, NewCatalog(), Limits())
    assert run.reject_reasons["no_identifier"] == 1
    assert not [each for each in run.warnings if each.code == "rows_without_identifier"]


@pytest.mark.parametrize(
    ("row", "found"), [("TOTAL\t", None), ("\tp@gmail.com", "email"), ("0000\tp@gmail.com", "email")]
)
def test_a_line_of_totals_is_no_reason_to_identify_by_another_column(row: str, found: str | None) -> None:
    lines = ["LoyaltyNbr\temail", *(f"{key}\tp{number}@gmail.com" for number, key in enumerate(KEYS[:90])), row]
    columns = (
        ColumnMapping(column="LoyaltyNbr", attribute="loyalty_id", identifier=True),
        ColumnMapping(column="email", attribute="email"),
    )
    sample = inspect(["\n".join(lines).encode() + b"\n"], Limits()).sample
    suggested = missing_identifier(sample, Mapping(data_source="till", version=1, columns=columns), BUILTIN)
    assert (suggested and suggested.column) == found


def families(columns: Sequence[ColumnSpec], keys: Sequence[str] = KEYS) -> DryRun:
    """Of pairs of rows with one address."""
    lines = ["LoyaltyNbr\temail", *(f"{key}\tf{number // 2}@gmail.com" for number, key in enumerate(keys))]
    command = UploadCommand(
        data_source="till", file_name="till.tsv", uploaded_by="ann", columns=columns, create_source=True
    )
    return dry_run("acme", ["\n".join(lines).encode() + b"\n"], command, NewCatalog(), Limits())


KEY = ColumnSpec(column="LoyaltyNbr", attribute="loyalty_id", identifier=True)


@pytest.mark.parametrize("columns", [[KEY, EMAIL], [EMAIL, KEY]])
def test_shared_addresses_are_counted_whatever_the_order_of_the_mapping(columns: list[ColumnSpec]) -> None:
    (warning,) = families(columns).warnings
    assert (warning.code, warning.column) == ("shared_identifier", "email")
    assert "share 50 values" in warning.message
    assert "let it identify nobody, without !: --map email=email:pii" in warning.hint


@pytest.mark.parametrize(("names", "shared"), [(["Ann", "Bo"], 50), (["Ann", "ANN "], 0), (["Ann", ""], 0)])
def test_an_address_of_different_people_is_warned_about_though_it_is_the_only_identifier(
    names: list[str], shared: int
) -> None:
    lines = ["given\temail", *(f"{names[number % 2]}\tf{number // 2}@gmail.com" for number in range(100))]
    command = UploadCommand(
        data_source="till",
        file_name="till.tsv",
        uploaded_by="ann",
        columns=[EMAIL, ColumnSpec(column="given", attribute="first_name")],
        create_source=True,
    )
    run = dry_run("acme", ["\n".join(lines).encode() + b"\n"], command, NewCatalog(), Limits())
    found = [each.message for each in run.warnings if each.code == "shared_identifier"]
    assert len(found) == bool(shared)
    assert all(f"rows with different 'given' share {shared} values of 'email'" in each for each in found)


@pytest.mark.parametrize(
    ("people", "shared"),
    [
        ((("Ann", "ann@gmail.com"), ("Bo", "bo@gmail.com")), True),
        ((("Ann", "ann@gmail.com"), ("Anne", "ann@gmail.com")), False),  # one person, spelt otherwise
        ((("Ann", "ann@gmail.com"), ("Bo", "")), False),
        ((("Ann", "ann@gmail.com"), ("ann", "a@gmail.com")), False),  # a new address
    ],
)
def test_a_card_of_different_people_is_warned_about(people: tuple[tuple[str, str], ...], shared: bool) -> None:
    lines = ["LoyaltyNbr\tgiven\temail", *("\t".join(("C0007", *each)) for each in people)]
    lines += [f"{key}\tCy\tp{number}@gmail.com" for number, key in enumerate(KEYS)]
    command = UploadCommand(
        data_source="till",
        file_name="till.tsv",
        uploaded_by="ann",
        columns=[KEY, ColumnSpec(column="given", attribute="first_name"), EMAIL],
        create_source=True,
    )
    run = dry_run("acme", ["\n".join(lines).encode() + b"\n"], command, NewCatalog(), Limits())
    found = [each.column for each in run.warnings if each.code == "shared_identifier"]
    assert found == (["LoyaltyNbr"] if shared else [])


def test_an_address_that_families_share_is_not_recommended_for_rows_without_a_key() -> None:
    plain = ColumnSpec(column="email", attribute="email")
    run = families([KEY, plain], [*KEYS[:90], *[""] * 10])
    assert run.reject_reasons == {"no_identifier": 10}
    assert [each.code for each in run.warnings] == []


@pytest.mark.parametrize(("without", "named"), [(1, False), (4, True)])
def test_another_identifier_is_not_worth_an_import_for_a_handful_of_rows(without: int, *, named: bool) -> None:
    lines = [
        "LoyaltyNbr\temail",
        *(f"{at * 37 + 1203:08}\t{'' if at < without else f'p{at}@gmail.com'}" for at in range(400)),
    ]
    command = UploadCommand(
        data_source="till", file_name="till.tsv", uploaded_by="ann", columns=[EMAIL], create_source=True
    )
    run = dry_run("acme", ["\n".join(lines).encode() + b"\n"], command, NewCatalog(), Limits())
    assert run.reject_reasons == {"no_identifier": without}
    assert ("rows_without_identifier" in [each.code for each in run.warnings]) == named


@pytest.mark.parametrize(("shared", "named"), [(0, True), (2, False), (40, False)])
def test_a_card_that_different_people_share_is_not_recommended(shared: int, *, named: bool) -> None:
    """Two such cards are too few to be suggested otherwise, but the upload would be warned about."""
    cards = [*(key for key in KEYS[:shared] for _ in range(2)), *(f"9{key}" for key in KEYS * 2)][:200]
    cards = [key if at < 2 * shared else f"{at}{key}" for at, key in enumerate(cards)]
    lines = ["loyalty_id\tfirst_name\temail\tborn"]
    for at, card in enumerate(cards):
        email = f"p{at}@gmail.com" if at % 5 else ""
        lines.append(f"{card}\t{'ABCDEFG'[at % 7]}nna\t{email}\t{1950 + at % 40}-02-{at % 28 + 1:02}")
    columns = [EMAIL, ColumnSpec(column="first_name", attribute="first_name")]
    columns.append(ColumnSpec(column="born", attribute="birth_date"))
    command = UploadCommand(
        data_source="till", file_name="till.tsv", uploaded_by="ann", columns=columns, create_source=True
    )
    run = dry_run("acme", ["\n".join(lines).encode() + b"\n"], command, NewCatalog(), Limits())
    assert run.reject_reasons == {"no_identifier": 40}
    assert ("rows_without_identifier" in [each.code for each in run.warnings]) == named
