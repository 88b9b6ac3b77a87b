"""The check of a file: all rejected rows have a reason, and nothing that would be lost is left unsaid."""

from __future__ import annotations

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.application.uploads.dry_run import DryRun, dry_run
from penstock.application.uploads.upload_command import UploadCommand
from penstock.domain.dry_run.fixes import FixOption
from penstock.domain.files.tabular_format import FileOptions
from penstock.domain.mapping.mapping import Limits, OnMisfit
from services.cli.new_catalog import NewCatalog
from services.uploader.console.import_check import ShownWarning, shown_check
from services.uploader.console.import_fixes import FixedColumn, ShownFix
from services.uploader.console.import_paging import columns_page
from services.uploader.console.import_review import Concern, ShownFile

ROWS = ["c1\tann@example.com\t06", "c2\tnone\t06", "\tnobody\t", "c3\tbo@example.com\t06\tmore", "c4\t\tzero"]
NAMES = ["crmid", "e_mail", "origin"]
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


def displayed(*concerns: str) -> ShownFile:
    found = [Concern("joined", each) for each in concerns]
    return ShownFile((), columns_page([]), 0, (), found, (), (), FileOptions(), {}, NAMES)


def test_every_rejected_row_has_a_reason_in_words_with_its_fix() -> None:
    run = run_of()
    check = shown_check(run, displayed(), [], {})
    assert sum(group.rows for group in check.rejected) == run.rows_rejected == 4
    by_code = {group.code: group for group in check.rejected}
    assert set(by_code) >= {"wrong_field_count", "not_an_email", "not_an_integer"}
    assert all("_" not in group.message and group.fix for group in check.rejected)
    assert by_code["not_an_email"].columns == ["e_mail"]
    assert not by_code["wrong_field_count"].columns
    assert not check.left_out


def test_cells_that_are_left_out_are_counted_apart_from_rejected_rows() -> None:
    check = shown_check(run_of(OnMisfit.DROP), displayed(), [], {})
    assert [(each.column, each.cells) for each in check.left_out] == [("e_mail", 1)]  # the other is in a rejected row
    assert check.left_out[0].examples == ["n***"], "masked, since the attribute is personal"
    assert "not_an_email" not in {group.code for group in check.rejected}
    assert {group.code for group in check.rejected} == {"no_identifier", "wrong_field_count", "not_an_integer"}


def test_lost_times_are_in_the_check_too() -> None:
    concerns = ["the time of 777 is left out", "29 do not fit and would be left out", "1 row would be rejected"]
    assert shown_check(run_of(), displayed(*concerns), [], {}).concerns == [
        Concern("joined", "The time of 777 is left out")
    ]


def test_attributes_have_the_names_that_people_read() -> None:
    assert "Number of visits" in shown_check(run_of(), displayed(), [], {}).creates


MAIL = ColumnSpec(column="e_mail", attribute="email", format="email", identifier=True)


def warning_of(mail: ColumnSpec, rows: list[str]) -> ShownWarning:
    """The one with a button."""
    command = UploadCommand(
        data_source="till", file_name="till.tsv", uploaded_by="ann", columns=[CRMID, mail], create_source=True
    )
    content = "\n".join(["crmid\te_mail", *rows, ""])
    run = dry_run("acme", [content.encode()], command, NewCatalog(), Limits())
    return next(each for each in shown_check(run, displayed(), [CRMID, mail], {}).warnings if each.fix)


def test_an_identifier_of_different_people_can_be_given_up_in_the_check() -> None:
    warning = warning_of(MAIL, [f"c{n}\tann{n % 2}@example.com" for n in range(8)])
    assert warning.fault.code == "shared_identifier"
    assert "!" not in warning.fault.hint
    assert warning.fix == ShownFix(FixOption.IDENTIFIER, "false", [FixedColumn("e_mail", "email", "")])
    assert warning.fix.button == "Import it as no identifier"


def test_a_column_that_would_identify_rows_can_be_made_an_identifier_in_the_check() -> None:
    plain = ColumnSpec(column="e_mail", attribute="email", format="email")
    warning = warning_of(plain, [f"{'' if n % 2 else n + 100}\tann{n}@example.com" for n in range(40)])
    assert warning.fault.code == "rows_without_identifier"
    assert warning.fix
    assert warning.fix.button == "Import it as an identifier"


def test_columns_that_are_not_imported_are_named() -> None:
    phone = ColumnSpec(column="e_mail", attribute="phone", format="phone(@origin)")
    assert shown_check(run_of(), displayed(), [CRMID], {}).unused == ["e_mail", "origin"]
    assert shown_check(run_of(), displayed(), [CRMID, phone], {}).unused == []
