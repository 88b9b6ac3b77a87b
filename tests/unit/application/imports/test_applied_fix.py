"""A fix of the check, applied to columns of a draft."""

from __future__ import annotations

from msgspec.structs import replace

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.application.imports.applied_fix import BECOMES_IDENTIFIER, with_fix
from penstock.application.imports.import_draft import ColumnChoice, ImportDraft
from penstock.domain.dry_run.fixes import FixOption
from penstock.domain.mapping.mapping import OnMisfit

HOME = ColumnSpec(column="home", attribute="phone", blanks=("none",), identifier=True)
WORK = ColumnSpec(column="work", attribute="mobile")
PART = ColumnSpec(column="both", split="/", attribute="fax")
DRAFT = ImportDraft(
    draft_id="d",
    created_by="ann",
    created_at=0,
    expires_at=1,
    data_source="crm",
    choices=(ColumnChoice(column="home", spec=HOME), ColumnChoice(column="x"), ColumnChoice(column="work", spec=WORK)),
    kept=(PART,),
    rows=3,
)


def test_a_fix_is_for_all_its_columns_and_no_other() -> None:
    fixed = with_fix(DRAFT, ["phone", "fax"], FixOption.FORMAT, "phone(NL)")
    assert fixed.columns == [replace(PART, format="phone(NL)"), replace(HOME, format="phone(NL)"), WORK]
    assert fixed.rows is None


def test_words_for_blank_are_added_once() -> None:
    fixed = with_fix(DRAFT, ["phone", "mobile"], FixOption.BLANKS, "none,n/a")
    assert [spec.blanks for spec in fixed.columns] == [(), ("none", "n/a"), ("none", "n/a")]


def test_cells_are_left_out() -> None:
    dropped, plain = with_fix(DRAFT, ["mobile"], FixOption.ON_MISFIT, "drop"), OnMisfit.REJECT
    assert [spec.on_misfit for spec in dropped.columns] == [plain, plain, OnMisfit.DROP]
    identifier = with_fix(dropped, ["mobile"], FixOption.IDENTIFIER, BECOMES_IDENTIFIER).columns[2]
    assert identifier == replace(WORK, identifier=True)  # none of its cells can be left out
    no_identifier = with_fix(DRAFT, ["phone"], FixOption.IDENTIFIER, "false").columns[1]
    assert no_identifier == replace(HOME, identifier=False, on_misfit=OnMisfit.DROP)
