"""The value map of a column on the page of an import."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.domain.mapping.attributes import parse_format
from services.uploader.console.import_values import (
    SHOWN_CELLS,
    ShownCell,
    ShownValueMap,
    shown_value_map,
    token_of,
    without_mapped_options,
)

SPEC = ColumnSpec(column="sex", attribute="gender", values={"V": "female", "Man": "m"}, blanks=("?",))
GENDER = "enum(female|male)"
CELLS = ["M", "M", "female", "V", "?", "", " X "]


def map_of(format: str, spec: ColumnSpec = SPEC, cells: list[str] = CELLS) -> ShownValueMap:
    return shown_value_map("key", spec, parse_format(format), cells, str.lower)


def pairs(found: ShownValueMap) -> list[tuple[str, int, str]]:
    return [(cell.text, cell.rows, cell.value) for cell in found.cells]


def test_cells_that_do_not_fit_and_matched_ones_are_listed_the_most_frequent_first() -> None:
    found = map_of(GENDER)
    assert pairs(found) == [("m", 2, ""), ("v", 1, "female"), ("x", 1, ""), ("man", 0, "m")]
    assert [each.value for each in found.choices] == ["female", "male"]
    assert found.without_value == 2
    assert found.has_unmatched


def test_yes_and_no_are_the_words_of_the_format() -> None:
    spec = replace(SPEC, values={"1": "JA", "0": "n", "9": "maybe"})
    found = map_of("boolean(ja,j|nee,n)", spec, ["1", "ja", "Oui"])
    assert [(each.value, each.words) for each in found.choices] == [("ja", "Yes"), ("nee", "No")]
    assert pairs(found) == [("1", 1, "ja"), ("oui", 1, ""), ("0", 0, "nee"), ("9", 0, "maybe")]
    assert [each.value for each in map_of("boolean", replace(SPEC, values={}), ["x"]).choices] == ["yes", "no"]


def test_other_formats_show_only_what_is_matched() -> None:
    assert pairs(map_of("text")) == [("v", 1, "female"), ("man", 0, "m")]
    assert not map_of("text").choices
    assert map_of("boolean(ja)") == ShownValueMap()  # the person is still writing it


def test_the_words_of_a_text_that_is_one_of_a_few_are_listed() -> None:
    spec, words = replace(SPEC, values={"V": "female"}), ["M", "V", "X"] * 4 + ["M"]
    found = map_of("text", spec, words)
    assert pairs(found) == [("m", 5, ""), ("v", 4, "female"), ("x", 4, "")]
    assert not found.has_unmatched  # each fits as it is
    assert pairs(map_of("text", spec, [f"name {n}" for n in range(9)] + ["V"])) == [("v", 1, "female")]
    assert pairs(map_of("integer", spec, words)) == [("v", 4, "female")]


@given(st.lists(st.sampled_from("MVXY"), min_size=1), st.dictionaries(st.sampled_from("MVXYZ"), st.just("male")))
def test_a_match_moves_no_cell(cells: list[str], values: dict[str, str]) -> None:
    before, after = (
        [cell.token for cell in map_of(GENDER, replace(SPEC, values=each), cells).cells] for each in ({}, values)
    )
    assert after[: len(before)] == before


def test_cells_are_named_by_tokens_that_differ_by_draft_column_and_cell() -> None:
    tokens = {cell.token for cell in map_of(GENDER).cells}
    assert tokens == {token_of("key", "sex", cell) for cell in ["V", "Man", "M", "X"]}
    assert len({token_of(*each) for each in [("a", "b", "c"), ("x", "b", "c"), ("a", "x", "c"), ("a", "b", "x")]}) == 4


def test_a_column_of_many_cells_shows_the_most_frequent() -> None:
    cells = [f"c{n}" for n in range(SHOWN_CELLS + 7)] + ["often", "often"]
    found = map_of(GENDER, replace(SPEC, values={}), cells)
    assert found.cells[0].text == "often"
    assert (len(found.cells), found.more) == (SHOWN_CELLS, 8)
    many = map_of(f"enum({'|'.join(f'o{n}' for n in range(250))})", replace(SPEC, values={}), cells)
    assert len(many.cells) == 20


def test_a_cell_may_mean_what_others_mean_or_a_cell_that_is_shown_whole() -> None:
    cells = [("PL", "Polska"), ("polska", "Polska"), ("Polska", ""), ("A very long on…", "")]
    found = ShownValueMap([ShownCell("t", text, 1, value) for text, value in cells])
    assert found.texts(with_cells=True) == ["Polska"]
    assert found._replace(cells=[*found.cells, ShownCell("t", "DE", 1, "")]).texts(with_cells=True) == ["Polska", "DE"]
    assert found.texts(with_cells=False) == ["Polska"]


HALLS = "enum(Anfiteatre|Anfiteatro|Galeria|Platea)"
SEATS = ["Anfiteatro"] * 30 + ["Anfiteatre"] * 2 + ["Platea", "Galeria"] * 20


def test_options_that_may_be_misspelt_are_listed_as_they_are() -> None:
    found = map_of(HALLS, replace(SPEC, values={}, blanks=()), SEATS)
    assert pairs(found) == [("anfiteatre", 2, "Anfiteatre")]
    assert (found.misspelt, found.has_unmatched) == (1, False)
    matched = map_of(HALLS, replace(SPEC, values={"Anfiteatre": "Anfiteatro"}, blanks=()), SEATS)
    assert (pairs(matched), matched.misspelt) == ([("anfiteatre", 2, "Anfiteatro")], 0)


def test_an_option_that_means_another_one_is_none_any_more() -> None:
    spec = replace(SPEC, format=HALLS, values={"Anfiteatre": "Anfiteatro", "ANFITEATRE": "Anfiteatre", "x": "Platea"})
    found = without_mapped_options(spec)
    assert found.format == "enum(Anfiteatro|Galeria|Platea)"
    assert found.values == {"Anfiteatre": "Anfiteatro", "ANFITEATRE": "Anfiteatro", "x": "Platea"}
    assert without_mapped_options(found) == found
    for other in (replace(spec, format=None), replace(spec, format="text"), replace(spec, format="enum(")):
        assert without_mapped_options(other) == other


def test_options_that_mean_each_other_stay() -> None:
    spec = replace(SPEC, format="enum(a|b)", values={"a": "b", "b": "a"})
    assert without_mapped_options(spec) == spec
