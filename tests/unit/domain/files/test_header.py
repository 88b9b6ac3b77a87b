"""A header is accepted as it stands or refused with every fault at once."""

from __future__ import annotations

import pytest

from penstock.domain.errors import Fault, Refused
from penstock.domain.files.header import Header, no_rows, parse_header
from penstock.domain.files.header_faults import MAX_FAULTS
from penstock.domain.files.rejects import Reject, RejectedFile
from penstock.domain.files.tabular_format import MAX_HEADER_BYTES, FileFormat, FileOptions
from penstock.domain.files.tsv import TSV
from penstock.domain.mapping.mapping import ColumnMapping, Limits, Mapping


def mapping_of(*columns: str) -> Mapping:
    """`column=attribute`, with a `!` behind an identifier, as on the command line."""
    pairs = [column.split("=") for column in columns]
    mapped = [
        ColumnMapping(column=name, attribute=attribute.rstrip("!"), identifier=attribute.endswith("!"))
        for name, attribute in pairs
    ]
    return Mapping(data_source="crm", version=1, columns=tuple(mapped))


CRMID = mapping_of("crmid=crmid!")


def parsed(head: bytes, mapping: Mapping | None = CRMID, *, limits: Limits = Limits(), complete: bool = True) -> Header:
    return parse_header(head, mapping=mapping, limits=limits, complete=complete)


def faults_of(head: bytes, mapping: Mapping | None = CRMID, limits: Limits = Limits()) -> list[Fault]:
    with pytest.raises(Refused) as refused:
        parsed(head, mapping, limits=limits)
    assert all(fault.message and fault.hint for fault in refused.value.faults)
    return refused.value.faults


def places(faults: list[Fault]) -> list[tuple[str, int | None]]:
    return [(fault.code, fault.position) for fault in faults]


@pytest.mark.parametrize(
    ("head", "body_start"),
    [
        (b"crmid\tphone\n1\t06", 12),
        (b"crmid\tphone\r\n1\t06\r\n", 13),
        (b"\xef\xbb\xbfcrmid\tphone\n1\t06", 15),
        (b"crmid\tphone", 11),
        (b"crmid\tphone\r", 12),
    ],
)
def test_a_header_in_order(head: bytes, body_start: int) -> None:
    assert parsed(head) == Header(
        file_format=FileFormat("tsv"),
        columns=("crmid", "phone"),
        names_in_file=("crmid", "phone"),
        body_start=body_start,
        first_line=2,
        corrected_rejects=False,
    )


def test_a_single_column_is_enough_and_quotes_are_text() -> None:
    assert parsed(b"crmid\n").columns == ("crmid",)
    assert parsed(b'crmid\t"a"\t\'b\n').columns == ("crmid", '"a"', "'b")


def test_letters_of_every_script_and_joiners_may_stand_in_a_name() -> None:
    assert parsed("crmid\t名前\tمی\u200cخواهم\n".encode()).columns[1:] == ("名前", "می\u200cخواهم")


@pytest.mark.parametrize("head", [b"", b"\xef\xbb\xbf", b"\n\n", b"\r\n", b" \t \n"])
def test_an_empty_file(head: bytes) -> None:
    assert places(faults_of(head)) == [("empty_file", None)]


def test_a_blank_first_line_has_no_names() -> None:
    assert ("blank_column_name", 1) in places(faults_of(b"\ncrmid\n1\n"))


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "blank_column_name"),
        ("  ", "blank_column_name"),
        ("\u00a0", "blank_column_name"),
        ("crmid", "duplicate_column_name"),
        (" phone", "space_around_column_name"),
        ("phone ", "space_around_column_name"),
        ("home phone", "space_in_column_name"),
        ("home\u00a0phone", "space_in_column_name"),
        ("home-phone", "hyphen_in_column_name"),
        ("home\0phone", "control_character_in_column_name"),
        ("home\x0bphone", "control_character_in_column_name"),
        ("home\rphone", "control_character_in_column_name"),
        ("home\u2028phone", "control_character_in_column_name"),
        ("home\u202ephone", "control_character_in_column_name"),
        ("\ufeffphone", "control_character_in_column_name"),
    ],
)
def test_each_fault_of_a_name_has_its_code_and_place(name: str, code: str) -> None:
    assert places(faults_of(f"crmid\t{name}\tlast\n".encode())) == [(code, 2)]


def test_a_name_that_is_not_utf_8() -> None:
    assert places(faults_of(b"crmid\tna\xffve\tok\n")) == [("not_utf8", 2)]


def test_every_fault_is_listed_at_once_with_the_name_of_its_column() -> None:
    faults = faults_of(b"crmid\t home phone\t\te-mail\tcrmid\n", mapping_of("crmid=a!", "mail=b"))
    assert [(fault.code, fault.position, fault.column) for fault in faults] == [
        ("space_around_column_name", 2, "home phone"),
        ("space_in_column_name", 2, "home phone"),
        ("blank_column_name", 3, None),
        ("hyphen_in_column_name", 4, "e-mail"),
        ("duplicate_column_name", 5, "crmid"),
        ("unknown_mapped_column", None, "mail"),
    ]


@pytest.mark.parametrize(
    "head",
    [b"C-1\tJan de Vries\tx-y\n", b"crmid\tname\rC-1\tJan de Vries\rC-2\tx-y\r"],
    ids=["no header", "carriage returns as line ends"],
)
def test_a_row_in_the_place_of_the_header_is_not_repeated_in_faults(head: bytes) -> None:
    with pytest.raises(Refused) as refused:
        parsed(head)
    reported = f"{refused.value} {refused.value.faults}"
    assert "hyphen_in_column_name" in reported
    assert not any(value in reported for value in ("C-1", "Jan", "Vries", "x-y"))


def test_inspection_names_the_columns_and_asks_for_no_mapping() -> None:
    assert parsed(b"a\tb\n", None).columns == ("a", "b")
    assert [fault.column for fault in faults_of(b"a b\tc\n", None)] == ["a b"]


def test_a_mapped_column_with_a_space_beside_it_is_not_called_unknown_too() -> None:
    assert places(faults_of(b" crmid\tx\n")) == [("space_around_column_name", 1)]


def test_a_name_is_displayed_short_and_without_invisible_characters() -> None:
    (fault,) = faults_of("crmid\t\u202e{}\n".format("x" * 5_000).encode())
    assert fault.column == "\ufffd" + "x" * 79


@pytest.mark.parametrize(
    ("head", "code"), [("crmid\n".encode("utf-16"), "not_utf8"), (b"PK\x03\x04\x14", "not_tabular")]
)
def test_a_file_of_another_kind_is_refused_as_such(head: bytes, code: str) -> None:
    assert places(faults_of(head)) == [(code, None)]


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16"])
def test_the_faults_of_a_header_in_another_encoding_are_listed_with_that(encoding: str) -> None:
    head = "crmid\tgröße-cm\tlast name\n".encode(encoding) + "C1\tä\tö\n".encode(encoding).removeprefix(b"\xff\xfe") * 9
    faults = faults_of(head, mapping_of("crmid=a!", "mail=b"))
    assert [(fault.code, fault.column) for fault in faults] == [
        ("not_utf8", None),
        ("hyphen_in_column_name", "größe-cm"),
        ("space_in_column_name", "last name"),
        ("unknown_mapped_column", "mail"),
    ]
    assert "header was checked as such" in faults[0].message


def test_too_many_columns_are_refused_beside_the_other_faults() -> None:
    names = [f"c{n}" for n in range(10)] + ["a b"]
    faults = faults_of("\t".join([*names, *names]).encode(), limits=Limits(columns=11))
    assert places(faults) == [("too_many_columns", None), ("space_in_column_name", 11)]
    assert "22 columns" in faults[0].message
    assert len(parsed("\t".join(["crmid", *names[:10]]).encode(), limits=Limits(columns=11)).columns) == 11


def test_a_million_columns_give_a_bounded_refusal() -> None:
    faults = faults_of(b"\t" * (MAX_HEADER_BYTES - 1) + b"\n1\n")
    assert faults[0].code == "too_many_columns"
    assert len(faults) == MAX_FAULTS + 1
    assert faults[-1].code == "more_faults"


def test_a_line_without_end_is_refused() -> None:
    with pytest.raises(Refused, match="header_too_long"):
        parsed(b"x" * MAX_HEADER_BYTES, complete=False)
    with pytest.raises(Refused, match="header_too_long"):
        parsed(b"x" * (MAX_HEADER_BYTES + 5) + b"\n")
    assert len(parsed(b"x" * (MAX_HEADER_BYTES - 1) + b"\n", None).columns[0]) == MAX_HEADER_BYTES - 1


def test_a_file_without_rows_has_a_refusal_of_its_own() -> None:
    assert no_rows().code == "no_rows"


def test_a_reject_file_that_comes_back_is_known_and_has_its_own_names_again() -> None:
    names = ("crmid", "=sum")
    head = b"".join(TSV.write_rejects(RejectedFile(names, names), [Reject(2, ("no_identifier",), b"\tx")]))
    header = parsed(head)
    assert header.corrected_rejects
    assert header.columns == ("penstock_line", "penstock_reasons", "crmid", "=sum")


def test_a_reject_file_may_have_its_columns_in_any_order() -> None:
    header = parsed(b"crmid\tpenstock_reasons\tpenstock_line\nC1\tx\t2\n")
    assert header.corrected_rejects


@pytest.mark.parametrize("name", ["penstock_line", "penstock_reasons", " penstock_line", "penstock-line"])
@pytest.mark.parametrize("head", ["crmid\t{}\n", "crmid,{}\n", '{{"crmid": 1, "{}": 2}}\n'])
def test_the_columns_of_reject_files_are_reserved_in_any_other_file(name: str, head: str) -> None:
    file = head.format(name).encode()
    faults = faults_of(file)
    assert name == "penstock-line" or ("reserved_column_name", 2) in places(faults)
    assert "--clean-headers" in faults[0].hint
    header = parse_header(file, mapping=CRMID, limits=Limits(), complete=True, options=FileOptions(clean_headers=True))
    [renamed] = header.renamed.values()
    assert (renamed in ("penstock_line_2", "penstock_reasons_2"), header.corrected_rejects) == (True, False)


@pytest.mark.parametrize("clean_headers", [False, True])
def test_one_of_the_columns_of_a_corrected_file_may_be_deleted(clean_headers: bool) -> None:
    options = FileOptions(corrected=True, clean_headers=clean_headers)
    head = b"crmid\tpenstock_line\n"
    header = parse_header(head, mapping=CRMID, limits=Limits(), complete=True, options=options)
    assert header.columns == ("crmid", "penstock_line")


def test_names_that_break_the_rules_are_cleaned_if_asked_and_the_refusal_says_so() -> None:
    head = b"crmid, home phone,,e-mail,crmid\n1,2,3,4,5\n"
    assert all("--clean-headers" in fault.hint for fault in faults_of(head))
    header = parse_header(head, mapping=CRMID, limits=Limits(), complete=True, options=FileOptions(clean_headers=True))
    assert header.columns == ("crmid", "home_phone", "column_3", "e_mail", "crmid_2")
    assert header.renamed == {" home phone": "home_phone", "": "column_3", "e-mail": "e_mail", "crmid": "crmid_2"}
