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
