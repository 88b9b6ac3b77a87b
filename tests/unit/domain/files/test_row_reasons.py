"""Reject reasons in words: each documented code has some, with what fixes it."""

from __future__ import annotations

import re
from pathlib import Path

from penstock.domain.files.row_reasons import ROW_REASONS, reason_of
from penstock.domain.mapping.coercion import REASONS, Reason

DOCUMENT = (Path(__file__).parents[4] / "docs" / "files.md").read_text("utf-8")


def test_each_documented_reason_has_words_and_a_fix() -> None:
    section = DOCUMENT.partition("## Rejected rows")[2].partition("\n## ")[0]
    codes = re.findall(r"^\| `([a-z0-9_]+)` \|", section, re.MULTILINE)
    assert set(codes) == {*ROW_REASONS, *REASONS}
    assert [code for code in codes if not (reason_of(code).message.endswith(".") and reason_of(code).hint)] == []


def test_a_code_without_words_stands_for_itself() -> None:
    assert reason_of("of_a_later_version") == Reason("of_a_later_version", "")
