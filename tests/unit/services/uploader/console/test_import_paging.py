"""Every column of a file with many of them can be reached, page by page or by name."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.uploader.console.import_paging import COLUMNS, columns_page

NAMES = [f"col_{n}" for n in range(2 * COLUMNS + 30)]


def test_the_pages_have_every_column_once() -> None:
    pages = [columns_page(NAMES, number=number) for number in (1, 2, 3)]
    assert [place for page in pages for place in page.places] == list(range(len(NAMES)))
    assert [(page.first, page.last) for page in pages] == [(1, 100), (101, 200), (201, 230)]
    assert all(page.pages == 3 and page.is_part for page in pages)


def test_a_word_finds_columns_in_any_case() -> None:
    page = columns_page(["Email", "phone", "E_MAIL2"], find="MAIL")
    assert (page.places, page.found, page.total) == ([0, 2], 2, 3)
    assert columns_page(["a"], find="zz").places == []


@given(st.integers(-5, 10**6), st.text(max_size=3), st.sampled_from([*NAMES, ""]))
def test_there_is_always_a_page_and_it_has_the_column_that_needs_the_person(number: int, find: str, name: str) -> None:
    page = columns_page(NAMES, number=number, find=find, with_column=name)
    assert 1 <= page.number <= page.pages
    assert len(page.places) <= COLUMNS
    assert not name or NAMES.index(name) in page.places


def test_a_short_file_is_one_page() -> None:
    assert not columns_page(["a", "b"]).is_part
    assert columns_page([]).pages == 1
