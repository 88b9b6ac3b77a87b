"""What the page of an import sends, as the draft keeps it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.application.imports.import_draft import ColumnChoice, ImportDraft
from penstock.domain.errors import Refused
from penstock.domain.limits import MAX_VALUE_MAP
from penstock.domain.mapping.attributes import Attribute
from penstock.domain.mapping.builtin_attributes import BUILTIN
from penstock.domain.mapping.mapping import Mode, OnMisfit
from services.uploader.console.forms import Form
from services.uploader.console.import_form import Known, document, entered, options_shown
from services.uploader.console.import_values import token_of

KNOWN = {
    "email": Attribute(name="email", display_name="E-mail", pii=True),
    "city": Attribute(name="city", display_name="City"),
    "ltv": BUILTIN["ltv"],
    "last_seen_at": BUILTIN["last_seen_at"],
}
DATE = ColumnSpec(column="when", attribute="birth_date", format="date(dd/MM/yyyy)", values={"x": "y"})
DRAFT = ImportDraft(
    draft_id="d",
    created_by="ann",
    created_at=0,
    expires_at=1,
    data_source="crm",
    cell_key="secret",
    file_id="f",
    choices=(ColumnChoice(column="when", spec=DATE), ColumnChoice(column="town")),
    rows=12,
)
ROW = {
    "c0.column": "when",
    "c0.fits": "birth_date",
    "c0.suggested": "date(dd/MM/yyyy)",
    "c0.format": "date(dd/MM/yyyy)",
}


def sent(fields: dict[str, str], draft: ImportDraft = DRAFT, cells: Sequence[str] = ()) -> ImportDraft:
    return entered(draft, Form(fields.items()), Known(KNOWN, lambda column: cells if column == "when" else ()))


def spec_of(draft: ImportDraft, at: int = 0) -> ColumnSpec:
    spec = draft.choices[at].spec
    assert spec is not None
    return spec


def test_no_cell_of_a_column_that_becomes_text_is_left_out() -> None:
    dropping = sent({**ROW, "c0.attribute": "birth_date", "c0.drop": "on"})
    assert spec_of(dropping).on_misfit is OnMisfit.DROP
    text = {**ROW, "c0.attribute": "birth_date", "c0.format": "text", "c0.drop": "on"}
    assert spec_of(sent(text, dropping)).on_misfit is OnMisfit.REJECT
    chosen = sent({**text, "c0.suggested": "text"}, sent(text, dropping))  # too long a text can be left out
    assert spec_of(chosen).on_misfit is OnMisfit.DROP


def test_a_form_without_columns_changes_none() -> None:
    assert sent({}) == DRAFT


def test_the_format_that_was_suggested_for_one_attribute_is_not_taken_for_another() -> None:
    other = spec_of(sent({**ROW, "c0.attribute": "city"}))
    assert (other.attribute, other.format, other.values) == ("city", None, {})
    same = spec_of(sent({**ROW, "c0.attribute": "birth_date"}))
    assert (same.format, same.values) == (DATE.format, DATE.values)
    written = spec_of(sent({**ROW, "c0.format": "text", "c0.attribute": "city"}))
    assert written.format == "text"


def test_another_format_is_the_one_of_its_own_field() -> None:
    fields = {**ROW, "c0.attribute": "birth_date", "c0.format": "other", "c0.other_format": "date(d MMM yyyy)"}
    assert spec_of(sent(fields)).format == "date(d MMM yyyy)"
    assert spec_of(sent({**fields, "c0.format": "date"})).format == "date"


def test_a_page_that_is_late_does_not_take_another_change_back() -> None:
    newer = replace(DRAFT, choices=(ColumnChoice(column="when", spec=replace(DATE, attribute="city", format=None)),))
    assert spec_of(sent({**ROW, "c0.attribute": "birth_date"}, newer)).attribute == "city"
    assert spec_of(sent({**ROW, "c0.attribute": "email"}, newer)).attribute == "email"


def test_a_format_that_was_only_typed_counts_too() -> None:
    fields = {**ROW, "c0.attribute": "birth_date", "c0.other_format": "date(d MMM yyyy)"}
    assert spec_of(sent(fields)).format == "date(d MMM yyyy)"
    assert spec_of(sent({**fields, "c0.other_format": ROW["c0.suggested"]})).format == DATE.format


@pytest.mark.parametrize(
    ("attribute", "cells", "format"),
    [
        ("ltv", ["1.234,50", "12,00", "980,10"], "decimal(1.234,56)"),
        ("last_seen_at", ["10.04.2025 08:31", "31.12.2024 23:59"], "datetime(dd.MM.yyyy HH:mm)"),
        ("last_seen_at", ["10.04.2025", "31.12.2024"], "datetime(dd.MM.yyyy)"),
        ("ltv", ["12.50", "980.10"], None),
        ("ltv", ["no", "number"], None),
        ("ltv", [], None),
    ],
)
def test_another_attribute_keeps_the_notation_of_the_cells(
    attribute: str, cells: list[str], format: str | None
) -> None:
    assert spec_of(sent({**ROW, "c0.attribute": attribute}, cells=cells)).format == format


def test_cells_are_matched_by_their_tokens() -> None:
    fields = {**ROW, "c0.attribute": "birth_date"}
    x, y, other = (
        f"c0.value.{token_of('secret', column, cell)}" for column, cell in [("when", "x"), ("when", "y"), ("town", "y")]
    )
    assert spec_of(sent({**fields, x: "z"})).values == {"x": "z"}
    assert spec_of(sent({**fields, x: ""})).values == {}
    assert spec_of(sent({**fields, y: "z", other: "z"}, cells=["x", " y "])).values == {"x": "y", "y": "z"}
    assert spec_of(sent({**fields, y: "z"}, cells=["x"])).values == {"x": "y"}  # another file meanwhile
    assert spec_of(sent({**fields, "c0.cell": "q", "c0.cell_value": "z"})).values == {"x": "y", "q": "z"}
    assert spec_of(sent({**fields, "c0.cell": "q", "c0.cell_value": ""})).values == {"x": "y"}


def test_a_value_map_has_an_end() -> None:
    full = replace(DATE, values={str(n): "z" for n in range(MAX_VALUE_MAP + 1)})
    draft = replace(DRAFT, choices=(ColumnChoice(column="when", spec=full), *DRAFT.choices[1:]))
    fields = {**ROW, "c0.attribute": "birth_date", "c0.cell": "q", "c0.cell_value": "z"}
    assert spec_of(sent(fields, draft)).values == full.values


def test_the_file_is_read_only_for_a_cell_that_had_no_value() -> None:
    def unread(column: str) -> Sequence[str]:
        raise AssertionError(column)

    x, y = (f"c0.value.{token_of('secret', 'when', cell)}" for cell in "xy")
    form = Form({**ROW, "c0.attribute": "birth_date", x: "z", y: ""}.items())
    assert spec_of(entered(DRAFT, form, Known(KNOWN, unread))).values == {"x": "z"}


def test_a_cleared_column_is_not_imported() -> None:
    assert sent({**ROW, "c0.attribute": ""}).columns == []


def test_a_row_of_another_order_changes_nothing() -> None:
    """Such as from a tab that shows an earlier file."""
    assert sent({**ROW, "c0.column": "town", "c0.attribute": "city"}) == DRAFT


def test_an_attribute_that_is_personal_needs_no_switch() -> None:
    fields = {"c1.column": "town", "c1.attribute": "city", "c1.pii": "on", "c1.drop": "on"}
    plain = spec_of(sent({**fields, "c1.blanks": " none, n/a ,"}), 1)
    assert (plain.pii, plain.identifier, plain.on_misfit, plain.blanks) == (True, False, OnMisfit.DROP, ("none", "n/a"))
    assert spec_of(sent({**fields, "c1.attribute": "email"}), 1).pii is None


def test_cells_of_an_identifier_are_never_left_out() -> None:
    spec = spec_of(sent({"c1.column": "town", "c1.attribute": "city", "c1.identifier": "on", "c1.drop": "on"}), 1)
    assert (spec.identifier, spec.on_misfit) == (True, OnMisfit.REJECT)


def test_a_change_makes_the_last_check_void() -> None:
    assert sent({"mode": "replace"}).rows is None
    assert sent({"mode": "replace"}, replace(DRAFT, mode=Mode.REPLACE)).rows == 12


def test_addresses_have_a_level_and_none_are_those_of_the_source() -> None:
    assert sent({"notify": "ann@example.com, bo@example.com", "level": "end"}).notify == (
        "ann@example.com:end",
        "bo@example.com:end",
    )
    assert sent({"notify": "", "level": "all"}, replace(DRAFT, notify=("ann@example.com",))).notify is None


def test_the_upload_has_what_the_draft_has() -> None:
    command = document(sent({"mode": "replace", "max_rejects": "5%", "notify": "ann@example.com"})).command(
        "ann", "f.tsv"
    )
    assert command.columns == [DATE]
    assert (command.mode, command.max_rejects, command.notify) == (Mode.REPLACE, "5%", ("ann@example.com",))


def test_an_upload_without_columns_does_not_take_the_mapping_of_its_source() -> None:
    with pytest.raises(Refused, match="no column is to be imported"):
        document(sent({**ROW, "c0.attribute": ""}))


def test_a_column_of_times_says_which_row_is_the_newest_until_it_is_cleared_or_becomes_text() -> None:
    fields = {**ROW, "c0.attribute": "last_seen_at", "c0.as_of": "on"}
    ticked = sent(fields)
    assert spec_of(ticked).as_of
    assert not spec_of(sent({**fields, "c0.attribute": "city"})).as_of
    seen = {**fields, "c0.fits": "last_seen_at", "c0.suggested": "datetime", "c0.format": "datetime"}
    assert spec_of(sent(seen, ticked)).as_of
    assert not spec_of(sent({name: value for name, value in seen.items() if name != "c0.as_of"}, ticked)).as_of


def test_an_older_page_changes_only_its_own_options() -> None:
    """Another page has set the limit and the recipients since; they are not on this one."""
    draft = replace(DRAFT, max_rejects="5%", notify=("ann@example.com",), mode=Mode.REPLACE)
    older = {f"was.{name}": value for name, value in options_shown(DRAFT, None).items()}
    unchanged = {**options_shown(DRAFT, None), **older}
    assert sent(unchanged, draft) == draft
    assert sent({**unchanged, "max_rejects": "7"}, draft) == replace(draft, max_rejects="7", rows=None)
    assert sent({**unchanged, "level": "end", "notify": "bo@example.com"}, draft).notify == ("bo@example.com:end",)
    newer = {
        **options_shown(draft, None),
        **{f"was.{name}": value for name, value in options_shown(draft, None).items()},
    }
    assert sent({**newer, "max_rejects": ""}, draft).max_rejects is None
