"""Forms as pages send them: read in bounded time, whatever is in them."""

from __future__ import annotations

import asyncio
import time
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.types import Message

from penstock.domain.errors import Refused
from services.uploader.console.forms import LARGE, OF_ANYBODY, URL_ENCODED, USUAL, Form, FormLimits, read_form

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def read(body: bytes, limits: FormLimits = USUAL) -> Form:
    async def receive() -> Message:
        return {"type": "http.request", "body": body}

    scope = {"type": "http", "headers": [(b"content-type", URL_ENCODED.encode())]}
    return asyncio.run(read_form(Request(scope, receive), limits))


def code_of(body: bytes, limits: FormLimits = USUAL) -> str:
    with pytest.raises(Refused) as refused:
        read(body, limits)
    return refused.value.code


@given(st.lists(st.tuples(TEXT, TEXT), max_size=20))
def test_a_form_is_what_was_sent(fields: list[tuple[str, str]]) -> None:
    assert read(urlencode(fields).encode()).fields == fields


@given(st.dictionaries(TEXT, TEXT, max_size=20), TEXT)
def test_a_group_has_the_fields_of_its_name(fields: dict[str, str], name: str) -> None:
    own = {f"{name}.{number}": "x" for number in range(3)}
    others = {other: text for other, text in fields.items() if other.rpartition(".")[0] != name}
    assert Form([*others.items(), *own.items()]).group(name) == {"0": "x", "1": "x", "2": "x"}


@pytest.mark.parametrize("body", ["a=é".encode(), b"a=%ff", b"a=\xff"])
def test_a_form_that_no_browser_sends_is_refused(body: bytes) -> None:
    assert code_of(body) == "malformed_form"


@pytest.mark.parametrize("limits", [OF_ANYBODY, USUAL, LARGE])
def test_a_form_has_only_so_many_bytes_and_fields(limits: FormLimits) -> None:
    assert code_of(b"a" * (limits.bytes + 1), limits) == "body_too_large"
    assert code_of(b"&".join([b"a"] * (limits.fields + 1)), limits) == "malformed_form"
    assert len(read(b"&".join([b"a"] * limits.fields), limits).fields) == limits.fields


def test_no_text_makes_a_form_slow() -> None:
    """Escapes between other text took a second for each megabyte."""
    started = time.process_time()
    assert code_of(b"a=" + "é%41".encode() * (LARGE.bytes // 6), LARGE) == "malformed_form"
    assert time.process_time() - started < 0.5


def test_many_groups_are_found_as_fast_as_few() -> None:
    form = Form([(f"c{number % 5_000}.value.{number}", "x") for number in range(20_000)])
    started = time.process_time()
    assert sum(len(form.group(f"c{at}.value")) for at in range(5_000)) == 20_000
    assert time.process_time() - started < 0.5
