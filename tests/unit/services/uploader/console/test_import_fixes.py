"""The fixes of a check: equal ones are one, and a form says which was chosen."""

from __future__ import annotations

from penstock.application.uploads.dry_run import ColumnReport
from penstock.domain.dry_run.fixes import Fix, FixOption
from penstock.domain.mapping.attributes import Attribute, ValueFormat, ValueType
from services.uploader.console.forms import Form
from services.uploader.console.import_fixes import ChosenFix, chosen_fix, shown_fixes

DUTCH = Fix(FixOption.FORMAT, "phone(NL)", 2_851)
FRENCH = Fix(FixOption.FORMAT, "phone(FR)", 7)
ALONE = Fix(FixOption.IDENTIFIER, "false", 9)


def report(label: str, *fixes: Fix) -> ColumnReport:
    attribute = Attribute(name=f"a_{label}", display_name=label)
    return ColumnReport(
        label, attribute, (), ValueFormat(ValueType.PHONE), 2_899, {}, drops=False, cells_tried=2_899, fixes=fixes
    )


def test_equal_fixes_of_several_columns_are_one() -> None:
    first, second = shown_fixes([report("home", DUTCH), report("work", DUTCH, FRENCH)])
    assert [(each.column, each.attribute) for each in first.columns] == [("home", "a_home"), ("work", "a_work")]
    assert [each.column for each in second.columns] == ["work"]
    assert first.columns[0].words == "The format “Phone number, country NL” would take 2,851 of 2,899 cells"
    assert first.button == "Use this format"


def test_each_identifier_is_given_up_alone() -> None:
    assert [len(fix.columns) for fix in shown_fixes([report("home", ALONE), report("work", ALONE)])] == [1, 1]


def test_a_form_names_the_fix_and_its_columns() -> None:
    fields = [
        ("fix0.option", "blanks"),
        ("fix0.attribute", "a"),
        ("fix1.option", "format"),
        ("fix1.value", "phone(NL)"),
        ("fix1.attribute", "b"),
        ("fix1.attribute", "c"),
    ]
    assert chosen_fix(Form([*fields, ("fix", "1")])) == ChosenFix(["b", "c"], FixOption.FORMAT, "phone(NL)")
    assert chosen_fix(Form(fields)) is None
    assert chosen_fix(Form([*fields, ("fix", "7")])) is None
