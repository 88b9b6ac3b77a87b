"""What a dry run proposes for cells that do not fit, of which the rows have to be known."""

from __future__ import annotations

import pytest

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.application.uploads.dry_run import dry_run
from penstock.application.uploads.upload_command import UploadCommand
from penstock.domain.mapping.mapping import Limits, OnMisfit
from services.cli.new_catalog import NewCatalog

SWISS = [f"044 {200 + number} 12 {number % 90 + 10}" for number in range(70)]
AUSTRIANS = [f"+43 1 5{number:06}" for number in range(29)]


@pytest.mark.parametrize(
    ("unplaced", "format", "fix"),
    [
        (8, "phone(@Land)", ("phone(@Land|CH)", 8)),
        (3, "phone(@Land)", None),
        (8, "phone(@Land|AT)", None),
    ],
)
def test_numbers_whose_country_is_blank_are_of_the_usual_one(
    unplaced: int, format: str, fix: tuple[str, int] | None
) -> None:
    """044 123 fits nowhere, and a number of an Austrian has the region of its row."""
    rows = [*(("CH", each) for each in [*SWISS, "044 123"]), *(("AT", each) for each in [*AUSTRIANS, SWISS[0]])]
    rows += [("", f"044 {400 + number} 55 12") for number in range(unplaced)]
    lines = ["crmid\tLand\tTelefon", *(f"C{number}\t{land}\t{cell}" for number, (land, cell) in enumerate(rows))]
    columns = [
        ColumnSpec(column="crmid", attribute="crmid", identifier=True),
        ColumnSpec(column="Telefon", attribute="phone", format=format, on_misfit=OnMisfit.DROP),
    ]
    command = UploadCommand(
        data_source="crm", file_name="crm.tsv", uploaded_by="ann", columns=columns, create_source=True
    )
    run = dry_run("acme", ["\n".join(lines).encode() + b"\n"], command, NewCatalog(), Limits())
    (report,) = run.columns
    assert [(each.value, each.cells) for each in report.fixes] == ([fix] if fix else [])


@pytest.mark.parametrize("format", ["phone(@Land)", "phone(@Land|CH)"])
def test_numbers_whose_country_is_not_known_are_those_of_words_to_be_corrected(format: str) -> None:
    """Rare words are only counted, as they may be a customer's."""
    rows = [*(("Schweiz", each) for each in SWISS), *(("AT", each) for each in AUSTRIANS)]
    rows += [("Atlantis", f"044 {400 + number} 55 12") for number in range(6)]
    rows += [("Schwiez", "044 401 55 12"), ("Jansen", "044 402 55 12"), ("Jansen", "+41 44 402 55 12")]
    lines = ["crmid\tLand\tTelefon", *(f"C{number}\t{land}\t{cell}" for number, (land, cell) in enumerate(rows))]
    columns = [
        ColumnSpec(column="crmid", attribute="crmid", identifier=True),
        ColumnSpec(column="Land", attribute="country"),
        ColumnSpec(column="Telefon", attribute="phone", format=format, on_misfit=OnMisfit.DROP),
    ]
    command = UploadCommand(
        data_source="crm", file_name="crm.tsv", uploaded_by="ann", columns=columns, create_source=True
    )
    run = dry_run("acme", ["\n".join(lines).encode() + b"\n"], command, NewCatalog(), Limits())
    (report,) = run.columns
    assert report.reasons == {"unknown_country": 8}
    (fix,) = report.fixes
    assert (fix.option, fix.value, fix.cells) == ("values", '{"Atlantis": "XX", "Schwiez": "CH"}', 8)
    assert fix.message(8) == (
        "8 numbers have no country code, and a country in Land that is not known: 'Atlantis' 6, 'Schwiez' 1 (perhaps "
        "'Schweiz' misspelt), 1 other; correct these words in Land, or give Land a value map with their codes"
    )
