"""Text of any declared encoding becomes UTF-8; a file without a declaration that is not UTF-8 is refused."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from penstock.domain.errors import Refused
from penstock.domain.files.encodings import ENCODINGS, checked_encoding, detect_encoding, not_utf8, to_utf8
from penstock.domain.files.header import parse_header
from penstock.domain.mapping.mapping import Limits

WESTERN = "crmid;name\nC1;Zoë Müller\nC2;José\nC3;Façade € 5\nC4;Ann\n"
CENTRAL = "crmid;name\nC1;Łukasz Wójcik\nC2;Grażyna Kądziołka\nC3;Świętosław\n"
CYRILLIC = "crmid;name\nC1;Иван Петров\nC2;Ольга Иванова\n"


def detected(head: bytes, *, complete: bool = True) -> str | None:
    """The encoding that the refusal names."""
    encoding = detect_encoding(head, complete=complete)
    return encoding and not_utf8(encoding).faults[0].hint.partition("--encoding ")[2].split()[0]


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(data=st.data(), size=st.integers(1, 5))
def test_every_encoding_is_transcoded_whatever_the_parts(encoding: str, data: st.DataObject, size: int) -> None:
    letters = [char for char in map(chr, range(32, 0x500)) if encodes(char, encoding)]
    text = data.draw(st.text(st.sampled_from(["\n", "\t", *letters]), max_size=20))
    file = text.encode(encoding)
    assume(encoding in ("utf-8", "gb18030") or not is_utf8_beyond_ascii(file))
    parts = [file[at : at + size] for at in range(0, len(file), size)]
    assert b"".join(to_utf8(parts, encoding)).decode() == text


def is_utf8_beyond_ascii(file: bytes) -> bool:
    """Whether the first few bytes are, however they are cut."""
    return any(not file[:size].decode(errors="ignore").isascii() for size in range(6))


def encodes(char: str, encoding: str) -> bool:
    try:
        return char.encode(encoding).decode(encoding) == char
    except UnicodeError:
        return False


@pytest.mark.parametrize(
    ("file", "encoding"),
    [
        (b"a\x81b\nc\n", "cp1252"),
        ("ab\n".encode("utf-16") + b"\x00\xd8c\x00\n\x00", "utf-16"),
        (b"a\x81\nc\n", "euc-kr"),
    ],
)
def test_undecodable_bytes_reject_only_their_row(file: bytes, encoding: str) -> None:
    *rows, last = b"".join(to_utf8([file], encoding)).split(b"\n")
    assert last == b""
    with pytest.raises(UnicodeDecodeError):
        b"".join(rows).decode()
    assert sum(b"\xff" in row for row in rows) == 1


@pytest.mark.parametrize(
    ("name", "checked"),
    [
        ("windows-1252", "cp1252"),
        ("Latin1", "iso-8859-1"),
        ("UTF8", "utf-8"),
        ("UTF-16", "utf-16"),
        ("Windows-874", "cp874"),
    ],
)
def test_an_encoding_may_have_another_name(name: str, checked: str) -> None:
    assert checked_encoding(name) == checked


def test_corrected_rejects_are_not_transcoded_by_mistake() -> None:
    with pytest.raises(Refused, match="wrong_encoding"):
        list(to_utf8(["penstock_line,penstock_reasons,name\n2,x,Zoë\n".encode()], "cp1252"))


@pytest.mark.parametrize("name", ["", "cp0", "rot13", "base64", "zlib", "idna", "utf-7", "a\0b", "x" * 99])
def test_other_encodings_are_refused(name: str) -> None:
    with pytest.raises(Refused) as refused:
        checked_encoding(name)
    assert refused.value.code == "unknown_encoding"
    assert "cp1252" in refused.value.faults[0].hint


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        (WESTERN.encode("cp1252"), "cp1252"),
        (CENTRAL.encode("cp1250"), "cp1250"),
        (CYRILLIC.encode("cp1251"), "cp1251"),
        (WESTERN.encode("utf-16"), "utf-16"),
        (WESTERN.encode("utf-16-le"), "utf-16-le"),
        (WESTERN.encode("utf-16-be"), "utf-16-be"),
        (WESTERN.encode("utf-32"), "utf-32"),
        (b"\xfe\xff" + WESTERN.encode("utf-16-be"), "utf-16"),
        (b"crmid,name\n" + b"C1,Ann\n" * 1_000 + "C2,Zoë\nC3,José\nC4,Renée\n".encode("cp1252"), "cp1252"),
    ],
)
def test_another_encoding_is_named_with_the_option(head: bytes, encoding: str) -> None:
    assert detected(head) == encoding


TEXTS = {
    "cp1252": [
        "Françoise Lefèvre, Orléans; Benoît Château; Noël à Nîmes; œuvre",
        "Jürgen Großmann, Köln; Jörg Bäcker; Straße",
        "Zürich; Genève; Bäcker; Françoise; Jörg; Hélène",
        "José Núñez; Peña; María; Ávila; calle Nº 5; 2ª planta",
        "João Conceição; São Luís; Três Corações; Mãe",
        "Åse Sørensen; Ærø; Håkon; Bodø",
        "Åsa Öberg; Växjö; Malmö; André",
        "Forlì; Niccolò; Università; più; perché",
    ],
    "cp1250": [
        "Iaşi; Lazăr; Ştefan; Timişoara; Constanţa; Pârvu; Înălţare",
        "Dvořák; Děčín; Plzeň; Růžena; Žižka; Šťastný",
        "Łukasz Wójcik; Grażyna Kądziołka; Świętosław",
        "Győr; Szűcs; Erdős; Fűszer; Nagykőrös; Béla",
        "Đorđe Babić; Čakovec; Šibenik; Žarko; Kovačević",
        "Maribor; Škofja Loka; Žalec; Črnomelj; Čad",
    ],
    "cp1254": ["Ayşe Yıldız; Şırnak; Iğdır; Müge Çağlar; İstanbul"],
    "cp1257": ["Šiauliai; Žąsis; Ąžuolas; Mažeikių; Jūratė", "Rīga; Jānis Bērziņš; Ķegums; Ģirts"],
    "cp1251": ["Наталья Яковлева; Яна; Мария; Илья", "Петър Иванов; Стоян; Благоевград", "Київ; Ганна; Їжак"],
    "cp1253": ["Γιώργος Παπαδόπουλος; Θεσσαλονίκη; Ελένη"],
    "cp1255": ["משה כהן; תל אביב; ירושלים", "משה כהן; ₪6,672.01; ₪ 5; תל אביב"],
    "cp1256": ["محمد علي; القاهرة; الرياض"],
    "cp874": ["สมชาย ใจดี; กรุงเทพ; เชียงใหม่; นางสาว"],
}


@pytest.mark.parametrize(("encoding", "text"), [(name, text) for name, texts in TEXTS.items() for text in texts])
def test_the_encoding_is_that_in_which_the_text_reads_as_one_language(encoding: str, text: str) -> None:
    rows = "".join(f"C{at};{cell};Ann\n" for at, cell in enumerate(text.split("; ")))
    assert detected(("id;name;more\n" + rows).encode(encoding)) == encoding


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"crmid\nC1\n",
        WESTERN.encode(),
        b"\xef\xbb\xbf" + CYRILLIC.encode(),
        b"crmid\tname\nC1\tGou\xffda\n",
        WESTERN.encode() + b"C9;Zo\xeb\n",
        b"crmid\n" + b"C1\n" * 1_000 + "Zoë\nJosé\n".encode("cp1252"),
        b"crmid\nC1\0\nC2\n",
    ],
    ids=["empty", "ascii", "utf-8", "mark", "a stray byte", "mostly utf-8", "2 rows of 1,000", "a NUL"],
)
def test_utf_8_with_stray_bytes_is_accepted(head: bytes) -> None:
    assert detected(head) is None


def test_a_character_may_be_cut_by_the_end_of_the_head() -> None:
    assert detected("crmid\nZoë".encode()[:-1], complete=False) is None


def test_no_value_of_the_file_is_in_the_error() -> None:
    with pytest.raises(Refused) as refused:
        parse_header(WESTERN.encode("cp1252"), mapping=None, limits=Limits(), complete=True)
    assert refused.value.code == "not_utf8"
    assert not any(value in f"{refused.value} {refused.value.faults}" for value in ("Zo", "Jos", "C1"))


def test_utf_8_that_is_declared_as_another_encoding_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        list(to_utf8([b"\xef\xbb\xbfcrmid\n"], "cp1252"))
    assert refused.value.code == "wrong_encoding"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_a_missing_byte_order_mark_is_refused_with_the_encodings_without_one(encoding: str) -> None:
    with pytest.raises(Refused) as refused:
        list(to_utf8(["crmid,name\nC1,Zoë\n".encode(f"{encoding}-le")], encoding))
    assert refused.value.code == "wrong_encoding"
    assert f"{encoding}-le" in refused.value.faults[0].hint
