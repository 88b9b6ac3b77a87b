"""What is printed: one line of JSON that nothing can break, and no character that a terminal would act on."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.cli.output import Output, printable


@given(st.text())
def test_nothing_printed_acts_on_a_terminal(text: str) -> None:
    displayed = printable(text)
    assert not [char for char in displayed if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp", "Co", "Cn", "Cs")]


@given(st.text(st.characters(categories=["L", "N", "P", "S"])))
def test_letters_digits_and_signs_stay_as_they_are(text: str) -> None:
    assert printable(text) == text


@given(document=st.dictionaries(st.text(), st.text() | st.integers() | st.none()))
def test_a_document_is_the_last_line_whatever_it_holds(document: dict[str, object]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        written: list[str] = []
        patch.setattr("sys.stdout.write", written.append)
        Output(as_json=True).result(document, lambda: "")
    text = "".join(written)
    assert text.isascii()
    assert len(text.splitlines()) == 1
    assert json.loads(text) == document


def test_a_person_gets_the_view(capsys: pytest.CaptureFixture[str]) -> None:
    Output(as_json=False).result({"a": 1}, lambda: "[bold]a view[/bold] :smile:")
    assert capsys.readouterr().out == "[bold]a view[/bold] :smile:\n"


def test_a_file_on_a_terminal_keeps_its_shape_and_loses_what_acts(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    Output(as_json=False).write([b"a\tb\n", b'1\t"x\ny\x1b[2J\r"\n'])
    assert capsys.readouterr().out == 'a\tb\n1\t"x\ny\\x1b[2J\\r"\n'
