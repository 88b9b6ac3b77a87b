"""Suggestions for public files, against mappings that a person wrote: tests/data/public_files/README.md."""

from __future__ import annotations

import json
from pathlib import Path

from penstock.application.uploads.inspection import inspect
from penstock.application.uploads.suggesting import suggestions_for
from penstock.domain.mapping.builtin_attributes import BUILTIN
from penstock.domain.mapping.mapping import Limits
from penstock.domain.suggestions import ColumnSuggestion

FOLDER = Path(__file__).parents[3] / "data" / "public_files"
EXPECTED: dict[str, dict[str, str]] = json.loads((FOLDER / "expected.json").read_text())


def written(suggestion: ColumnSuggestion) -> str:
    """A suggestion as `expected.json` writes it."""
    attribute = suggestion.attribute.name if suggestion.exists else "+"
    return f"{attribute}{'!' if suggestion.identifier else ''} {suggestion.format.kind}"


def suggested(name: str) -> dict[str, str]:
    sample = inspect([(FOLDER / f"{name}.tsv").read_bytes()], Limits()).sample
    return {each.column: written(each) for each in suggestions_for(sample, BUILTIN, ()).columns}


def test_nine_of_ten_columns_are_right() -> None:
    assert len(EXPECTED) >= 10
    wrong, total = [], 0
    for name, columns in EXPECTED.items():
        found = suggested(name)
        assert found.keys() == columns.keys()
        total += len(columns)
        wrong += [f"{name}: {column}: {found[column]}" for column in columns if found[column] != columns[column]]
    assert len(wrong) <= total / 10, "\n".join(wrong)


def test_no_public_file_loses_its_identifier() -> None:
    for name, columns in EXPECTED.items():
        found = suggested(name)
        identifiers = {column for column, truth in columns.items() if "!" in truth}
        assert {column for column, text in found.items() if "!" in text} == identifiers, name
