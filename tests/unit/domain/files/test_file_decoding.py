"""A file is read in the encoding that was declared, or in its source's unless its bytes show Unicode."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.errors import Refused
from penstock.domain.files.decoding import CHECKED_BYTES, Decoding
from penstock.domain.files.tabular_format import FileOptions

WESTERN = "crmid;name\nC1;Zoë\nC2;José\nC3;Renée\n"


def inherited(encoding: str) -> FileOptions:
    return FileOptions(encoding=encoding, inherited=("encoding",))


def read(content: bytes, options: FileOptions, size: int = 1 << 20) -> tuple[str, str | None]:
    """The text, and the encoding in which it was read."""
    decoding = Decoding((content[at : at + size] for at in range(0, len(content), size)), options)
    return b"".join(decoding).decode(), decoding.options.encoding


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-16-le", "utf-32-be", "gb18030"])
def test_an_inherited_encoding_holds(encoding: str, size: int) -> None:
    text = WESTERN.replace("Zoë", "联通") if encoding == "gb18030" else WESTERN
    assert read(text.encode(encoding), inherited(encoding), size) == (text, encoding)


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
@pytest.mark.parametrize("encoding", ["cp1252", "cp1251", "utf-16", "utf-16-be", "utf-32", "shift_jis"])
@pytest.mark.parametrize("ascii_rows", [0, 50_000])
def test_a_file_in_utf_8_is_read_as_such(encoding: str, ascii_rows: int, size: int) -> None:
    if ascii_rows and size == 1:
        size = 999
    text = "crmid;name\n" + "C0;Ann\n" * ascii_rows + WESTERN
    assert read(text.encode(), inherited(encoding), size) == (text, None)
    marked = "\ufeff" + text
    assert read(marked.encode(), inherited(encoding), size) == (marked, None)


def test_a_few_stray_bytes_do_not_make_a_file_of_utf_8_another_one() -> None:
    content = WESTERN.encode() * 3 + b"C4;Zo\xeb\n"
    decoding = Decoding([content], inherited("cp1252"))
    assert b"".join(decoding) == content
    assert (decoding.options.encoding, decoding.options.inherited) == (None, ())


def test_the_inherited_encoding_begins_where_ascii_ends() -> None:
    text = "crmid;name\n" + "C0;Ann\n" * 50_000 + WESTERN * 5_000
    assert len(WESTERN) * 5_000 > CHECKED_BYTES
    assert read(text.encode("cp1252"), inherited("cp1252"), 4_000) == (text, "cp1252")


def test_utf_16_is_not_read_as_the_inherited_cp1252() -> None:
    content = WESTERN.encode("utf-16")
    decoding = Decoding([content], inherited("cp1252"))
    assert (b"".join(decoding), decoding.options.encoding) == (content, None)


@pytest.mark.parametrize("content", [b"", b"crmid\nC1\n"])
def test_ascii_is_the_same_either_way(content: bytes) -> None:
    assert read(content, inherited("cp1252")) == (content.decode(), "cp1252")


def test_a_declared_encoding_is_not_replaced() -> None:
    with pytest.raises(Refused, match="wrong_encoding"):
        read(WESTERN.encode(), FileOptions(encoding="cp1252"))


def test_no_more_is_gathered_than_needed() -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += 1_000
            yield "Zoë\n".encode("cp1252") * 250

    pieces = iter(Decoding(endless(), inherited("cp1252")))
    next(pieces)
    assert taken <= CHECKED_BYTES + 2_000


@given(text=st.text(st.sampled_from("aé\n\t€"), max_size=40), size=st.integers(1, 9))
def test_no_text_is_lost_whatever_the_parts(text: str, size: int) -> None:
    assert read(text.encode(), inherited("cp1252"), size)[0] == text
