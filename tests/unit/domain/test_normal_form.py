"""The normal forms are Unicode's, for texts of any length and any order of marks."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.domain.normal_form import nfc, nfd

# Marks of several classes, such as decompose into marks, and what composes with what stands before it.
ODD = st.sampled_from("eü\u0301\u0315\u0323\u0344\u0f73\u0958\u1100\u1161가\u0300")


@settings(max_examples=300)
@given(
    text=st.lists(ODD | st.characters(exclude_categories=["Cs"]), max_size=40).map("".join),
    times=st.sampled_from([1, 20]),
)
def test_the_normal_form_equals_that_of_unicodedata(text: str, times: int) -> None:
    assert nfc(text * times) == unicodedata.normalize("NFC", text * times)
    assert nfd(text * times) == unicodedata.normalize("NFD", text * times)


@pytest.mark.parametrize("run", ["\u0315\u0300", "\u0f73", "\u0344\u0323", "\u0301", "e\u0315\u0300"])
def test_the_normal_form_of_a_long_run_equals_that_of_unicodedata(run: str) -> None:
    text = "é" + run * 300 + "e\u0301"
    assert nfc(text) == unicodedata.normalize("NFC", text)
    assert nfd(text) == unicodedata.normalize("NFD", text)
