"""What would fix the cells of a column: each candidate is tried on the cells themselves."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.dry_run.as_attribute import RowChange
from penstock.domain.dry_run.first_rows import NO_PLACES, masked
from penstock.domain.dry_run.fixes import Fix, FixOption, fixes
from penstock.domain.dry_run.invalid_cells import ColumnErrors, InvalidCell
from penstock.domain.errors import Refused
from penstock.domain.limits import MAX_INVALID_CELLS
from penstock.domain.mapping.attributes import parse_format
from penstock.domain.mapping.coercion import coercer
from penstock.domain.suggestions.places import Places, find_places
from penstock.domain.suggestions.sample import Cells

DUTCH = NO_PLACES._replace(regions=Counter(NL=5))


def invalid(*cells: str, sole_rows: int = 0) -> ColumnErrors:
    found = ColumnErrors("c", Counter(x=len(cells)), sole_rows)
    found.add_cells(map(InvalidCell, cells))
    return found


def formats(*cells: str, format: str, some_fit: bool = False, places: Places = NO_PLACES) -> dict[str, int]:
    found = fixes(invalid(*cells), parse_format(format), places, rows=20, may_drop=False, some_fit=some_fit)
    return {fix.value: fix.cells for fix in found if fix.option is FixOption.FORMAT}


def test_phones_without_a_country_code_fit_a_region() -> None:
    numbers = ("020 123 4567", "06 12345678", "no phone")
    assert formats(*numbers, format="phone", places=DUTCH) == {"phone(NL)": 2}


def test_rows_of_several_countries_may_have_a_region_each() -> None:
    places = find_places([Cells("land", ["NL", "NL", "BE"])])
    found = fixes(invalid("06 12345678"), parse_format("phone"), places, rows=20, may_drop=False, some_fit=False)
    assert found[0].message(1) == ("phone(NL) would take 1 of 1 cells; phone(@land|NL) takes the region of each row")


def test_phones_of_several_possible_regions_name_the_others() -> None:
    [found] = fixes(invalid("020 123 4567"), parse_format("phone"), NO_PLACES, rows=20, may_drop=False, some_fit=False)
    assert "could also be phone(" in found.message(1)


def test_dates_in_another_pattern_fit_that_pattern() -> None:
    assert formats("31/12/1999", "30/11/2001", "x", format="date") == {"date(dd/MM/yyyy)": 2}


@pytest.mark.parametrize(
    ("cells", "format"),
    [
        (["12.15.2001", "01.31.1999"], "date(dd.MM.yyyy)"),
        (["31/12/1999"], "date(M/d/yyyy)"),
        (["31/4/19"], "date(d/M/yy)"),
        (["31/4/19", "30/2/71"], "date(d/M/yy[1927])"),
        (["31/4/19"], "datetime(d/M/yyyy)"),
    ],
)
def test_a_day_and_a_month_in_the_wrong_order_are_not_read_as_another_day(cells: list[str], format: str) -> None:
    assert formats(*cells, format=format, some_fit=True) == {}


@pytest.mark.parametrize(
    ("cells", "format", "fix"),
    [
        (["31/12/1999"], "date", "date(yyyy-MM-dd|dd/MM/yyyy)"),
        (["31/12/1999"], "date(d MMM yyyy)", "date(d MMM yyyy|dd/MM/yyyy)"),
        (["12/31/1999"], "datetime", "datetime(iso8601|MM/dd/yyyy)"),
        (["1708427570311"], "datetime", "datetime(iso8601|epoch_millis)"),
        (["1708427570"], "datetime(dd/MM/yyyy)", "datetime(dd/MM/yyyy|epoch_second)"),
        (["31/12/1999 23:59"], "date", "date(yyyy-MM-dd|dd/MM/yyyy HH:mm)"),
        (["31/12/1999 23:59"], "datetime(yyyyMMdd HHmm)", "datetime(yyyyMMdd HHmm|dd/MM/yyyy HH:mm)"),
        (["15-3-88"], "date(d/M/yy[1927])", "date(d/M/yy[1927]|d-M-yy[1927])"),
        (["1999-12-31"], "date(d/M/yy[1927])", "date(d/M/yy[1927]|yyyy-MM-dd)"),
        (["ja", "nee"], "boolean", "boolean(true,yes,y,t,1,ja|false,no,n,f,0,nee)"),
        (["nein"], "boolean(ja|nee)", "boolean(ja|nee,nein)"),
        (["1.234,56"], "decimal", "decimal(1234.56|1.234,56)"),
        (["1.234,56", "2 345,60"], "decimal(1,234.56)", "decimal(1,234.56|1.234,56|1 234,56)"),
        (["1,234.56"], "decimal", "decimal(1,234.56)"),
        (["1.234.567"], "integer(1,234)", "integer(1,234|1.234)"),
    ],
)
def test_a_fix_keeps_the_cells_that_fit(cells: list[str], format: str, fix: str) -> None:
    assert formats(*cells, format=format, some_fit=True) == {fix: len(cells)}


@pytest.mark.parametrize(
    ("cell", "format", "some_fit", "warned"),
    [
        ("1.234,56", "decimal", True, True),
        ("1.234,56", "decimal", False, False),
        ("1,234.56", "decimal", True, False),
        ("1,234.56", "decimal(1.234,56)", True, True),
        ("€ 12.50", "decimal(1 234,56)", True, True),
        ("1.234.567", "integer", True, False),
    ],
)
def test_a_cell_that_could_be_in_either_notation_is_said_to_be_read_in_the_first(
    cell: str, format: str, some_fit: bool, warned: bool
) -> None:
    [found, *_] = fixes(invalid(cell), parse_format(format), NO_PLACES, rows=20, may_drop=False, some_fit=some_fit)
    assert ("a cell that could be either, such as 1.234, is read as" in found.message(1)) is warned
    assert "may become other numbers" not in found.message(1)


def test_an_impossible_day_beside_another_pattern_is_not_read_as_another_day() -> None:
    assert formats("15-3-88", "30/2/71", format="date(d/M/yy[1927])", some_fit=True) == {
        "date(d/M/yy[1927]|d-M-yy[1927])": 1
    }


def test_a_pattern_that_no_cell_shows_is_pointed_out() -> None:
    found = fixes(invalid("03/04/1999"), parse_format("date"), NO_PLACES, rows=20, may_drop=False, some_fit=False)
    assert found[0].message(1) == (
        "date(dd/MM/yyyy) would take 1 of 1 cells; could also be MM/dd/yyyy (no cell shows the order): check"
    )


def test_each_cell_counts_as_often_as_it_occurs() -> None:
    assert formats("31/12/1999", "31/12/1999", "x", format="date")["date(dd/MM/yyyy)"] == 2


@pytest.mark.parametrize("format", ["text", "email", "url", "enum(a|b)"])
def test_a_format_without_other_notations_has_none(format: str) -> None:
    assert formats("x", format=format) == {}


def test_a_format_that_takes_nothing_is_not_suggested() -> None:
    assert formats("gold", format="date") == {}


def test_words_for_blank_are_counted_in_any_case() -> None:
    found = fixes(
        invalid("N/A", "n/a", " - ", "gold"),
        parse_format("integer"),
        NO_PLACES,
        rows=20,
        may_drop=False,
        some_fit=False,
    )
    assert Fix(FixOption.BLANKS, "N/A,-", 3) in found


def test_dropping_keeps_the_rows_that_were_rejected_for_this_column_alone() -> None:
    drop = Fix(FixOption.ON_MISFIT, "drop", 2)
    assert drop in fixes(
        invalid("x", sole_rows=2), parse_format("integer"), NO_PLACES, rows=20, may_drop=True, some_fit=False
    )
    assert drop not in fixes(
        invalid("x", sole_rows=2), parse_format("integer"), NO_PLACES, rows=20, may_drop=False, some_fit=False
    )


KEPT = (
    "if it identified nobody, 3 more rows would be kept, without the cells that do not fit; "
    "people could not be looked up by it"
)


@pytest.mark.parametrize(
    ("kept", "lost", "message"),
    [
        (3, 0, KEPT),
        (3, 1, f"{KEPT}; but 1 row has no other identifier and would be rejected"),
        (5, 2, f"{KEPT.replace('3', '5')}; but 2 rows have no other identifier and would be rejected"),
        (3, 3, None),
        (0, 0, None),
    ],
)
def test_an_identifier_may_be_mapped_as_none_when_that_keeps_rows(kept: int, lost: int, message: str | None) -> None:
    found = fixes(
        invalid("a(at)b.de"),
        parse_format("email"),
        NO_PLACES,
        rows=20,
        may_drop=False,
        some_fit=True,
        as_attribute=RowChange(kept, lost),
    )
    assert [fix.message(1) for fix in found if fix.option is FixOption.IDENTIFIER] == [message] * (message is not None)


def test_no_more_than_a_bounded_number_of_different_cells_is_kept() -> None:
    found = invalid(*map(str, range(MAX_INVALID_CELLS + 5)), "0")
    assert len(found.cells) == MAX_INVALID_CELLS
    assert found.cells["0"] == 2


@pytest.mark.parametrize("format", ["phone", "date", "datetime"])
def test_every_suggested_format_can_be_used(format: str) -> None:
    cells = ("020 123 4567", "31/12/1999", "31/12/1999 23:59")
    for written in formats(*cells, format=format):
        try:
            coercer(parse_format(written))
        except Refused:
            pytest.fail(written)


@pytest.mark.parametrize(
    ("value", "shows"),
    [("Jansen", "J*****"), ("x", "*"), ("NL", "**"), ("", ""), (None, ""), (1234, "1***"), ("a" * 99, "a" + "*" * 11)],
)
def test_a_masked_value_is_its_first_letter_and_stars_unless_it_is_short(value: str | int | None, shows: str) -> None:
    assert masked(value) == shows


def test_a_column_with_a_region_gets_no_other_region() -> None:
    assert formats("020 123 4567", format="phone(@country|BE)") == {}


def test_one_cell_is_one_word_for_blank() -> None:
    [found] = fixes(
        invalid("n/a", "06 12"), parse_format("phone(FR)"), NO_PLACES, rows=9, may_drop=False, some_fit=True
    )
    assert found.message(2) == "1 of 2 cells is a word for blank: n/a"


def test_a_word_that_repeats_among_the_invalid_cells_is_named_with_its_cells() -> None:
    cells = invalid(*["NC"] * 7, *["n/a"] * 2, "06 12", "Mme Martin")
    [found] = fixes(cells, parse_format("phone(FR)"), NO_PLACES, rows=500, may_drop=False, some_fit=True)
    assert found == Fix(FixOption.BLANKS, "n/a,NC", 9, ("7 cells are 'NC', which no list of such words has",))
    assert (
        found.message(11)
        == "9 of 11 cells are words for blank: n/a,NC; 7 cells are 'NC', which no list of such words has"
    )


@pytest.mark.parametrize(
    ("format", "notation"), [("boolean", "boolean(true,yes,y,t,1,ja|false,no,n,f,0,nee)"), ("enum(a|b)", None)]
)
def test_values_of_a_list_that_repeat_are_not_taken_as_blank(format: str, notation: str | None) -> None:
    cells = invalid(*["ja"] * 9, *["nee"] * 9, "n/a")
    found = {
        each.option: each.value
        for each in fixes(cells, parse_format(format), NO_PLACES, rows=40, may_drop=False, some_fit=True)
    }
    assert found.get(FixOption.BLANKS) == "n/a"
    assert found.get(FixOption.FORMAT) == notation


@given(st.text(alphabet="abc 1", min_size=1, max_size=8), st.integers(1, 40), st.integers(0, 5_000))
def test_a_rare_cell_is_never_shown(word: str, times: int, rows: int) -> None:
    found = fixes(invalid(*[word] * times), parse_format("date"), NO_PLACES, rows=rows, may_drop=False, some_fit=True)
    if times < max(5, rows / 100):
        assert not [fix for fix in found if fix.option is FixOption.BLANKS]
