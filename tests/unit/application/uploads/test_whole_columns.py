"""A column whose format was chosen wrong: the dry run offers that of the whole column before it leaves cells out."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.application.uploads.dry_run import ColumnReport, dry_run
from penstock.application.uploads.upload_command import UploadCommand
from penstock.domain.dry_run.fixes import FixOption
from penstock.domain.dry_run.notations import Notation
from penstock.domain.dry_run.whole_columns import net_effect
from penstock.domain.mapping.attributes import parse_format
from penstock.domain.mapping.mapping import Limits, OnMisfit
from penstock.domain.suggestions.sample import Cells
from services.cli.new_catalog import NewCatalog
from services.uploader.console.import_fixes import shown_fixes

DAYS = [(date(1950, 1, 1) + timedelta(days=211 * number)) for number in range(100)]
EUROPEAN = [day.strftime("%d.%m.%Y") for day in DAYS]
TIMES = [day.strftime("%d.%m.%Y 08:30") for day in DAYS]
NUMBERS = [f"{number},5" if number % 3 else str(number) for number in range(100)]
PHONES = [
    f"{'+48 ' if not number % 3 else ''}{501 + number % 9} {100 + number} {200 + number}" for number in range(100)
]


def report(cells: list[str], attribute: str, format: str, blanks: int = 0) -> ColumnReport:
    columns = [
        ColumnSpec(column="crmid", attribute="crmid", identifier=True),
        ColumnSpec(column="c", attribute=attribute, format=format),
    ]
    command = UploadCommand(
        data_source="till", file_name="till.tsv", uploaded_by="ann", columns=columns, create_source=True
    )
    rows = [f"k{at}\t{cell}" for at, cell in enumerate([*cells, *[""] * blanks])]
    run = dry_run("acme", ["\n".join(["crmid\tc", *rows, ""]).encode()], command, NewCatalog(), Limits())
    return next(each for each in run.columns if each.label == "c")


@pytest.mark.parametrize(
    ("cells", "attribute", "chosen", "offered"),
    [
        (EUROPEAN, "birth_date", "date(MM.dd.yyyy)", "date(dd.MM.yyyy)"),
        (TIMES, "last_seen", "datetime(MM.dd.yyyy HH:mm)", "datetime(dd.MM.yyyy HH:mm)"),
        (NUMBERS, "spent", "decimal(1,234.56)", "decimal(1234,56)"),
        (["tak", "nie"] * 50, "wants_mail", "boolean(ja|nee)", "boolean(tak|nie)"),
        (PHONES, "mobile", "phone(GB)", "phone(PL)"),
    ],
)
def test_the_format_of_the_whole_column_comes_before_leaving_out(
    cells: list[str], attribute: str, chosen: str, offered: str
) -> None:
    found = report([*cells, "?!"], attribute, chosen)
    first = found.fixes[0]
    assert (first.option, first.value) == (FixOption.FORMAT, offered)
    assert first.cells == found.invalid_cells - 1, "it takes all but one"
    assert FixOption.ON_MISFIT in [each.option for each in found.fixes[1:]]


def test_a_further_notation_is_added_to_one_that_most_cells_fit() -> None:
    mixed = [f"${number},234.50" if number % 4 else f"{number}.234,50 €" for number in range(1, 100)]
    found = report(mixed, "spent", "decimal(1,234.56)")
    assert (found.fixes[0].value, found.fixes[0].cells) == ("decimal(1,234.56|1.234,56)", found.invalid_cells)
    assert found.fixes[0].against == ("a cell that could be either, such as 1.234, is read as 1,234.56: check",)


def test_a_fix_that_takes_fewer_cells_than_now_is_not_offered_and_one_that_loses_some_says_so() -> None:
    first = Cells("spent", ["1,234.50"] * 7 + ["2.345,60"] * 3)
    worse, better = Notation("decimal(1.234,56)", 3, ()), Notation("decimal(1,234.56|1.234,56)", 3, ())
    present = parse_format("decimal(1,234.56)")
    assert net_effect(present, first, worse) is None
    assert net_effect(present, first, better) == better
    fewer = net_effect(parse_format("decimal(1.234,56)"), first, Notation("decimal(1,234.56)", 7, ()))
    assert fewer is not None
    assert fewer.against == ("3 of the first 10 cells fit now and would not then: check",)


def test_days_that_fit_now_are_said_to_change() -> None:
    assert "cells that fit now may become other days: check" in report(
        EUROPEAN, "birth_date", "date(MM.dd.yyyy)"
    ).fixes[0].message(60)


def test_slips_of_the_hand_are_not_taken_as_the_format_of_the_column() -> None:
    slips = ["12.15.2001", "01.31.1999"]
    assert FixOption.FORMAT not in [
        each.option for each in report([*EUROPEAN, *slips], "birth_date", "date(dd.MM.yyyy)").fixes
    ]


def test_leaving_out_more_than_a_few_cells_of_a_column_is_no_ticked_choice() -> None:
    wrong = report(EUROPEAN, "birth_date", "date(MM.dd.yyyy)")
    few = report([*EUROPEAN, "x"], "last_order", "date(dd.MM.yyyy)")
    blank = report(["1.2.2020", *["x"] * 4], "next_order", "date(d.M.yyyy)", blanks=200)
    formats, leaving_out = shown_fixes([few, wrong, blank])
    assert formats.option is FixOption.FORMAT, "before what loses cells"
    assert [each.is_chosen for each in leaving_out.columns] == [True, False, False]


def test_the_cells_that_are_counted_are_those_that_are_tried() -> None:
    """A row that is rejected for one column may also have a cell that another column would drop."""
    columns = [
        ColumnSpec(column="crmid", attribute="crmid", identifier=True),
        ColumnSpec(column="mail", attribute="email", identifier=True),
        ColumnSpec(column="born", attribute="birth_date", format="date"),
        ColumnSpec(column="spent", attribute="spent", format="decimal", on_misfit=OnMisfit.DROP),
    ]
    command = UploadCommand(
        data_source="till", file_name="till.tsv", uploaded_by="ann", columns=columns, create_source=True
    )
    rows = ["k1\t\tyesterday\tmuch", "k2\t\t\tlittle", "n/a\ta@example.com\t\t", "test\t\t\t", "k3\t\t\t1.50"]
    body = "\n".join(["crmid\tmail\tborn\tspent", *rows, ""]).encode()
    found = {each.label: each for each in dry_run("acme", [body], command, NewCatalog(), Limits()).columns}
    assert {label: (each.invalid_cells, each.cells_tried) for label, each in found.items() if label != "crmid"} == {
        "born": (1, 1),
        "spent": (1, 1),
    }
    assert found["crmid"].invalid_cells == 1, "as an ingestion counts: not that of the row without an identifier"
