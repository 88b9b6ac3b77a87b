"""Tests of a mapping: rows with expected results, run through the code that ingests rows. Needs no system."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.application.catalog.known_catalog import KnownCatalog, resolve_mapping
from penstock.domain.errors import Fault, refusal, refuse_all
from penstock.domain.files.header import parse_header
from penstock.domain.ingestion.chunk import CoercedRows, coerce_rows
from penstock.domain.ingestion.layout import compile_layout
from penstock.domain.mapping.mapping import Limits, Plan
from penstock.domain.near_names import nearest_name
from penstock.domain.profiles.fragments import Value

KEY_BYTES = 32
MAX_FAULTS = 20  # of rows, that one refusal lists
MAX_SHOWN = 80  # characters of a column's name in a fault
ROW = "row"  # what differs, when the whole row was rejected or was not


class RowTest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A row by column, and its expected result.

    `expect` has values as they are stored, by attribute; "" is no value, and attributes that it does not name are not
    compared. `rejected` has reasons such as `not_a_phone:phone`, or their code alone; without it the row is ingested.
    `dropped` has the reason code of each dropped cell by column.
    """

    row: dict[str, str]
    name: str = ""
    expect: dict[str, str] = {}
    rejected: tuple[str, ...] = ()
    dropped: dict[str, str] = {}


class Difference(NamedTuple):
    """`test` is its number, from 1, and `what` the attribute or column, or "row"."""

    test: int
    name: str
    what: str
    expected: str
    actual: str


def differences(columns: Sequence[ColumnSpec], tests: Sequence[RowTest], catalog: KnownCatalog) -> list[Difference]:
    """Where the rows of `tests` come out otherwise than expected.

    Raises `Refused` with every fault of the mapping or of the rows (unknown_test_column), and without tests (no_tests).
    """
    outcomes = _outcomes(columns, tests, catalog)
    return [
        Difference(number, test.name, *found)
        for number, (test, outcome) in enumerate(zip(tests, outcomes, strict=True), 1)
        for found in _compared(test, outcome)
    ]


class _Outcome(NamedTuple):
    """The result of a row: values by attribute, or the reasons why it was rejected; and reasons of dropped cells."""

    values: Mapping[str, str]
    rejected: Sequence[str]
    dropped: Mapping[str, str]


def _outcomes(columns: Sequence[ColumnSpec], tests: Sequence[RowTest], catalog: KnownCatalog) -> list[_Outcome]:
    """The rows pass as NDJSON, whose cells can be any text."""
    mapping, attributes, _ = resolve_mapping("", columns, catalog, {each.attribute for each in columns})
    names = list(dict.fromkeys(name for column in mapping.columns for name in column.needed_columns))
    _check(tests, names)
    lines = [msgspec.json.encode({name: test.row.get(name, "") for name in names}) + b"\n" for test in tests]
    limits = Limits()
    header = parse_header(lines[0], mapping=mapping, limits=limits, complete=True)
    plan = Plan(
        tenant_id="", request_id="", data_source="", mapping=mapping, attributes=tuple(attributes), limits=limits
    )
    layout = compile_layout(plan, header, secrets.token_bytes(KEY_BYTES))
    rows = coerce_rows(b"".join(lines), first_line=1, plan=plan, layout=layout)
    return _by_line(rows, [each.name for each in attributes], len(tests))


def _check(tests: Sequence[RowTest], names: Sequence[str]) -> None:
    """Raise `Refused` unless there are tests, whose rows only have columns that the mapping uses."""
    if not tests:
        raise refusal("no_tests", "there are no tests beside the mapping", "Add rows with the expected values: tests.")
    used = set(names)
    unknown = [(number, name) for number, test in enumerate(tests, 1) for name in test.row if name not in used]
    refuse_all([_unknown_column(number, name, names) for number, name in unknown[:MAX_FAULTS]])


def _unknown_column(number: int, name: str, names: Sequence[str]) -> Fault:
    near = nearest_name(name, names)
    return Fault(
        code="unknown_test_column",
        message=f"test {number}: no such column {name[:MAX_SHOWN]!r} in the mapping",
        hint=f"Did you mean {near!r}?" if near else "Use a column of the mapping, or omit it.",
    )


def _by_line(rows: CoercedRows, names: Sequence[str], count: int) -> list[_Outcome]:
    values = {
        line: dict(zip(names, map(_text, cells), strict=True))
        for line, cells in zip(rows.lines, zip(*rows.columns, strict=True), strict=True)
    }
    rejected = {reject.line: reject.reasons for reject in rows.rejects}
    dropped = {reject.line: [reason.partition(":") for reason in reject.reasons] for reject in rows.dropped}
    return [
        _Outcome(
            values.get(line, {}),
            rejected.get(line, ()),
            {column: code for code, _, column in dropped.get(line, ())},
        )
        for line in range(1, count + 1)
    ]


def _text(value: Value | None) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
    return str(value)


def _compared(test: RowTest, outcome: _Outcome) -> Iterator[tuple[str, str, str]]:
    """The differences between the expected and the actual result."""
    if not _as_expected(test.rejected, outcome.rejected):
        yield ROW, _rejected(test.rejected), _rejected(outcome.rejected)
    elif not outcome.rejected:
        yield from _cells(test.expect, outcome.values)
    for column in sorted(test.dropped.keys() | outcome.dropped.keys()):
        expected, actual = test.dropped.get(column), outcome.dropped.get(column)
        if expected != actual:
            yield column, _dropped(expected), _dropped(actual)


def _cells(expected: Mapping[str, str], values: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    for attribute, value in expected.items():
        if attribute not in values:
            yield attribute, value, "no column is mapped to it"
        elif values[attribute] != value:
            yield attribute, value, values[attribute]


def _as_expected(expected: Sequence[str], reasons: Sequence[str]) -> bool:
    """Each reason is expected, with its column or by its code alone, and each expected one is there."""
    named = [{reason, reason.partition(":")[0]} for reason in reasons]
    return all(each.intersection(expected) for each in named) and set(expected) <= set().union(*named)


def _rejected(reasons: Sequence[str]) -> str:
    return f"rejected: {', '.join(reasons)}" if reasons else "ingested"


def _dropped(code: str | None) -> str:
    return "not dropped" if code is None else f"dropped: {code}"
