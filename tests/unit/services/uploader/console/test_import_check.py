"""The check of a file: all rejected rows have a reason, and nothing that would be lost is left unsaid."""

from __future__ import annotations

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.application.imports.import_draft import ColumnChoice
from penstock.application.uploads.dry_run import DryRun, dry_run
from penstock.application.uploads.upload_command import UploadCommand
from penstock.domain.files.tabular_format import FileOptions
from penstock.domain.mapping.mapping import Limits, OnMisfit
from services.cli.new_catalog import NewCatalog
from services.uploader.console.import_check import OfColumn, shown_check
from services.uploader.console.import_columns import ShownColumn, ShownFile

ROWS = ["c1\tann@example.com\t06", "c2\tnone\t06", "\tnobody\t", "c3\tbo@example.com\t06\tmore", "c4\t\tzero"]
CRMID = ColumnSpec(column="crmid", attribute="crmid", identifier=True)


def run_of(on_misfit: OnMisfit = OnMisfit.REJECT) -> DryRun:
    columns = [
        CRMID,
        ColumnSpec(column="e_mail", attribute="email", format="email", on_misfit=on_misfit),
        ColumnSpec(column="visits", attribute="number_of_visits", format="integer"),
    ]
    command = UploadCommand(
        data_source="till", file_name="till.tsv", uploaded_by="ann", columns=columns, create_source=True
    )
    content = "\n".join(["crmid\te_mail\tvisits", *ROWS]).encode() + b"\n"
    return dry_run("acme", [content], command, NewCatalog(), Limits())


def displayed(*columns: ShownColumn) -> ShownFile:
    return ShownFile(columns, 0, (), (), FileOptions(), has_masked=False)


def column(spec: ColumnSpec | None, *concerns: str) -> ShownColumn:
    return ShownColumn(
        at=0,
        choice=ColumnChoice(column="joined", spec=spec),
        filled="",
        samples=(),
        is_masked=False,
        is_personal=False,
        needs_person=True,
        kind="warn",
        label="",
        concerns=concerns,
        why=(),
        offered="",
        fits="",
        format="",
        formats=(),
    )


def test_every_rejected_row_has_a_reason_in_words_with_its_fix() -> None:
    run = run_of()
    check = shown_check(run, displayed(), {})
    assert sum(group.rows for group in check.rejected) == run.rows_rejected == 4
    by_code = {group.code: group for group in check.rejected}
    assert set(by_code) >= {"wrong_field_count", "not_an_email", "not_an_integer"}
    assert all("_" not in group.message and group.fix for group in check.rejected)
    assert by_code["not_an_email"].columns == ["e_mail"]
    assert not by_code["wrong_field_count"].columns
    assert not check.left_out


def test_cells_that_are_left_out_are_counted_apart_from_rejected_rows() -> None:
    check = shown_check(run_of(OnMisfit.DROP), displayed(), {})
    assert [(each.column, each.cells) for each in check.left_out] == [("e_mail", 1)]  # the other is in a rejected row
    assert "not_an_email" not in {group.code for group in check.rejected}
    assert {group.code for group in check.rejected} == {"no_identifier", "wrong_field_count", "not_an_integer"}


def test_lost_times_are_in_the_check_too() -> None:
    concerns = ["the time of 777 is left out", "29 do not fit and would be left out", "1 row would be rejected"]
    file = displayed(column(CRMID, *concerns), column(None, "its name says nothing"))
    assert shown_check(run_of(), file, {}).concerns == [OfColumn("joined", "The time of 777 is left out")]


def test_attributes_have_the_names_that_people_read() -> None:
    assert "Number of visits" in shown_check(run_of(), displayed(), {}).creates
