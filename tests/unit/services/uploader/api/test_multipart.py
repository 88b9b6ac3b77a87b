"""Multipart bodies, cut into pieces anywhere."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.errors import Refused
from services.uploader.api.incoming import IncomingBody
from services.uploader.api.multipart import Multipart

CONTENT_TYPE = "multipart/form-data; boundary=b"
CONTENTS = st.lists(st.sampled_from([b"a", b"\r", b"\n", b"-", b"--b", b"\r\n--", b"\r\n--c", b"\0", b"x" * 99])).map(
    b"".join
)


def body_of(pieces: Sequence[bytes], *, announced: int | None = None, limit: int = 1 << 20) -> IncomingBody:
    """A body that arrives in `pieces`, after which the client is gone."""
    events: list[Any] = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    if events:
        events[-1]["more_body"] = False
    events.append({"type": "http.disconnect"})

    async def receive() -> Any:
        return events.pop(0)

    body = IncomingBody(receive, announced)
    body.allow(limit)
    return body


def parts_of(
    pieces: Sequence[bytes], content_type: str = CONTENT_TYPE, **more: Any
) -> list[tuple[str, str | None, bytes]]:
    async def read() -> list[tuple[str, str | None, bytes]]:
        form = Multipart(content_type, body_of(pieces, **more))
        found = []
        while part := await form.next_part():
            found.append((part.name, part.file_name, await form.read_all(1 << 20)))
        return found

    return asyncio.run(read())


def encoded(parts: Sequence[tuple[str, bytes]]) -> bytes:
    reported = b"".join(
        b'--b\r\nContent-Disposition: form-data; name="%s"\r\nX-More: y\r\n\r\n%s\r\n' % (name.encode(), content)
        for name, content in parts
    )
    return reported + b"--b--\r\n"


@given(
    parts=st.lists(st.tuples(st.sampled_from(["file", "request"]), CONTENTS), min_size=1, max_size=4), data=st.data()
)
def test_parts_come_out_as_they_went_in_wherever_the_body_is_cut(parts: list[tuple[str, bytes]], data: Any) -> None:
    parts = [(name, content) for name, content in parts if b"\r\n--b" not in b"\r\n" + content]
    whole = encoded(parts)
    cuts = sorted(data.draw(st.lists(st.integers(1, len(whole)), max_size=8)))
    pieces = [whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    if parts:
        assert [(name, content) for name, _, content in parts_of(pieces)] == parts


@given(data=st.data())
def test_a_body_that_is_cut_off_is_refused_wherever_that_is(data: Any) -> None:
    whole = encoded([("file", b"abc\r\n" * 9)])
    end = data.draw(st.integers(0, len(whole) - len("--\r\n") - 1))
    with pytest.raises(Refused) as caught:
        parts_of([whole[:end]])
    assert caught.value.code in ("malformed_multipart", "incomplete_body")


def test_a_part_that_is_not_read_is_passed_over() -> None:
    async def names() -> list[str]:
        form = Multipart(CONTENT_TYPE, body_of([encoded([("a", b"x" * 999), ("b", b""), ("c", b"y")])]))
        found = []
        while part := await form.next_part():
            found.append(part.name)
        return found

    assert asyncio.run(names()) == ["a", "b", "c"]


def test_file_names_are_text_whatever_bytes_they_are() -> None:
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n\r\nx\r\n--b--\r\n'
    for raw, text in [
        ("größe €.tsv".encode(), "größe €.tsv"),
        (b"\xff.tsv", "\ufffd.tsv"),
        (b"a;b=c.tsv", "a;b=c.tsv"),
        (b"n" * 20_000, "n" * 20_000),
    ]:
        assert parts_of([head % raw]) == [("file", text, b"x")]


@pytest.mark.parametrize(
    ("content_type", "content", "code"),
    [
        ("application/json", b"{}", "unsupported_media_type"),
        ("", b"{}", "unsupported_media_type"),
        ("multipart/form-data", b"--\r\n", "malformed_multipart"),
        (f"multipart/form-data; boundary={'b' * 999}", b"", "malformed_multipart"),
        (CONTENT_TYPE, b"no boundary", "malformed_multipart"),
        (CONTENT_TYPE, b"--b\r\nX: y\r\n\r\nno disposition\r\n--b--\r\n", "malformed_multipart"),
        (CONTENT_TYPE, b"--b\r\nX: " + b"y" * 40_000 + b"\r\n\r\n\r\n--b--\r\n", "malformed_multipart"),
    ],
)
def test_an_invalid_multipart_body_is_refused(content_type: str, content: bytes, code: str) -> None:
    with pytest.raises(Refused) as caught:
        parts_of([content], content_type)
    assert caught.value.code == code


def test_a_part_has_a_limit() -> None:
    async def read() -> bytes:
        form = Multipart(CONTENT_TYPE, body_of([encoded([("request", b"x" * 101)])]))
        await form.next_part()
        return await form.read_all(100)

    with pytest.raises(Refused) as caught:
        asyncio.run(read())
    assert caught.value.code == "body_too_large"


async def taken_from(pieces: Sequence[bytes], announced: int | None, limit: int) -> bytes:
    return await body_of(pieces, announced=announced, limit=limit).whole()


@pytest.mark.parametrize(("announced", "limit"), [(101, 100), (None, 100)])
def test_a_body_has_a_limit_announced_or_not(announced: int | None, limit: int) -> None:
    with pytest.raises(Refused) as caught:
        asyncio.run(taken_from([b"x" * 60, b"x" * 60], announced, limit))
    assert caught.value.code == "body_too_large"


def test_a_body_is_not_whole_when_its_client_has_gone() -> None:
    events: list[Any] = [{"type": "http.request", "body": b"{}", "more_body": True}, {"type": "http.disconnect"}]

    async def receive() -> Any:
        return events.pop(0)

    body = IncomingBody(receive, None)
    body.allow(100)
    with pytest.raises(Refused) as caught:
        asyncio.run(body.whole())
    assert caught.value.code == "incomplete_body"
