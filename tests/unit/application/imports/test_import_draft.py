"""The rules of an import's draft: what a person has chosen stays, and no column moves."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.application.imports.import_draft import ColumnChoice, ImportDraft, with_suggestions
from penstock.domain.mapping.attributes import Attribute, ValueFormat
from penstock.domain.suggestions import ColumnSuggestion, SuggestedMapping

NAMES = [f"c{n}" for n in range(6)]
DRAFT = ImportDraft(draft_id="d", created_by="ann", created_at=0, expires_at=1, data_source="crm")


def suggestion(column: str, confidence: float, *, exists: bool = True, tied: bool = False) -> ColumnSuggestion:
    return ColumnSuggestion(
        column=column,
        attribute=Attribute(name=f"a_{column}", display_name=column),
        exists=exists,
        format=ValueFormat(),
        confidence=confidence,
        evidence=("named like the attribute",),
        tied_with=("other",) if tied else (),
    )


def suggested(*columns: ColumnSuggestion) -> SuggestedMapping:
    return SuggestedMapping(columns, (), (), (), rows=10, complete=True)


suggestions = st.lists(
    st.builds(suggestion, st.sampled_from(NAMES), st.floats(0, 1), exists=st.booleans(), tied=st.booleans()),
    unique_by=lambda each: each.column,
).map(lambda each: suggested(*each))


def test_columns_that_need_the_person_come_first_in_the_order_of_the_file() -> None:
    sure, guess = suggestion("c1", 0.99), suggestion("c2", 0.5)
    draft = with_suggestions(DRAFT, ["c1", "c2", "c3"], suggested(sure, guess))
    assert [choice.column for choice in draft.choices] == ["c2", "c3", "c1"]
    assert [choice.spec.attribute if choice.spec else None for choice in draft.choices] == ["a_c2", None, "a_c1"]


def test_a_guess_makes_no_attribute_and_a_tie_is_left_to_the_person() -> None:
    guess, tie = suggestion("c1", 0.5, exists=False), suggestion("c2", 0.99, tied=True)
    draft = with_suggestions(DRAFT, ["c1", "c2"], suggested(guess, tie))
    assert not draft.columns


def test_a_column_that_was_left_out_of_the_last_file_stays_out() -> None:
    again, new = replace(suggestion("c1", 0.99), was_left_out=True), suggestion("c2", 0.99)
    draft = with_suggestions(DRAFT, ["c1", "c2"], suggested(again, new))
    assert [spec.column for spec in draft.columns] == ["c2"]


@given(st.permutations(NAMES), suggestions, suggestions)
def test_rows_never_jump_and_a_cleared_match_stays_cleared(
    columns: list[str], first: SuggestedMapping, later: SuggestedMapping
) -> None:
    before = with_suggestions(DRAFT, columns, first)
    cleared = replace(before, choices=tuple(ColumnChoice(column=choice.column) for choice in before.choices))
    assert with_suggestions(before, columns, later) == before
    assert with_suggestions(cleared, columns, later) == cleared


def test_another_file_keeps_the_choices_of_the_columns_that_it_has() -> None:
    own = ColumnSpec(column="c1", attribute="city")
    draft = replace(DRAFT, choices=(ColumnChoice(column="c1", spec=own), ColumnChoice(column="gone")))
    after = with_suggestions(draft, ["c2", "c1"], suggested(suggestion("c2", 0.99)))
    assert [choice.column for choice in after.choices] == ["c1", "c2"]
    assert after.choices[0].spec == own
