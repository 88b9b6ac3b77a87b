"""The words of the documented error codes."""

from __future__ import annotations

import re

import pytest

from penstock.error_codes import error_codes, title_of

MAX_TITLE = 140  # characters


@pytest.mark.parametrize(
    ("code", "title", "fix"),
    [
        ("no_identifier_mapped", "No column is an identifier", "Mark at least one, such as --map crmid=crmid!"),
        ("no_rows", "The file has a header but no rows", ""),
        ("wrong_field_count", "The row has more or fewer fields than the header", ""),
        ("unauthorized", "There is no valid API key", "Send Authorization: Bearer pk_…"),
    ],
)
def test_a_code_has_the_words_of_its_table(code: str, title: str, fix: str) -> None:
    assert (error_codes()[code].title, error_codes()[code].fix) == (title, fix)


def test_titles_are_short_and_plain() -> None:
    titles = [each.title for each in error_codes().values()]
    assert [title for title in titles if re.search(r"[`\[\]]", title) or len(title) > MAX_TITLE] == []
    assert len(titles) > 100


def test_an_undocumented_code_has_another_title() -> None:
    assert title_of("no_such_code", "Bad Request") == "Bad Request"
