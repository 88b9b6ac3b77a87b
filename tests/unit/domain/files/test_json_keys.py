"""Objects within objects: their values are columns, named by the keys that lead to them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.errors import Refused
from penstock.domain.files.formats import detect_format, tabular_format
from penstock.domain.files.header import parse_header
from penstock.domain.files.json_keys import MAX_DEPTH, MAX_KEYS
from penstock.domain.files.rejects import Reject, RejectedFile
from penstock.domain.files.rows import parse
from penstock.domain.files.tabular_format import FileFormat
from penstock.domain.limits import MAX_COLUMN_NAME
from penstock.domain.mapping.mapping import ColumnMapping, Limits, Mapping

PEOPLE = (
    {"id": 1, "address": {"city": "Bonn", "geo": {"lat": 50.70}}, "tags": ["a"]},
    {"id": 2, "address": None, "email": "b@example.com"},
    {"id": 3, "address": {"zip": "053"}},
)
COLUMNS = ("id", "address.city", "address.geo.lat", "address.zip", "tags", "email")


def lines(objects: Sequence[Any]) -> bytes:
    return "".join(json.dumps(each) + "\n" for each in objects).encode()


def columns_of(objects: Sequence[Any]) -> tuple[str, ...]:
    return parse_header(lines(objects), mapping=None, limits=Limits(), complete=True).columns


def read(
    objects: Sequence[Any], header: Sequence[str], *, used: Sequence[int] | None = None, separator: str = "."
) -> tuple[dict[int, tuple[str, ...]], dict[int, str]]:
    """The cells of each row by its line, and the reason for each reject."""
    places = range(len(header)) if used is None else used
    parsed = parse(
        lines(objects),
        tabular_format(FileFormat("ndjson", separator)),
        first_line=1,
        header=header,
        used=places,
        max_cell_bytes=10_000,
    )
    cells = zip(*(parsed.table.columns[at] for at in places), strict=True)
    return dict(zip(parsed.table.lines, cells, strict=True)), {each.line: each.reasons[0] for each in parsed.rejects}


def test_columns_are_named_by_the_keys_that_lead_to_their_values() -> None:
    assert columns_of(PEOPLE) == COLUMNS
    assert detect_format(lines(PEOPLE)) == FileFormat("ndjson", ".")


def test_cells_are_the_values_within() -> None:
    used = [at for at, name in enumerate(COLUMNS) if name != "tags"]
    rows, rejects = read(PEOPLE, COLUMNS, used=used)
    assert rows == {
        1: ("1", "Bonn", "50.7", "", ""),
        2: ("2", "", "", "", "b@example.com"),
        3: ("3", "", "", "053", ""),
    }
    assert rejects == {}


@pytest.mark.parametrize(
    ("objects", "columns", "separator"),
    [
        ([{"a": {"x": 1}, "b.c": 2}], ("a/x", "b.c"), "/"),
        ([{"a": {"x.y": 1}}], ("a/x.y",), "/"),
        ([{"a": {"x": 1}, "b./|:": 2}], ("a", "b./|:"), ""),
        ([{"a.b": 1, "c": [{"d": 1}]}], ("a.b", "c"), ""),
        ([{"a": {}}, {"a": None}, {"a": []}], ("a",), ""),
    ],
)
def test_a_separator_is_in_no_key(objects: list[Any], columns: tuple[str, ...], separator: str) -> None:
    assert columns_of(objects) == columns
    assert detect_format(lines(objects)) == FileFormat("ndjson", separator)


def test_an_odd_value_costs_its_row_and_no_column() -> None:
    objects = [{"id": 1, "a": {"x": 1}}, {"id": 2, "a": {"x": 2}}, {"id": 3, "a": "text"}, {"id": 4, "a": []}]
    assert columns_of(objects) == ("id", "a.x")
    rows, rejects = read(objects, ("id", "a.x"))
    assert rows == {1: ("1", "1"), 2: ("2", "2"), 4: ("4", "")}
    assert rejects == {3: "unknown_key"}


def test_a_value_that_is_seldom_an_object_is_one_column() -> None:
    assert columns_of([{"a": "text"}, {"a": "text"}, {"a": {"x": 1}}]) == ("a",)


def test_a_map_of_values_and_what_is_too_deep_are_one_column() -> None:
    assert columns_of([{"id": 1, "prices": {f"day{day}": day for day in range(MAX_KEYS + 1)}}]) == ("id", "prices")
    deep: dict[str, Any] = {"x": 1}
    for _ in range(3 * MAX_DEPTH):
        deep = {"k": deep}
    [column] = columns_of([deep])
    assert column.count(".") == MAX_DEPTH


def test_the_names_of_columns_are_bounded_together() -> None:
    """A long key with many objects within it: no name is longer than a mapped column's may be."""
    many = {f"k{number}": {f"j{inner}": 1 for inner in range(90)} for number in range(90)}
    assert columns_of([{"id": 1, "x" * MAX_COLUMN_NAME: many}]) == ("id", "x" * MAX_COLUMN_NAME)
    with pytest.raises(Refused) as refused:
        columns_of([{"id": 1, "y" * 100: many}])
    assert "the header has 8,101 columns" in refused.value.faults[0].message


def test_a_saved_column_within_hundreds_of_objects_is_blank() -> None:
    """No file has it: `MAX_DEPTH` is the same for its columns."""
    assert read([{"id": 1, "a": None}, {"id": 2}], ("id", ".".join("a" * 250))) == ({1: ("1", ""), 2: ("2", "")}, {})


def test_keys_within_an_object_count_only_if_one_of_its_columns_is_used() -> None:
    objects = [{"id": 1, "meta": {"x": 1}}, {"id": 2, "meta": {"y": {"z": 1}}}]
    assert read(objects, ("id", "meta.x"), used=[0]) == ({1: ("1",), 2: ("2",)}, {})
    assert read(objects, ("id", "meta.x")) == ({1: ("1", "1")}, {2: "unknown_key"})
    assert read([{"id": 1, "other": {}}], ("id", "meta.x"), used=[0]) == ({}, {1: "unknown_key"})


def test_a_key_with_the_separator_is_no_path() -> None:
    assert read([{"a": {"x": 1}}, {"a.x": 2}], ("a.x",)) == ({1: ("1",)}, {2: "unknown_key"})


def test_an_object_or_array_in_a_column_rejects_its_row() -> None:
    rows, rejects = read([{"a": {"x": [1]}}, {"a": {"x": {"y": 1}}}, {"a": {"x": 1}}], ("a.x",))
    assert (rows, rejects) == ({3: ("1",)}, {1: "nested_value:a.x", 2: "nested_value:a.x"})


def test_rejects_are_flat_and_have_the_same_columns() -> None:
    """So that the mapping fits the corrected file."""
    file_format = tabular_format(FileFormat("ndjson", "."))
    rejects = [
        Reject(1, ("no_identifier",), lines(PEOPLE[:1]).rstrip()),
        Reject(4, ("unknown_key",), b'{"id": 4, "address": {"city": "=1", "new": 1}, "address.city": 2}'),
        Reject(5, ("unknown_key",), b'{"id": 5, "address": "text"}'),
    ]
    written = b"".join(file_format.write_rejects(RejectedFile(COLUMNS, COLUMNS), rejects))
    first, second, third = map(json.loads, written.splitlines())
    assert list(first) == ["penstock_line", "penstock_reasons", *COLUMNS]
    assert (first["address.city"], first["address.geo.lat"], first["tags"]) == ("Bonn", 50.7, ["a"])
    assert (second["address.city"], second["address.new"], second["address.city_2"]) == ("'=1", 1, 2)
    assert third["address"] == "text"
    header = parse_header(written, mapping=None, limits=Limits(), complete=True)
    assert header.corrected_rejects
    assert header.file_format == FileFormat("ndjson")
    assert set(COLUMNS) < set(header.columns)


def test_the_cells_of_a_row_are_in_the_order_of_the_header() -> None:
    file_format = tabular_format(FileFormat("ndjson", "."))
    row = '{"new": true, "address": {"zip": 1, "other": null}, "id": 7}'
    assert file_format.cells(row, COLUMNS) == ["7", "", "", "1", "", "", "true", ""]


def test_columns_of_a_saved_mapping_are_within_an_object_that_no_first_row_has() -> None:
    """Whether other objects show how keys are joined, or all first rows are flat."""
    columns = ("id", "address", "geo.lat", "address.city", "address.geo.lat")
    objects = [{"id": 1, "address": None, "geo": {"lat": 1}}, {"id": 2, "address": {"city": "Ulm"}}]
    rows, rejects = read(objects, columns, used=[0, 3, 4])
    assert (rows, rejects) == ({1: ("1", "", ""), 2: ("2", "Ulm", "")}, {})
    assert read(objects, columns, used=[1]) == ({1: ("",), 2: ("",)}, {})
    mapping = Mapping(
        data_source="crm",
        version=2,
        columns=(
            ColumnMapping(column="id", attribute="crmid", identifier=True),
            ColumnMapping(column="address.city", attribute="city"),
        ),
    )
    for first, separator in (
        ({"id": 1, "address": None}, "."),
        ({"id": 1, "a.b": 2}, ""),
        ({"id": 1, "a": {"b": 2}}, "."),
    ):
        header = parse_header(lines([first]), mapping=mapping, limits=Limits(), complete=True)
        assert header.later_columns == ("address.city",)
        assert header.file_format == FileFormat("ndjson", separator)


KEYS = st.sampled_from(["a", "b", "c"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("xy", max_size=2) | st.just([]) | st.just(["x"]),
    lambda below: st.dictionaries(KEYS, below, max_size=3),
    max_leaves=8,
)


def reference(value: Any, header: Sequence[str], prefix: str = "") -> dict[str, Any] | None:
    """The plainest reference: the values of an object by column, or None if one has no column."""
    found: dict[str, Any] = {}
    for key, each in value.items():
        column = prefix + key
        if column in header:
            found[column] = each
        elif not any(name.startswith(f"{column}.") for name in header):
            return None
        elif isinstance(each, dict):
            within = reference(each, header, f"{column}.")
            if within is None:
                return None
            found |= within
        elif each not in (None, "", []):
            return None
    return found


@given(st.lists(st.dictionaries(KEYS, VALUES, min_size=1), min_size=1, max_size=6))
def test_each_row_has_the_values_that_its_keys_lead_to(objects: list[dict[str, Any]]) -> None:
    header = columns_of(objects)
    separator = detect_format(lines(objects)).dialect
    rows, rejects = read(objects, header, separator=separator)
    for line, each in enumerate(objects, 1):
        found = reference(each, header)
        if found is None:
            assert rejects[line] == "unknown_key"
        elif any(isinstance(value, dict | list) for value in found.values()):
            assert rejects[line].startswith("nested_value:")
        else:
            texts = [found.get(name) for name in header]
            assert rows[line] == tuple(
                "" if text is None else json.dumps(text) if isinstance(text, bool) else str(text) for text in texts
            )
