"""The command that `penstock inspect` prints gives exactly the columns that it suggests."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.application.catalog.column_specs import ColumnSpec, resolve_columns
from penstock.domain.errors import Refused
from penstock.domain.mapping.builtin_attributes import BUILTIN
from penstock.domain.mapping.mapping import OnMisfit
from services.cli.map_options import are_options, map_options
from services.cli.mapping_options import MappingOptions

IDENTIFIER = ColumnSpec(column="nr", attribute="crmid", identifier=True)
NAMES = st.text("ab=,' :!$\"\\né-", min_size=1, max_size=4)
FORMATS = ("text", "integer", "date(dd/MM/yyyy)", "phone(NL)", "decimal(1.234,56)")
COLUMN = st.builds(
    ColumnSpec,
    column=NAMES,
    attribute=st.sampled_from(["phone", "city", "points", "nick", "wish"]),
    format=st.sampled_from(FORMATS),
    pii=st.sampled_from([None, True]),
    on_misfit=st.sampled_from(OnMisfit),
    blanks=st.lists(st.text("x-=,' é", min_size=1, max_size=3), max_size=2, unique=True).map(tuple),
)


def parsed(specs: Sequence[ColumnSpec]) -> list[ColumnSpec]:
    """The columns of the printed options, as a shell splits them."""
    words = shlex.split(" ".join(map_options(specs, BUILTIN)))
    pairs = list(zip(words[::2], words[1::2], strict=True))

    def values(option: str) -> list[str]:
        return [value for name, value in pairs if name == option]

    options = MappingOptions(
        values("--map"), drop_misfits=values("--drop-misfits"), blank_words=values("--blank-words")
    )
    return options.columns()


def outcome(specs: Sequence[ColumnSpec]) -> object:
    """The mapping, or what is wrong with it."""
    try:
        return resolve_columns(specs, BUILTIN)
    except Refused as refused:
        return refused.faults


@given(
    columns=st.lists(COLUMN, min_size=1, max_size=4, unique_by=(lambda each: each.column, lambda each: each.attribute))
)
def test_printed_options_give_the_same_mapping(columns: list[ColumnSpec]) -> None:
    specs = [IDENTIFIER, *columns]
    if are_options(specs):
        assert outcome(parsed(specs)) == outcome(specs)


def test_each_column_keeps_its_own_blank_words_and_dropped_cells() -> None:
    specs = [
        IDENTIFIER,
        ColumnSpec(column="tel.", attribute="phone", format="phone(NL)", on_misfit=OnMisfit.DROP, blanks=("0", "n/a")),
        ColumnSpec(column="o'clock", attribute="city", format="text", blanks=("-",)),
    ]
    assert are_options(specs)
    assert map_options(specs, BUILTIN)[-2:] == ["--blank-words tel.=0,n/a", "--blank-words 'o'\"'\"'clock=-'"]
    assert [each.blanks for each in parsed(specs)] == [(), ("0", "n/a"), ("-",)]


@pytest.mark.parametrize(
    "column",
    [
        ColumnSpec(column="a", attribute="city", blanks=("x,y",)),
        ColumnSpec(column="a", attribute="city", values={"A": "B"}),
        ColumnSpec(column="a", attribute="city", trim=True),
        ColumnSpec(column="a", attribute="city", split=" "),
        ColumnSpec(attribute="country", constant="NL"),
        ColumnSpec(columns=("a", "b"), attribute="city"),
    ],
)
def test_a_column_with_other_settings_needs_a_mapping_file(column: ColumnSpec) -> None:
    assert not are_options([IDENTIFIER, column])
