"""The hot path against the reference: any chunking, any rows of one person together, links, policies."""

import os
from collections.abc import Iterable, Sequence
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from penstock.domain.errors import Corrupt
from penstock.domain.files.corrections import RootLines
from penstock.domain.files.header import Header
from penstock.domain.files.line_set import LineSet
from penstock.domain.files.rejects import LINE_COLUMN
from penstock.domain.files.tabular_format import FileFormat
from penstock.domain.ingestion.chunk import ChunkResult, ingest_chunk
from penstock.domain.ingestion.layout import compile_layout
from penstock.domain.mapping import mapping as mappings
from penstock.domain.mapping.attributes import Attribute, ValueFormat, ValueType
from penstock.domain.mapping.mapping import ColumnMapping, OnMisfit, Plan, WritePolicy
from penstock.domain.profiles.fold import fold
from penstock.domain.profiles.fragments import (
    MAX_LINKS,
    ORIGIN_BYTES,
    decode,
    key_suffix,
)
from penstock.domain.profiles.identity import NodeHasher
from penstock.domain.profiles.sealing import ChunkSealer, Part, chunk_key, open_part, split_cell
from tests.support import reference
from tests.support.chunks import GENERAL, HASH_KEY, PERSONAL, ingested, opened, walk

HEADER = Header(
    names_in_file=("crmid", "email", "note", "points", "unmapped"),
    file_format=FileFormat(),
    columns=("crmid", "email", "note", "points", "unmapped"),
    body_start=0,
    first_line=2,
    corrected_rejects=False,
)
ATTRIBUTES = {
    "crmid": Attribute(name="crmid", display_name="CRM id"),
    "email": Attribute(name="email", display_name="E-mail", format=ValueFormat(ValueType.EMAIL), pii=True),
    "note": Attribute(name="note", display_name="Note"),
    "points": Attribute(name="points", display_name="Points", format=ValueFormat(ValueType.INTEGER), pii=True),
}
POLICY = st.sampled_from(WritePolicy)


def plan_of(columns: tuple[ColumnMapping, ...], number: int) -> Plan:
    return Plan(
        tenant_id="acme",
        request_id=str(UUID(int=number)),
        data_source="crm",
        mapping=mappings.Mapping(data_source="crm", version=1, columns=columns),
        attributes=tuple(ATTRIBUTES[column.attribute] for column in columns),
    )


def ingest(
    plan: Plan, body: bytes, chunk_bytes: int = 1 << 20, *, header: Header = HEADER, root: RootLines | None = None
) -> list[ChunkResult]:
    return ingested(plan, body, header, chunk_bytes, root)


def columns_with(policies: Sequence[WritePolicy], both_identify: bool) -> tuple[ColumnMapping, ...]:
    return tuple(
        ColumnMapping(
            column=name,
            attribute=name,
            policy=policy,
            identifier=name == "crmid" or (both_identify and name == "email"),
        )
        for name, policy in zip(HEADER.columns[:4], policies, strict=True)
    )


ROW = st.tuples(
    st.sampled_from(["", "C1", "C2", "C3"]),
    st.sampled_from(["", "a@gmail.com", "b@gmail.com", "A@gmail.com", "nonsense"]),
    st.sampled_from(["", "red", "blue", "<b>'; drop table"]),
    st.sampled_from(["", "1", "2", "x"]),
    st.just("ignored"),
)


@settings(max_examples=300, deadline=None)
@given(
    files=st.lists(
        st.tuples(st.lists(ROW, max_size=8), st.just((WritePolicy.OVERWRITE,) * 4) | st.tuples(*[POLICY] * 4)),
        min_size=1,
        max_size=3,
    ),
    both_identify=st.booleans(),
    chunk_bytes=st.sampled_from([1, 40, 100, 1 << 20]),
    seed=st.integers(0, 2**32),
)
@example(
    files=[
        (
            [("C1", "a@gmail.com", "red", "1", "x"), ("C1", "b@gmail.com", "", "", "x")],
            (WritePolicy.CLEAR_ON_BLANK,) * 4,
        )
    ],
    both_identify=True,
    chunk_bytes=1,
    seed=0,
)
def test_stored_fragments_fold_to_the_reference_in_any_order_with_any_repetition(
    files: list[tuple[list[tuple[str, ...]], tuple[WritePolicy, ...]]], both_identify: bool, chunk_bytes: int, seed: int
) -> None:
    uploads, fragments = [], []
    for number, (rows, policies) in enumerate(files, 1):
        columns = columns_with(policies, both_identify)
        body = "".join("\t".join(row) + "\n" for row in rows).encode()
        uploads.append(
            reference.Upload(
                str(UUID(int=number)), "crm", "\t".join(HEADER.columns).encode() + b"\n" + body, columns, ATTRIBUTES
            )
        )
        results = ingest(plan_of(columns, number), body, chunk_bytes)
        expected = reference.read(uploads[-1])
        rejected = {reject.line: list(reject.reasons) for result in results for reject in result.rejects}
        assert rejected == expected.rejected
        assert sum(result.rows_ingested for result in results) == len(expected.rows)
        assert all(result.rows_read == result.rows_ingested + len(result.rejects) for result in results)
        fragments += [opened(stored) for result in results for stored in result.fragments]
    shuffled = fragments + Random(seed).choices(fragments, k=len(fragments)) if fragments else []
    Random(seed).shuffle(shuffled)
    for (namespace, value), attributes in reference.profiles(uploads).items():
        profile = walk(shuffled, NodeHasher(namespace, HASH_KEY).node(value, ATTRIBUTES[namespace].format))
        reported = {
            name: (output.value, output.origin.request_id, output.origin.row)
            for name, output in profile.attributes.items()
        }
        assert reported == attributes


CORRECTED = replace(
    HEADER,
    columns=(LINE_COLUMN, *HEADER.columns),
    names_in_file=(LINE_COLUMN, *HEADER.columns),
    corrected_rejects=True,
)
NEW_ROWS_AT = 100  # where new rows of a corrected file would be in the file of its root


@settings(max_examples=300, deadline=None)
@given(
    rows=st.lists(st.tuples(ROW, ROW), max_size=8),
    added=st.lists(ROW, max_size=2),
    later=st.lists(ROW, max_size=2),
    policies=st.just((WritePolicy.OVERWRITE,) * 4) | st.tuples(*[POLICY] * 4),
    both_identify=st.booleans(),
    chunk_bytes=st.sampled_from([1, 40, 1 << 20]),
    seed=st.integers(0, 2**32),
)
def test_corrected_rows_count_as_if_the_first_file_had_been_right(
    rows: list[tuple[tuple[str, ...], tuple[str, ...]]],
    added: list[tuple[str, ...]],
    later: list[tuple[str, ...]],
    policies: tuple[WritePolicy, ...],
    both_identify: bool,
    chunk_bytes: int,
    seed: int,
) -> None:
    columns = columns_with(policies, both_identify)
    root, other, child = (plan_of(columns, number) for number in (1, 2, 3))
    first = ingest(root, text(row for row, _ in rows), chunk_bytes)
    lines = [reject.line for result in first for reject in result.rejects]
    again = [(str(line), *rows[line - 2][1]) for line in lines] + [("", *row) for row in added]
    Random(seed).shuffle(again)
    known = RootLines(LineSet(*(result.lines.rejected for result in first)), LineSet())
    third = ingest(child, text(again), chunk_bytes, header=CORRECTED, root=known)
    second = ingest(other, text(later), chunk_bytes)
    right = [corrected if line in lines else row for line, (row, corrected) in enumerate(rows, 2)]
    new = [row for line, *row in again if not line]
    whole = text(HEADER.columns for _ in "1") + text(right) + b"\n" * (NEW_ROWS_AT - len(right)) + text(new)
    uploads = [
        reference.Upload(root.request_id, "crm", whole, columns, ATTRIBUTES),
        reference.Upload(other.request_id, "crm", text([HEADER.columns, *later]), columns, ATTRIBUTES),
    ]
    new_lines = [line for line, row in enumerate(again, 2) if not row[0]]
    fragments = [opened(stored) for result in (*first, *second, *third) for stored in result.fragments]
    Random(seed).shuffle(fragments)
    for (namespace, value), attributes in reference.profiles(uploads).items():
        node = NodeHasher(namespace, HASH_KEY).node(value, ATTRIBUTES[namespace].format)
        profile = walk(fragments, node, {child.request_id: root.request_id})
        expected = {
            name: (stored, order, line)
            if line < NEW_ROWS_AT + 2
            else (stored, child.request_id, new_lines[line - NEW_ROWS_AT - 2])
            for name, (stored, order, line) in attributes.items()
        }
        assert {
            name: (output.value, output.origin.request_id, output.origin.row)
            for name, output in profile.attributes.items()
        } == expected
    still_wrong = sum(len(result.rejects) for result in third)
    fixed = LineSet(*(result.lines.corrected for result in third))
    assert len(lines) + len(added) == still_wrong + len(fixed) + sum(
        result.rows_ingested - len(LineSet(result.lines.corrected)) for result in third
    )


def test_no_length_tells_a_personal_value() -> None:
    """Nor whether there is one, nor which was cleared."""
    columns = columns_with((WritePolicy.CLEAR_ON_BLANK,) * 4, both_identify=False)
    rows = [
        (f"C{at}", ("", "a@gmail.com", "anna.bergstrom@gmail.com")[at % 3], "red", ("", "1", "54321")[at % 2], "")
        for at in range(10)
    ]
    (result,) = ingest(plan_of(columns, 1), text(rows))
    assert len(result.fragments) == 10
    assert len({len(cell) for _, cell in result.fragments}) == 1
    people = [walk([opened(each)], each[0][:16]).attributes for each in result.fragments]
    assert {"email" in each for each in people} == {"points" in each for each in people} == {True, False}


def test_no_length_tells_which_further_identifiers_a_person_has() -> None:
    columns = columns_with((WritePolicy.OVERWRITE,) * 4, both_identify=True)
    rows = [("C1", "a@gmail.com", "red", "1", ""), ("C2", "", "red", "1", "")]
    (result,) = ingest(plan_of(columns, 1), text(rows))
    people = [(len(cell), len(opened((key, cell)).links)) for key, cell in result.fragments]
    lengths = {length for length, _ in people if length == max(people)[0]}
    assert len(people) == 3
    assert sorted(links for length, links in people if length in lengths) == [0, 1]


def test_a_shared_identifier_has_a_bounded_number_of_links() -> None:
    columns = columns_with((WritePolicy.OVERWRITE,) * 4, both_identify=True)
    (result,) = ingest(plan_of(columns, 1), text((f"C{at}", "info@shop.com", "", "", "") for at in range(50)))
    assert max(len(opened(each).links) for each in result.fragments) == MAX_LINKS


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (("", "", "Total:", "12", ""), "total_line"),
        (("TOTAL", "", "", "1234", ""), "total_line"),
        (("", "", "Összesen", "", ""), "total_line"),
        (("Moyenne", "", "", "12", ""), "total_line"),
        (("", "", "Μέσος όρος", "12", ""), "total_line"),
        (("", "", "średnia:", "12", ""), "total_line"),
        (("", "", "red", "12", ""), "no_identifier"),
        (("", "", "Total", "12", "many words"), "no_identifier"),
        (("", "", "12", "Total", ""), "not_an_integer:points"),
    ],
)
def test_a_line_of_totals_is_no_row_of_data(row: tuple[str, ...], reason: str) -> None:
    columns = columns_with((WritePolicy.OVERWRITE,) * 4, both_identify=False)
    (result,) = ingest(plan_of(columns, 1), text([("C1", "a@gmail.com", "red", "1", ""), row]))
    assert [each.reasons[0] for each in result.rejects] == [reason]
    assert result.rows_ingested == 1


def text(rows: Iterable[Sequence[str]]) -> bytes:
    return "".join("\t".join(row) + "\n" for row in rows).encode()


MESSY_ROW = st.tuples(
    st.sampled_from(["", "C1", "C2", "C3", "0000", " 0000", "n/a"]),
    st.sampled_from(["", "a@gmail.com", "A@gmail.com", "none@none.com", "nonsense"]),
    st.sampled_from(["", "red", " Rot ", "N/A", "Anna  Maria Berg", "a,b"]),
    st.sampled_from(["", "1", "2", "x", "one", "NULL"]),
    st.sampled_from(["", "left", " n/a", "unten,oben"]),
)
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "on_misfit": st.just(OnMisfit.DROP),
        "blanks": st.sampled_from([("n/a",), ("NULL", "N/A"), ("x",)]),
        "pii": st.just(True),
    },
)
VALUES = {"note": {"red": "rouge", "Rot": "rouge"}, "points": {"one": "1", "x ": "7"}}
SOURCES = st.sampled_from(
    [
        {"column": "note"},
        {"column": "note", "trim": True},
        {"columns": ("note", "unmapped"), "separator": ", "},
        {"column": "note", "split": " ", "part": -1},
        {"column": "note", "split": ",", "part": 2},
        {"column": "note", "split": " ", "part": 3},
        {"constant": "same"},
    ]
)


@settings(max_examples=300, deadline=None)
@given(
    files=st.lists(st.lists(MESSY_ROW, max_size=8), min_size=1, max_size=2),
    options=st.tuples(OPTIONS, OPTIONS, OPTIONS, OPTIONS),
    source=SOURCES,
    mapped_values=st.booleans(),
    policies=st.tuples(*[POLICY] * 4),
    both_identify=st.booleans(),
    chunk_bytes=st.sampled_from([1, 40, 1 << 20]),
)
@example(
    files=[[("C1", "a@gmail.com", "red", "1", ""), ("C1", "", "", "x", ""), ("C2", "", "", "x", "")]],
    options=({}, {}, {}, {"on_misfit": OnMisfit.DROP}),
    source={"column": "note"},
    mapped_values=False,
    policies=(WritePolicy.CLEAR_ON_BLANK,) * 4,
    both_identify=False,
    chunk_bytes=1 << 20,
)
def test_options_of_columns_store_the_same_as_cell_by_cell(
    files: list[list[tuple[str, ...]]],
    options: tuple[dict[str, Any], ...],
    source: dict[str, Any],
    mapped_values: bool,
    policies: tuple[WritePolicy, ...],
    both_identify: bool,
    chunk_bytes: int,
) -> None:
    columns = tuple(
        ColumnMapping(
            attribute=name,
            policy=policy,
            identifier=(identifies := name == "crmid" or (both_identify and name == "email")),
            values=VALUES.get(name, {}) if mapped_values else {},
            **(source if name == "note" else {"column": name}),
            **({**chosen, "on_misfit": OnMisfit.REJECT} if identifies else chosen),
        )
        for name, policy, chosen in zip(HEADER.columns[:4], policies, options, strict=True)
    )
    uploads, fragments = [], []
    for number, rows in enumerate(files, 1):
        body = "".join("\t".join(row) + "\n" for row in rows).encode()
        file = "\t".join(HEADER.columns).encode() + b"\n" + body
        uploads.append(reference.Upload(str(UUID(int=number)), "crm", file, columns, ATTRIBUTES))
        results = ingest(plan_of(columns, number), body, chunk_bytes)
        expected = reference.read(uploads[-1])
        assert {r.line: list(r.reasons) for result in results for r in result.rejects} == expected.rejected
        assert {r.line: sorted(r.reasons) for result in results for r in result.dropped} == expected.dropped
        fragments += [opened(stored) for result in results for stored in result.fragments]
    personal = {each.attribute for each in columns if each.pii or ATTRIBUTES[each.attribute].pii}
    for (namespace, value), attributes in reference.profiles(uploads).items():
        profile = walk(fragments, NodeHasher(namespace, HASH_KEY).node(value, ATTRIBUTES[namespace].format))
        assert {
            name: (output.value, output.origin.request_id, output.origin.row)
            for name, output in profile.attributes.items()
        } == attributes
        assert {name for name, output in profile.attributes.items() if output.personal} == personal & set(attributes)


def test_dropped_cells_are_counted_by_column_and_reason_and_only_for_rows_that_are_ingested() -> None:
    columns = (
        ColumnMapping(column="crmid", attribute="crmid", identifier=True),
        ColumnMapping(column="email", attribute="email", identifier=True),
        ColumnMapping(column="points", attribute="points", on_misfit=OnMisfit.DROP),
    )
    body = b"C1\ta@gmail.com\t\tx\t\nC2\tnone@none.com\t\ty\t\n0000\t\t\tz\t\nC4\tnonsense\t\tx\t\n"
    result = ingest(plan_of(columns, 1), body)[0]
    assert result.dropped_cells == {"points": {"not_an_integer": 2}, "email": {"junk_identifier": 1}}
    assert [reject.reasons for reject in result.rejects] == [
        ("no_identifier", "junk_identifier:crmid"),
        ("not_an_email:email",),
    ]
    assert [reject.left_out for reject in result.rejects] == [("not_an_integer:points",)] * 2
    assert [(row.line, row.row) for row in result.dropped] == [
        (2, b"C1\ta@gmail.com\t\tx\t"),
        (3, b"C2\tnone@none.com\t\ty\t"),
    ]


def test_cells_that_a_word_makes_blank_are_counted_only_for_rows_that_are_ingested() -> None:
    columns = (
        ColumnMapping(column="crmid", attribute="crmid", identifier=True, blanks=("?",)),
        ColumnMapping(column="email", attribute="email", identifier=True),
        ColumnMapping(column="points", attribute="points", blanks=("n/a", "?"), on_misfit=OnMisfit.DROP),
    )
    body = b"C1\ta@gmail.com\t\tN/A\t\n?\tb@gmail.com\t\t?\t\n?\t\t\t?\t\nC4\tnonsense\t\tn/a\t\nC5\t\t\t\t\n"
    result = ingest(plan_of(columns, 1), body)[0]
    assert result.blank_words == {"crmid": {"?": 1}, "points": {"n/a": 1, "?": 1}}
    assert (result.rows_ingested, result.dropped_cells) == (3, {})


@settings(max_examples=100, deadline=None)
@given(st.lists(ROW, max_size=12), st.booleans())
def test_one_chunk_writes_each_node_once_and_in_the_order_of_keys(
    rows: list[tuple[str, ...]], both_identify: bool
) -> None:
    columns = columns_with([WritePolicy.OVERWRITE] * 4, both_identify)
    body = "".join("\t".join(row) + "\n" for row in rows).encode()
    for result in ingest(plan_of(columns, 1), body):
        keys = [key for key, _ in result.fragments]
        assert keys == sorted(set(keys))


def test_two_attempts_at_one_chunk_write_the_same_keys_and_meaning_with_other_bytes() -> None:
    columns = columns_with([WritePolicy.OVERWRITE] * 4, both_identify=True)
    body = b"C1\ta@gmail.com\tred\t1\tx\nC2\t\tblue\t2\tx\n"
    plan = plan_of(columns, 1)
    first, second = (ingest(plan, body)[0].fragments for _ in range(2))
    assert [key for key, _ in first] == [key for key, _ in second]
    assert [opened(fragment) for fragment in first] == [opened(fragment) for fragment in second]
    assert not {cell for _, cell in first} & {cell for _, cell in second}


def test_stored_fragments_contain_no_plain_value() -> None:
    columns = columns_with([WritePolicy.OVERWRITE] * 4, both_identify=True)
    result = ingest(plan_of(columns, 1), b"C-MARKED\tmarked@gmail.com\tmarked note\t424242\tx\n")[0]
    stored = b"".join(key + cell for key, cell in result.fragments)
    for value in (b"MARKED", b"marked", b"424242", b"note"):
        assert value not in stored


def test_a_row_with_several_faults_lists_all_and_counts_once() -> None:
    columns = columns_with([WritePolicy.OVERWRITE] * 4, both_identify=False)
    result = ingest(plan_of(columns, 1), b"C1\tnonsense\tred\tx\tx\n")[0]
    assert result.rejects[0].reasons == ("not_an_email:email", "not_an_integer:points")
    assert result.reject_reasons == {"not_an_email": 1}


def test_a_reader_without_the_personal_key_sees_names_but_no_personal_values() -> None:
    columns = columns_with([WritePolicy.OVERWRITE] * 4, both_identify=False)
    key, cell = ingest(plan_of(columns, 1), b"C1\ta@gmail.com\tred\t1\tx\n")[0].fragments[0]
    general = open_part(
        chunk_key(GENERAL, Part.GENERAL, key[-ORIGIN_BYTES:]), "acme", Part.GENERAL, 1, key, split_cell(cell).general
    )
    assertions: dict[str, Any] = {name: output.value for name, output in decode(key, general, None).assertions.items()}
    assert assertions == {"crmid": "C1", "note": "red", "email": None, "points": None}


@pytest.mark.parametrize(
    "absent", [b"\x90", b"\x91\xa3one", b"\x93\xa3one\xa3two\xa5three"], ids=["all", "one", "one too many"]
)
def test_personal_values_that_are_named_and_absent_are_corrupt(absent: bytes) -> None:
    """As when the personal part is that of another write of the same fragment."""
    columns = columns_with([WritePolicy.OVERWRITE] * 4, both_identify=False)
    key, cell = ingest(plan_of(columns, 1), b"C1\ta@gmail.com\tred\t1\tx\n")[0].fragments[0]
    general = open_part(
        chunk_key(GENERAL, Part.GENERAL, key[-ORIGIN_BYTES:]), "acme", Part.GENERAL, 1, key, split_cell(cell).general
    )
    assert decode(key, general, b"\x92\xa3one\xa3two").assertions["email"].value == "one"
    with pytest.raises(Corrupt, match="personal values"):
        decode(key, general, absent)


def test_a_personal_column_is_only_in_the_personal_part() -> None:
    columns = (
        ColumnMapping(column="crmid", attribute="crmid", identifier=True, pii=True),
        ColumnMapping(column="note", attribute="note", pii=True),
        ColumnMapping(column="email", attribute="email", identifier=True),
    )
    result = ingest(plan_of(columns, 1), b"MARKED1\ta@gmail.com\tMARKED2\t1\tx\nMARKED1\t\tMARKED3\t1\tx\n")[0]
    assert len(result.fragments) == 2
    for stored in result.fragments:
        key, cell = stored
        general = open_part(
            chunk_key(GENERAL, Part.GENERAL, key[-ORIGIN_BYTES:]),
            "acme",
            Part.GENERAL,
            1,
            key,
            split_cell(cell).general,
        )
        assert b"MARKED" not in general
        assert opened(stored).assertions
    folded = fold((opened(stored) for stored in result.fragments), {})
    assert (folded.attributes["crmid"].value, folded.attributes["note"].value) == ("MARKED1", "MARKED3")


@pytest.mark.parametrize("corrected", [False, True])
def test_a_phone_takes_its_region_from_another_column_of_its_row(corrected: bool) -> None:
    phone = Attribute(name="phone", display_name="Phone", format=ValueFormat(ValueType.PHONE))
    crmid = ColumnMapping(column="crmid", attribute="crmid", identifier=True)
    tel = ColumnMapping(column="note", attribute="phone", format=ValueFormat(ValueType.PHONE, "@unmapped|NL"))
    plan = plan_of((crmid,), 1)
    plan = replace(plan, mapping=replace(plan.mapping, columns=(crmid, tel)), attributes=(ATTRIBUTES["crmid"], phone))
    layout = compile_layout(plan, replace(HEADER, corrected_rejects=corrected), HASH_KEY)
    rows = [("C1", "020 7946 0958", "Großbritannien"), ("C2", "020 123 4567", ""), ("C3", "020 123 4567", "BE")]
    body = "".join(f"{crmid}\t\t{tel}\t\t{land}\n" for crmid, tel, land in rows).encode()
    origin = key_suffix("crm", plan.request_id, 0)[-ORIGIN_BYTES:]
    sealer = ChunkSealer("acme", origin, GENERAL, PERSONAL, os.urandom)
    result = ingest_chunk(body, chunk=0, first_line=2, plan=plan, layout=layout, sealer=sealer)
    assert [(reject.line, reject.reasons) for reject in result.rejects] == [(4, ("not_a_phone:note",))]
    assert result.rows_ingested == 2
    fragments = [opened(stored) for stored in result.fragments]
    stored = [walk(fragments, NodeHasher("crmid", HASH_KEY).node(crmid, ValueFormat())) for crmid in ("C1", "C2")]
    assert [profile.attributes["phone"].value for profile in stored] == ["+442079460958", "+31201234567"]


def test_the_column_of_the_region_has_its_own_value_map_and_words_for_blank() -> None:
    """A value that names no country does not hide the country that the cell names."""
    attribute = Attribute(name="phone", display_name="Phone", format=ValueFormat(ValueType.PHONE))
    country = Attribute(name="country", display_name="Country")
    crmid = ColumnMapping(column="crmid", attribute="crmid", identifier=True)
    tel = ColumnMapping(column="note", attribute="phone", format=ValueFormat(ValueType.PHONE, "@unmapped|NL"))
    values = {"Engelland": "GB", "BE": "Benelux", "none": ""}
    land = ColumnMapping(column="unmapped", attribute="country", blanks=("??",), values=values)
    plan = plan_of((crmid,), 1)
    plan = replace(
        plan,
        mapping=replace(plan.mapping, columns=(crmid, tel, land)),
        attributes=(ATTRIBUTES["crmid"], attribute, country),
    )
    layout = compile_layout(plan, HEADER, HASH_KEY)
    rows = [(" Engelland ", "020 7946 0958"), ("BE", "02 511 55 55"), ("??", "020 123 4567"), ("none", "020 123 4567")]
    countries, numbers = map(list, zip(*rows, strict=True))
    cells = {"unmapped": countries, "note": numbers}
    assert layout.columns[1].coerced(numbers, [cells.get(name, []) for name in HEADER.columns]) == (
        ["+442079460958", "+3225115555", "+31201234567", "+31201234567"],
        {},
    )


@pytest.mark.parametrize("ranking", [("crmid", "email"), ("email", "crmid")])
@pytest.mark.parametrize(
    "rows", [b"C1\ta@gmail.com\tred\t1\t\n", b"C1\ta@gmail.com\tred\t1\t\nC2\ta@gmail.com\tblue\t2\t\n"]
)
def test_a_row_is_stored_at_its_highest_ranking_identifier_in_any_order_of_the_mapping(
    ranking: tuple[str, ...], rows: bytes
) -> None:
    """Both for rows alone in their chunk and for rows that share an identifier."""
    columns = columns_with((WritePolicy.OVERWRITE,) * 4, both_identify=True)
    homes = []
    for mapped in (columns, columns[::-1]):
        plan = replace(plan_of(mapped, 1), ranking=ranking)
        fragments = [opened(each) for result in ingest(plan, rows) for each in result.fragments]
        homes.append({each.namespace for each in fragments if "note" in each.assertions})
    assert homes == [{ranking[0]}] * 2
