"""The fixes that a check has found, those of several columns together, each with a button that applies it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from penstock.application.imports.applied_fix import BECOMES_IDENTIFIER
from penstock.application.uploads.dry_run import ColumnReport
from penstock.domain.dry_run.fixes import Fix, FixOption
from services.uploader.console.forms import Form
from services.uploader.console.words import format_words

MAX_LEFT_OUT = 0.05  # share of a column's cells that a fix leaves out without a choice of the person
_BUTTONS = {
    FixOption.FORMAT: "Use this format",
    FixOption.BLANKS: "Take these words as blank",
    FixOption.ON_MISFIT: "Leave these cells out",
    FixOption.IDENTIFIER: "Import it as no identifier",
    FixOption.VALUES: "",  # a person writes the countries, in the spellings of that column
}


class FixedColumn(NamedTuple):
    """A column that a fix is for, by its name and its attribute, and what the fix would do in words. `is_chosen`: the
    fix is for it unless the person takes it out."""

    column: str
    attribute: str
    words: str
    is_chosen: bool = True


class ShownFix(NamedTuple):
    option: FixOption
    value: str
    columns: Sequence[FixedColumn]

    @property
    def button(self) -> str:
        becomes_one = (self.option, self.value) == (FixOption.IDENTIFIER, BECOMES_IDENTIFIER)
        return "Import it as an identifier" if becomes_one else _BUTTONS[self.option]


class ChosenFix(NamedTuple):
    attributes: Sequence[str]
    option: FixOption
    value: str


def shown_fixes(columns: Sequence[ColumnReport]) -> list[ShownFix]:
    """Equal fixes are one. Each identifier has its own: a file needs one that stays. Other formats come first: they
    lose nothing."""
    found: dict[tuple[FixOption, str, str], list[FixedColumn]] = {}
    for column in columns:
        for fix in column.fixes:
            name = column.attribute.name
            alone = name if fix.option is FixOption.IDENTIFIER else ""
            words = fix_words(fix, column.cells_tried)
            is_chosen = fix.option is not FixOption.ON_MISFIT or column.invalid_share <= MAX_LEFT_OUT
            fixed = FixedColumn(column.label, name, words, is_chosen)
            found.setdefault((fix.option, fix.value, alone), []).append(fixed)
    listed = [ShownFix(option, value, fixed) for (option, value, _), fixed in found.items()]
    return sorted(listed, key=lambda each: each.option is not FixOption.FORMAT)


def fix_words(fix: Fix, tried: int) -> str:
    words = fix.message(tried)
    if fix.option is FixOption.FORMAT:
        return f"The format “{format_words(fix.value)}”{words.removeprefix(fix.value)}"
    return words[:1].upper() + words[1:]


def chosen_fix(form: Form) -> ChosenFix | None:
    """The fix whose button was pressed."""
    name = f"fix{form.text('fix')}"
    option = form.text(f"{name}.option")
    if option not in list(FixOption):
        return None
    return ChosenFix(form.texts(f"{name}.attribute"), FixOption(option), form.text(f"{name}.value"))
