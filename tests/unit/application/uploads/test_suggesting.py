"""Which suggestions are accepted."""

from __future__ import annotations

import msgspec
import pytest

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.application.uploads.suggesting import accept, storable, suggestions_for
from penstock.domain.errors import Refused
from penstock.domain.files.ndjson import ROW_KEY
from penstock.domain.files.rejects import REJECT_COLUMNS
from penstock.domain.mapping.builtin_attributes import BUILTIN
from penstock.domain.mapping.mapping import ColumnMapping, OnMisfit
from penstock.domain.suggestions import Change, Drift, LeftOut, Sample, SuggestedMapping

COLUMNS = {
    "first_name": ["Ann", "Bob"] * 20,
    "mail": [f"p{number}@gmail.com" for number in range(40)],
    "customer_id": [f"C{number}" for number in range(40)],
    "born": ["03/04/1990"] * 40,
    "points": ["10", "n/a"] * 20,
}


def suggested(*earlier: ColumnMapping, **more: list[str]) -> SuggestedMapping:
    columns = COLUMNS | more
    return suggestions_for(Sample(list(columns), list(columns.values()), complete=True), BUILTIN, earlier)


def test_suggestions_from_a_confidence_on_are_accepted() -> None:
    accepted = accept(suggested(), 0.9)
    assert [(each.column, each.attribute, each.identifier) for each in accepted.columns] == [
        ("first_name", "first_name", False),
        ("mail", "email", True),
        ("customer_id", "crmid", True),
        ("points", "loyalty_points", False),
    ]
    points = accepted.columns[-1]
    assert (points.format, points.blanks, points.on_misfit) == ("decimal", ("n/a",), OnMisfit.DROP)
    ((column, reason),) = accepted.left_out
    assert column == "born"
    assert "could also be MM/dd/yyyy" in reason


def test_a_lower_confidence_accepts_more() -> None:
    assert accept(suggested(), 0.5).left_out == []


def test_a_column_mapped_by_hand_takes_precedence() -> None:
    by_hand = [ColumnSpec(column="points", attribute="crmid", identifier=True)]
    accepted = accept(suggested(), 0.9, by_hand)
    assert accepted.columns[0] == msgspec.structs.replace(by_hand[0], blanks=("n/a",))  # as suggested for its cells
    assert [each.column for each in accepted.columns] == ["points", "first_name", "mail"]
    assert ("customer_id", "another column is mapped to crmid") in accepted.left_out


def test_tied_columns_are_left_out_at_any_confidence() -> None:
    accepted = accept(suggested(e_mailadres=[f"q{number}@gmail.com" for number in range(40)]), 0)
    assert {each.column for each in accepted.left_out} == {"mail", "e_mailadres"}


def test_no_identifier_is_refused() -> None:
    sample = Sample(["first_name"], [["Ann", "Bob"] * 20], complete=True)
    with pytest.raises(Refused) as refused:
        accept(suggestions_for(sample, BUILTIN, ()), 0.9)
    assert refused.value.code == "no_identifier_suggested"
    assert "--map 'first_name=first_name!'" in refused.value.faults[0].hint  # a column that the file has


def test_an_earlier_column_keeps_its_options() -> None:
    earlier = ColumnMapping(column="points", attribute="loyalty_points", values={"ten": "10"}, blanks=("nil",))
    constant = ColumnMapping(constant="NL", attribute="country")
    accepted = accept(suggested(earlier, constant), 0.9)
    points = next(each for each in accepted.columns if each.column == "points")
    assert (points.values, points.blanks, points.on_misfit) == ({"ten": "10"}, ("nil", "n/a"), OnMisfit.REJECT)
    assert accepted.columns[0] == ColumnSpec(constant="NL", attribute="country", format="text", pii=False)


def test_columns_of_a_reject_file_are_not_suggested() -> None:
    added = [*REJECT_COLUMNS, ROW_KEY]
    names = [*added, *COLUMNS]
    columns = [["1"] * 40 for _ in added] + list(COLUMNS.values())
    found = suggestions_for(Sample(names, columns, complete=True), BUILTIN, ())
    assert [each.column for each in found.columns] == list(COLUMNS)


def test_a_new_attribute_with_a_name_similar_to_an_existing_one_is_left_out() -> None:
    found = suggested(visits_nr=[str(number) for number in range(40)])
    (name,) = {each.attribute.name for each in found.columns if each.column == "visits_nr"}
    existing = {*BUILTIN, name.replace("v", "w", 1)}
    assert "visits_nr" in {each.column for each in accept(found, 0.5).columns}
    left_out = {each.column: each.reason for each in accept(found, 0.5, attributes=existing).left_out}
    assert "similar to" in left_out["visits_nr"]


def test_columns_left_out_are_stored_without_values_of_the_file() -> None:
    left_out = [
        LeftOut("tier", "loyalty_tier has a confidence of 0.7 only: 9 of 10 fit enum(gold|silver)"),
        LeftOut("mail", "email has a confidence of 0.7 only: 7 of 10 are e-mail addresses"),
    ]
    assert [each.reason for each in storable(left_out)] == [
        "loyalty_tier has a confidence of 0.7 only",
        "email has a confidence of 0.7 only: 7 of 10 are e-mail addresses",
    ]


def test_columns_that_cannot_be_read_are_left_out_with_the_reason() -> None:
    sample = Sample([*COLUMNS, "tags"], [*COLUMNS.values(), [""] * 40], complete=True, unreadable={"tags": "arrays"})
    earlier = [ColumnMapping(column="tags", attribute="notes"), ColumnMapping(column="mail", attribute="email")]
    found = suggestions_for(sample, BUILTIN, earlier)
    assert [each.column for each in found.columns] == list(COLUMNS)
    assert Change("tags", Drift.FORMAT, "arrays") in found.changes
    assert Change("tags", Drift.GONE, "it feeds notes") not in found.changes
    assert LeftOut("tags", "arrays") in accept(found, 0.9).left_out
    by_hand = [ColumnSpec(column="tags", attribute="crmid", identifier=True)]
    assert "tags" not in {each.column for each in accept(found, 0.9, by_hand).left_out}


def test_columns_of_reject_files_are_not_suggested() -> None:
    names = [*REJECT_COLUMNS, ROW_KEY, "email"]
    sample = Sample(names, [["1"], ["unknown_key"], ["{"], ["ann@example.com"]], complete=True)
    assert [each.column for each in suggestions_for(sample, BUILTIN, ()).columns] == ["email"]


def test_a_word_of_a_format_that_was_written_by_hand_is_not_taken_as_blank() -> None:
    cells = ["ja", "nein", "x", "-"] * 30
    sample = Sample(["crmid", "ok"], [[f"c{at}" for at in range(len(cells))], cells], complete=True)
    found = suggestions_for(sample, BUILTIN, ())
    by_hand = ColumnSpec(column="ok", attribute="photo_ok", format="boolean(ja,x|nein,-)")
    (accepted,) = [each for each in accept(found, 0.9, [by_hand]).columns if each.column == "ok"]
    assert accepted.blanks == ()


def test_the_column_that_says_which_row_is_the_newest_is_accepted_unless_another_one_says_so_by_hand() -> None:
    ids = [f"C{number}" for number in (*range(38), 3, 4)]
    days = [f"2024-{at % 12 + 1:02}-{at % 28 + 1:02}" for at in range(40)]
    found = suggested(customer_id=ids, updated_at=days, signed=days)
    assert [each.column for each in accept(found, 0.9).columns if each.as_of] == ["updated_at"]
    by_hand = [ColumnSpec(column="signed", attribute="customer_since", as_of=True)]
    columns = accept(found, 0.9, by_hand).columns
    assert [each.column for each in columns if each.as_of] == ["signed"]
    assert "updated_at" in {each.column for each in columns}
