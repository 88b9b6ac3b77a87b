"""What a column of an import says about its suggestion."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.application.imports.import_draft import ColumnChoice
from penstock.application.uploads.suggesting import column_spec
from penstock.domain.mapping.attributes import Attribute, parse_format
from penstock.domain.mapping.mapping import ColumnMapping, OnMisfit
from penstock.domain.suggestions import ColumnSuggestion
from services.uploader.console.import_columns import ShownColumn, shown_column

JOINED = Attribute(name="customer_since", display_name="Customer since", format=parse_format("date"))
SUGGESTED = ColumnSuggestion(
    column="Date_Joined",
    attribute=JOINED,
    exists=True,
    format=parse_format("date(d-MMM-yy)"),
    on_misfit=OnMisfit.DROP,
    confidence=0.95,
    evidence=("its name means Customer since", "1,971 of 2,000 are dates, 777 with a time"),
    against=("29 do not fit and would be left out", "the time of 777 is left out", "looks personal: add :pii"),
)
SPEC = column_spec(SUGGESTED)


def column_of(spec: ColumnSpec | None, suggestion: ColumnSuggestion = SUGGESTED) -> ShownColumn:
    choice = ColumnChoice(column="Date_Joined", spec=spec)
    return shown_column(0, choice, suggestion, ["10-Jan-24"], {JOINED.name: JOINED}, cell_key="k", reveal=False)


def test_all_that_speaks_against_a_suggestion_is_shown() -> None:
    column = column_of(SPEC)
    assert (column.kind, column.label) == ("warn", "Please check")
    assert column.needs_person
    assert list(column.concerns) == [*SUGGESTED.against[:2], "looks personal: tick Personal"]
    assert column.why == SUGGESTED.evidence


def test_a_suggestion_fits_only_if_nothing_speaks_against_it() -> None:
    assert column_of(SPEC, replace(SUGGESTED, against=())).label == "Fits"
    assert not column_of(SPEC, replace(SUGGESTED, against=())).needs_person


def test_concerns_follow_what_was_chosen() -> None:
    column = column_of(replace(SPEC, pii=True, on_misfit=OnMisfit.REJECT))
    assert list(column.concerns) == ["29 do not fit and would be rejected with their rows", SUGGESTED.against[1]]


def test_options_of_the_command_line_are_controls_of_the_page() -> None:
    shared = replace(SUGGESTED, against=("5 stand on rows with different crmid: map it with ! as well to merge them",))
    assert not column_of(replace(SPEC, identifier=True), shared).concerns
    assert list(column_of(SPEC, shared).concerns) == [
        "5 stand on rows with different crmid: tick Identifier to merge them"
    ]


def test_formats_in_a_concern_are_in_words() -> None:
    before = replace(SUGGESTED, against=("0 of 9 fit phone(@Land), as mapped before", "could also be phone(DE): check"))
    assert list(column_of(SPEC, before).concerns) == [
        "0 of 9 fit Phone number, country in the column Land, as mapped before",
        "could also be Phone number, country DE: check",
    ]


def test_another_format_is_the_persons_choice() -> None:
    column = column_of(replace(SPEC, format="date(dd-MMM-yy)"))
    assert (column.label, list(column.concerns)) == ("Your choice", [])


def test_cells_that_do_not_fit_the_persons_choice_are_counted() -> None:
    column = column_of(replace(SPEC, format="date(yyyy-MM-dd)"))
    assert (column.label, list(column.concerns)) == ("Please check", ["1 does not fit and would be left out"])
    assert column.needs_person
    other = column_of(replace(SPEC, attribute="ltv", format="decimal", on_misfit=OnMisfit.REJECT))
    assert list(other.concerns) == ["1 does not fit and would be rejected with its row"]
    assert not column_of(replace(SPEC, attribute="note", format="text")).concerns


def test_a_changed_option_is_not_the_same_as_last_time() -> None:
    earlier = ColumnMapping(column="Date_Joined", attribute=JOINED.name, format=SUGGESTED.format)
    again = replace(SUGGESTED, against=(), earlier=earlier)
    same = column_spec(again)
    assert column_of(same, again).label == "Same as last time"
    assert column_of(replace(same, pii=True), again).label == "Your choice"
    assert column_of(replace(same, blanks=("none",)), again).label == "Your choice"
    personal = replace(again, attribute=replace(JOINED, pii=True), pii=True)
    assert column_of(replace(column_spec(personal), pii=None), personal).label == "Same as last time"


def test_numbers_that_do_not_fit_the_country_of_their_row_are_named() -> None:
    phone = Attribute(name="phone", display_name="Phone", format=parse_format("phone"))
    suggestion = replace(
        SUGGESTED, column="tel", attribute=phone, format=parse_format("phone(@Land)"), against=("1 does not fit",)
    )
    cells, columns = ["0612345678", "0612345678"], {"Land": ["NL", "US"]}
    choice = ColumnChoice(column="tel", spec=column_spec(suggestion))
    column = shown_column(0, choice, suggestion, cells, {"phone": phone}, columns=columns, cell_key="k", reveal=False)
    assert column.unfitting == ["0612345678"]


CARD = Attribute(name="card", display_name="Card", format=parse_format("enum(gold|silver)"))
CARD_SUGGESTED = replace(
    SUGGESTED, column="card", attribute=CARD, format=CARD.format, against=("2 do not fit and would be left out",)
)
CARD_SPEC = ColumnSpec(column="card", attribute="card", format="enum(gold|silver)")
CARDS = ["gold", "Goud", "Goud", "silver", ""]


def card_of(spec: ColumnSpec, suggestion: ColumnSuggestion | None = CARD_SUGGESTED) -> ShownColumn:
    choice = ColumnChoice(column="card", spec=spec)
    return shown_column(0, choice, suggestion, CARDS, {"card": CARD}, cell_key="k", reveal=False)


@pytest.mark.parametrize("suggestion", [CARD_SUGGESTED, None])
def test_values_are_counted_as_they_are_matched_now(suggestion: ColumnSuggestion | None) -> None:
    column = card_of(CARD_SPEC, suggestion)
    assert list(column.concerns) == ["2 do not fit and would be rejected with their rows"]
    assert (column.label, column.values.without_value) == ("Please check", 1)
    matched = card_of(replace(CARD_SPEC, values={"Goud": "gold"}), suggestion)
    assert (matched.label, list(matched.concerns), matched.needs_person) == ("Your choice", [], False)
    blank = card_of(replace(CARD_SPEC, blanks=("goud",)), suggestion)
    assert not blank.concerns
    wrong = card_of(replace(CARD_SPEC, values={"Goud": "bronze"}), suggestion)
    assert list(wrong.concerns) == list(column.concerns)


def test_a_misspelling_that_was_mapped_is_no_concern() -> None:
    against = ("2 are 'Goud', perhaps 'Gould' misspelt: a value map corrects them",)
    suggestion = replace(CARD_SUGGESTED, format=parse_format("enum(Goud|gold|silver)"), against=against)
    spec = replace(CARD_SPEC, format="enum(Goud|gold|silver)")
    assert list(card_of(spec, suggestion).concerns) == [
        "2 are 'Goud', perhaps 'Gould' misspelt: say below the format what they mean"
    ]
    assert not card_of(replace(spec, values={"Goud": "gold"}), suggestion).concerns


def test_words_for_blank_are_counted_and_named() -> None:
    assert (card_of(CARD_SPEC).filled, card_of(CARD_SPEC).blanks) == ("80.0 %", "")
    column = card_of(replace(CARD_SPEC, blanks=("goud", "silver")))
    assert (column.filled, column.blanks) == ("20.0 %", "3 blank: Goud, silver")
    assert column.samples == ["gold"]


def test_cells_to_match_are_masked_as_the_samples_are() -> None:
    personal = card_of(replace(CARD_SPEC, pii=True))
    assert [cell.text for cell in personal.values.cells] == ["G***"]
    assert [cell.text for cell in card_of(CARD_SPEC).values.cells] == ["Goud"]


def test_only_a_column_of_times_can_say_which_row_is_the_newest() -> None:
    assert column_of(SPEC).has_times
    assert not column_of(replace(SPEC, attribute="note", format="text")).has_times
