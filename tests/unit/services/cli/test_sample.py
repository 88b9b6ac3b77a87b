"""The sample: the same for the same seed, valid where it says so and faulty where it says so."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from penstock.application.catalog.column_specs import resolve_columns
from penstock.application.uploads.inspection import inspect
from penstock.application.uploads.suggesting import SUGGESTED_CONFIDENCE, suggestions_for
from penstock.domain.mapping.attributes import parse_format
from penstock.domain.mapping.builtin_attributes import BUILTIN
from penstock.domain.mapping.coercion import CoercionError, coercer
from penstock.domain.mapping.mapping import Limits
from services.cli.column_options import parse_column_options
from services.cli.sample import COLUMNS, MAPS, SPARSE_COLUMN, SPARSE_MAP, write_sample

ROWS = 3_000
FORMATS = {"email": "email", "phone": "phone(NL)", "slot_num": "integer", "ltv": "decimal", "birth_date": "date"}


def table(path: Path, rows: int = ROWS, seed: int = 1, faulty: int = 0, sparse_column: bool = False) -> list[list[str]]:
    write_sample(path, rows, seed=seed, faulty=faulty, sparse_column=sparse_column)
    return [line.split("\t") for line in path.read_text("utf-8").splitlines()]


def test_one_seed_gives_one_file(tmp_path: Path) -> None:
    first, again, other = (table(tmp_path / "a", seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert first[0] == list(COLUMNS)
    assert len(first) == ROWS + 1


@pytest.mark.parametrize("column", FORMATS)
def test_every_value_fits(tmp_path: Path, column: str) -> None:
    _, *rows = table(tmp_path / "a")
    values, errors = coercer(parse_format(FORMATS[column])).coerce_column([row[COLUMNS.index(column)] for row in rows])
    assert errors == {}
    assert None not in values


def test_phones_come_from_several_countries_in_several_forms(tmp_path: Path) -> None:
    _, *rows = table(tmp_path / "a")
    phones = [row[2] for row in rows]
    read = coercer(parse_format("phone(NL)"))
    assert len({str(read.coerce_cell(phone))[:3] for phone in phones}) >= 5
    with pytest.raises(CoercionError):
        coercer(parse_format("phone")).coerce_cell(next(phone for phone in phones if phone.startswith("(0")))


def test_the_demo_maps_the_sample_as_it_is_suggested(tmp_path: Path) -> None:
    """But for `slot_num`, whose name says that it is a code."""
    write_sample(tmp_path / "a", 2_000, seed=7, faulty=12, sparse_column=True)
    sample = inspect([(tmp_path / "a").read_bytes()], Limits()).sample
    suggested = {each.column: each for each in suggestions_for(sample, BUILTIN, ()).columns}
    assert all(each.confidence >= SUGGESTED_CONFIDENCE for each in suggested.values())
    mapped = resolve_columns(parse_column_options([*MAPS, SPARSE_MAP], []), BUILTIN).columns
    for each in mapped:
        found = suggested[each.label]
        assert each.attribute == found.attribute.name
        if each.format and each.label not in ("slot_num", "referrer"):
            assert each.format == found.format


def test_customers_are_distinct(tmp_path: Path) -> None:
    _, *rows = table(tmp_path / "a")
    assert len({row[0] for row in rows}) == len({row[1] for row in rows}) == ROWS


def test_as_many_rows_are_faulty_as_was_asked_for(tmp_path: Path) -> None:
    header, *rows = table(tmp_path / "a", faulty=60, sparse_column=True)
    _, *clean = table(tmp_path / "b", sparse_column=True)
    assert header[-1] == SPARSE_COLUMN
    flawed = [row for row, without in zip(rows, clean, strict=True) if row != without]
    assert len(flawed) == 60
    assert Counter(len(row) for row in flawed) == {11: 50, 8: 10}
    blank = sum(row[-1] == "" for row in clean)
    assert ROWS / 2 < blank < ROWS


def test_the_sample_comes_with_a_mapping_that_can_be_read(tmp_path: Path) -> None:
    forms = parse_column_options([*MAPS, SPARSE_MAP], [])
    assert [form.column for form in forms] == [*COLUMNS, SPARSE_COLUMN]


def test_four_hundred_thousand_rows_are_about_the_size_that_loaders_are_compared_with(tmp_path: Path) -> None:
    write_sample(tmp_path / "a", ROWS, seed=1)
    assert 41_000_000 < (tmp_path / "a").stat().st_size * 400_000 / ROWS < 44_000_000
