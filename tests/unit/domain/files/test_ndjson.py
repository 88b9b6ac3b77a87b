"""NDJSON: cells are the values as they are written; what is not a flat object is rejected."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.errors import Refused
from penstock.domain.files.header import parse_header
from penstock.domain.files.json_keys import FLAT
from penstock.domain.files.ndjson import NDJSON
from penstock.domain.files.rejects import Reject, RejectedFile
from penstock.domain.files.rows import Parsed, parse
from penstock.domain.files.streamed_chunks import chunks
from penstock.domain.files.tabular_format import MAX_HEADER_BYTES
from penstock.domain.mapping.mapping import Limits

HEADER = ("a", "b")
FORMAT = NDJSON[FLAT]


def read(body: str, *, cell_bytes: int = 10_000, used: tuple[int, ...] = (0, 1)) -> Parsed:
    return parse(body.encode(), FORMAT, first_line=1, header=HEADER, used=used, max_cell_bytes=cell_bytes)


def rows(parsed: Parsed) -> list[tuple[str, ...]]:
    return list(zip(*parsed.table.columns, strict=True))


def reasons(parsed: Parsed) -> dict[int, tuple[str, ...]]:
    return {reject.line: reject.reasons for reject in parsed.rejects}


def columns_of(head: bytes, *, complete: bool = True) -> tuple[str, ...]:
    return parse_header(head, mapping=None, limits=Limits(), complete=complete).columns


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ('"007"', "007"),
        ('"  x "', "  x "),
        (r'"caf\u00e9 \"q\"\n"', 'café "q"\n'),
        ("1.10", "1.10"),
        ("1E5", "1E5"),
        ("-0.0", "-0.0"),
        ("42", "42"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ("-" + "9" * 5_000, "-" + "9" * 5_000),
        ("0.1000000000000000055511151231257827", "0.1000000000000000055511151231257827"),
        ("true", "true"),
        ("false", "false"),
        ("null", ""),
    ],
)
def test_a_value_is_the_text_of_the_file(value: str, cell: str) -> None:
    assert rows(read(f'{{"a": "x", "b": {value}}}\n')) == [("x", cell)]
    assert rows(read(f'{{"a": "x", "b": {value}}}\n{{"b": "text"}}\n'))[0] == ("x", cell)


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))  # with either, a row is rejected


@given(st.lists(st.dictionaries(st.sampled_from(HEADER), TEXT | st.integers() | st.none() | st.booleans())))
def test_objects_are_read_as_written(objects: list[dict[str, object]]) -> None:
    def cell(value: object) -> str:
        return json.dumps(value) if isinstance(value, bool) else "" if value is None else str(value)

    parsed = read("".join(json.dumps(each) + "\n" for each in objects))
    assert rows(parsed) == [tuple(cell(each.get(name)) for name in HEADER) for each in objects]


def test_rows_that_are_no_flat_objects_are_rejected_alone() -> None:
    parsed = read(
        '{"a": 1}\n[1]\n{"a": 01}\nnot json\n{"a": 1} {"a": 2}\n   \n{"a": {"x": 1}, "b": [1]}\n'
        '{"a": 1, "z": 2}\n\n{"a": "\\ud800"}\r\n{"b": "last"}'
    )
    assert rows(parsed) == [("1", ""), ("", "last")]
    assert list(parsed.table.lines) == [1, 11]
    assert reasons(parsed) == {
        2: ("not_a_json_object",),
        3: ("not_a_json_object",),
        4: ("not_a_json_object",),
        5: ("not_a_json_object",),
        6: ("not_a_json_object",),
        7: ("nested_value:a",),
        8: ("unknown_key",),
        10: ("not_a_json_object",),
    }


def nested(key: str, depth: int) -> str:
    return f'{{"{key}": {"[" * depth}1{"]" * depth}}}'


LINES = st.lists(
    st.one_of(
        st.integers().map('{{"a": {}}}\n'.format),
        st.sampled_from(
            [
                '{"a": "x", "b": 1}\r\n',
                '{"a": 1}{"a": 2}\n',
                '{"a": 1} {"a": 2} {"a": 3}\n',
                '{"a": 1,\n"b": 2}\n',
                '{"a":\n\n1}\n',
                "\n",
                "\r\n",
                "  \n",
                '{"z": 1}\n',
                '{"a": []}\n',
                nested("b", 3_000) + "\n",
                f'{{"b": {"7" * 5_000}}}\n',
                "[1]\n",
            ]
        ),
    ),
    max_size=12,
)


def decoded_alone(line: str) -> tuple[str, ...] | str:
    """The plainest reference: the cells of one line, or the reason for its reject."""
    try:
        found = json.loads(line, parse_int=str)
    except (ValueError, RecursionError):
        return "not_a_json_object"
    if not isinstance(found, dict):
        return "not_a_json_object"
    if not found.keys() <= set(HEADER):
        return "unknown_key"
    lists = [name for name in HEADER if isinstance(found.get(name), list)]
    return f"nested_value:{lists[0]}" if lists else (found.get("a", ""), found.get("b", ""))


@given(lines=LINES, chunk_bytes=st.integers(1, 200))
def test_each_line_is_one_row_whatever_its_neighbours_and_its_chunk_are(lines: list[str], chunk_bytes: int) -> None:
    body = "".join(lines)
    expected = {line: text.removesuffix("\r") for line, text in enumerate(body.split("\n"), 1)}
    outcomes = {line: decoded_alone(text) for line, text in expected.items() if text}
    found: dict[int, tuple[str, ...] | str] = {}
    texts: dict[int, str] = {}
    for chunk in chunks([body.encode()], FORMAT, first_line=1, chunk_bytes=chunk_bytes, max_row_bytes=9_999):
        assert chunk.body is not None
        parsed = parse(
            chunk.body, FORMAT, first_line=chunk.first_line, header=HEADER, used=(0, 1), max_cell_bytes=9_999
        )
        found.update(zip(parsed.table.lines, rows(parsed), strict=True))
        found |= {reject.line: reject.reasons[0] for reject in parsed.rejects}
        texts.update(zip(parsed.table.lines, parsed.table.raw, strict=True))
        texts |= {reject.line: reject.row.decode() for reject in parsed.rejects}
    assert found == outcomes
    assert texts == {line: expected[line] for line in outcomes}


def test_a_row_with_an_escaped_nul_is_rejected_alone() -> None:
    """In whichever column; two backslashes are one, and no escape begins after them."""
    parsed = read(
        r"""{"a": "\\u0000", "b": 1}
{"a": "x\u0000y"}
{"a": "x", "b": "\\\\\u0000"}
{"a": "\u0000\u0000", "z": 2}
{"a": "\u00e9"}
""",
        used=(0,),
    )
    assert reasons(parsed) == {2: ("contains_nul",), 3: ("contains_nul",), 4: ("contains_nul",)}
    assert list(parsed.table.columns[0]) == [r"\u0000", "é"]


@given(st.dictionaries(st.sampled_from(HEADER), st.text(st.sampled_from('\0\\u0"a'), max_size=9)))
def test_exactly_the_rows_with_a_nul_are_rejected(row: dict[str, str]) -> None:
    assert bool(read(json.dumps(row)).rejects) is any("\0" in cell for cell in row.values())


def test_an_escaped_nul_becomes_a_replacement_character_in_the_reject_file() -> None:
    reject = Reject(3, ("contains_nul",), rb'{"a": "x\u0000y", "b": "\\u0000"}')
    [line] = FORMAT.write_rejects(RejectedFile(HEADER, HEADER), [reject])
    assert json.loads(line) == {"penstock_line": 3, "penstock_reasons": "contains_nul", "a": "x\ufffdy", "b": r"\u0000"}


def test_nested_values_of_columns_that_are_not_used_do_not_matter() -> None:
    parsed = read('{"a": 1, "b": {"x": [1]}}\n', used=(0,))
    assert (list(parsed.table.columns[0]), parsed.rejects) == (["1"], [])


def test_a_cell_over_the_limit_is_rejected() -> None:
    assert reasons(read('{"a": "ééé"}\n{"a": "éé"}\n{"b": 12345}\n', cell_bytes=4)) == {
        1: ("cell_too_large",),
        3: ("cell_too_large",),
    }


def test_the_columns_are_the_keys_in_the_order_of_their_first_rows() -> None:
    assert columns_of(b'\xef\xbb\xbf\n{"b": 1}\nbroken\n{"a": 1, "b": 2}\r\n{"c": null}') == ("b", "a", "c")


def test_only_the_start_of_a_file_gives_columns() -> None:
    first = b'{"a": "' + b"x" * (MAX_HEADER_BYTES - 20) + b'"}\n'
    assert columns_of(first + b'{"b": "a row across the edge"}\n{"c": 1}\n') == ("a",)
    with pytest.raises(Refused, match="header_too_long"):
        columns_of(b'{"a": "' + b"x" * MAX_HEADER_BYTES + b'"}\n')


def test_names_obey_the_rules_of_columns() -> None:
    with pytest.raises(Refused) as refused:
        columns_of(b'{"a b": 1, "": 2}\n')
    assert [fault.code for fault in refused.value.faults] == ["space_in_column_name", "blank_column_name"]


def test_rejects_keep_the_values_and_have_every_column() -> None:
    rejects = [
        Reject(3, ("unknown_key",), b'{"a": 1.10, "x": {"y": "=1"}, "z": "=1+1"}'),
        Reject(4, ("not_a_json_object",), b"=oops"),
    ]
    assert b"".join(FORMAT.write_rejects(RejectedFile(("k", "b"), HEADER), rejects)).decode().splitlines() == [
        '{"penstock_line":3,"penstock_reasons":"unknown_key","k":1.10,"b":null,"x":{"y": "=1"},"z":"\'=1+1"}',
        '{"penstock_line":4,"penstock_reasons":"not_a_json_object","penstock_row":"\'=oops","k":null,"b":null}',
    ]


@pytest.mark.parametrize("depth", [10, 900, 3_000])
def test_the_reject_of_a_deeply_nested_line_can_be_downloaded(depth: int) -> None:
    (line,) = FORMAT.write_rejects(RejectedFile(HEADER, HEADER), read(nested("b", depth)).rejects)
    written = line.decode()
    assert "[" * depth in written
    assert written.startswith('{"penstock_line":1,')


@pytest.mark.parametrize("depth", [10, 900, 3_000])
def test_the_cells_of_a_deeply_nested_line_can_be_displayed(depth: int) -> None:
    assert "[" * depth in "".join(FORMAT.cells(nested("a", depth), HEADER))


def test_no_member_of_a_row_replaces_another_in_its_reject() -> None:
    """Whatever a later row names its keys, or the columns are renamed to."""
    file = RejectedFile(("id", "k_k", "penstock_row"), ("id", "k k", "penstock_row"))
    rows = [
        b'{"id": 1, "k k": "a", "k_k": "b", "penstock_line": 7, "penstock_reasons": "mine", "penstock_row": "r"}',
        b"no object",
    ]
    written = FORMAT.write_rejects(file, [Reject(line, ("unknown_key",), row) for line, row in enumerate(rows, 2)])
    assert [json.loads(line) for line in written] == [
        {
            "penstock_line": 2,
            "penstock_reasons": "unknown_key",
            "id": 1,
            "k_k": "a",
            "penstock_row": "r",
            "k_k_2": "b",
            "penstock_line_2": 7,
            "penstock_reasons_2": "mine",
        },
        {"penstock_line": 3, "penstock_reasons": "unknown_key", "penstock_row": "no object", "id": None, "k_k": None},
    ]


def test_an_unknown_key_of_a_corrected_file_gets_no_further_apostrophe() -> None:
    names = ("penstock_line", "penstock_reasons", "a")
    [line] = FORMAT.write_rejects(
        RejectedFile(names, names, corrected=True), [Reject(1, ("unknown_key",), b'{"\'=z": "\'=1"}')]
    )
    assert json.loads(line) == {"penstock_line": 1, "penstock_reasons": "unknown_key", "a": None, "'=z": "'=1"}


def test_a_corrected_reject_that_is_rejected_again_gets_its_new_line_and_reasons() -> None:
    names = ("penstock_line", "penstock_reasons", "a")
    row = b'{"penstock_line":3,"penstock_reasons":"unknown_key","a":"\'=1"}'
    assert b"".join(
        FORMAT.write_rejects(RejectedFile(names, names, corrected=True), [Reject(1, ("no_identifier",), row)])
    ) == (b'{"penstock_line":1,"penstock_reasons":"no_identifier","a":"\'=1"}\n')
