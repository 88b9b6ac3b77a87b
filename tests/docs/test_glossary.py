"""The glossary: each word once, and what it names is there."""

from __future__ import annotations

from tests.support import documents
from tests.support.documents import inline_code, table, text_of

GLOSSARY = "docs/glossary.md"


def test_each_word_is_defined_once_and_in_a_line() -> None:
    words = [row[0] for row in table(GLOSSARY, "Glossary", "word")]
    assert len(words) == len(set(words)) > 30
    assert all(len(line) < 220 for line in text_of(GLOSSARY).splitlines())


def test_the_code_of_each_word_exists() -> None:
    named = [row[2].strip("`") for row in table(GLOSSARY, "Glossary", "word")]
    assert [place for place in named if not documents.has_place(place)] == []
    assert set(named) <= set(inline_code(GLOSSARY))
