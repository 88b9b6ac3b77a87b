"""Suggestions as the terminal shows them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from rich.console import Console

from penstock.documents.inspections import composed_views, suggestion_view
from penstock.domain.mapping.attributes import Attribute
from penstock.domain.mapping.builtin_attributes import BUILTIN
from penstock.domain.mapping.mapping import ColumnMapping
from penstock.domain.suggestions import Sample, SuggestedMapping, suggest_mapping
from services.cli.suggestion_views import inspection_view

GIVEN = ["Ann", "Ben", "Cai", "Dot"] * 50
COLUMNS = {
    "Lidnr.": [f"{n // 4 * 7 + 1203}" for n in range(200)],
    "Voornaam": GIVEN,
    "Geboortedatum": [f"{1950 + n % 50}-0{n % 9 + 1}-11" for n in range(200)],
    "email": [f"j{n // 4}@gmail.com" for n in range(200)],
}
TOGETHER = ColumnMapping(
    columns=("Lidnr.", "Voornaam"), separator="|", attribute="lidnr_first_name", identifier=True, blanks=("-",)
)
LIDNR = Attribute(name="lidnr_first_name", display_name="Lidnr first name", pii=True)


def suggested(*earlier: ColumnMapping) -> SuggestedMapping:
    sample = Sample(list(COLUMNS), list(COLUMNS.values()), complete=True)
    return suggest_mapping(sample, {**BUILTIN, LIDNR.name: LIDNR}, earlier)


def written(found: SuggestedMapping) -> str:
    document: dict[str, Any] = {
        "columns": list(COLUMNS),
        "sampled_rows": 200,
        "every_row": True,
        "warnings": [],
        "changes": [],
        "left_out_columns": [],
        "composed_columns": composed_views(found),
        "suggested_mapping": [suggestion_view(each) for each in found.columns],
    }
    console = Console(width=200, color_system=None)
    with console.capture() as output:
        console.print(inspection_view(msgspec.to_builtins(document), [], []))
    return output.get()


def test_an_earlier_joined_identifier_is_listed_and_identifies() -> None:
    text = written(suggested(TOGETHER))
    assert "No column surely identifies" not in text
    (line,) = [each for each in text.splitlines() if each.startswith("Lidnr. + Voornaam ")]
    assert "lidnr_first_name!" in line
    assert "same as last time" in line


def test_a_new_joined_identifier_identifies() -> None:
    text = written(suggested())
    assert "No column surely identifies" not in text
    assert "loyalty_id_first_name! (new)" in text


@pytest.mark.parametrize(
    ("mapping", "label"),
    [
        (ColumnMapping(column="Voornaam", split=" ", part=2, attribute="middle_name"), "Voornaam, part 2"),
        (ColumnMapping(column="Voornaam", split=" ", attribute="middle_name"), "Voornaam, part 1"),
        (ColumnMapping(constant="NL", attribute="country"), "constant"),
    ],
)
def test_columns_that_are_composed_otherwise_are_listed(mapping: ColumnMapping, label: str) -> None:
    found = suggested(mapping)
    assert any(each.startswith(f"{label} ") for each in written(found).splitlines())
    (view,) = [each for each in composed_views(found) if each["attribute"] == mapping.attribute]
    assert (view["new"], view["confidence"], view["evidence"], view["against"]) == (False, 1, ["same as last time"], [])
    assert view["display_name"] == BUILTIN[mapping.attribute].display_name


def test_the_replacements_of_an_earlier_value_map_are_listed() -> None:
    values = {name: name.upper() for name in ("Ann", "Ben", "Cai", "Dot", "Eve")}
    text = written(suggested(ColumnMapping(column="Voornaam", attribute="first_name", values=values)))
    assert "5 spellings replaced: Ann → ANN, Ben" in text
    assert "and 1 more" in text


def test_a_tied_or_doubtful_column_has_the_option_that_takes_it() -> None:
    columns = {"mail": COLUMNS["email"], "e_mailadres": [f"x{each}" for each in COLUMNS["email"]], "Voornaaam": GIVEN}
    text = written(suggest_mapping(Sample(list(columns), list(columns.values()), complete=True), BUILTIN))
    assert "Choose one: mail, e_mailadres" in text
    assert "  --map 'e_mailadres=email!'\n" in text
    assert "Look at: Voornaaam" in text
    assert "  --map Voornaaam=first_name   (its name is not known, only similar to one that is)" in text
