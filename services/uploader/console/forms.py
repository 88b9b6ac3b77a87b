"""The fields of a form that a page sends."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import parse_qsl

from anyio.to_thread import run_sync
from starlette.requests import Request

from penstock.domain.errors import refusal
from services.uploader.api.route import incoming_body, media_type

URL_ENCODED = "application/x-www-form-urlencoded"


class FormLimits(NamedTuple):
    """`seconds`: in which it has to arrive, if it has to sooner than any body."""

    bytes: int
    fields: int
    seconds: float | None = None


OF_ANYBODY = FormLimits(8 << 10, 16, 10.0)  # a key or a link, and where to go
USUAL = FormLimits(256 << 10, 1_000)  # two descriptions and formats, each character of them as nine
LARGE = FormLimits(4 << 20, 20_000)  # a page of columns with their values, or corrected rows


class Form:
    """Names and values, in the order in which the page has them."""

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        self.fields = list(fields)
        self._last = dict(self.fields)
        self._groups: defaultdict[str, dict[str, str]] = defaultdict(dict)
        for name, text in self._last.items():
            group, _, rest = name.rpartition(".")
            self._groups[group][rest] = text.strip()

    def text(self, name: str) -> str:
        """The last value of a field, without surrounding space; "" if it was not sent."""
        return self._last.get(name, "").strip()

    def optional(self, name: str) -> str | None:
        return self.text(name) or None

    def texts(self, name: str) -> list[str]:
        return [value for key, value in self.fields if key == name]

    def group(self, name: str) -> dict[str, str]:
        """The last value of each field `NAME.rest`, by the rest, which has no dot."""
        return dict(self._groups.get(name, {}))

    def has(self, name: str) -> bool:
        return name in self._last


async def read_form(request: Request, limits: FormLimits) -> Form:
    """Raises `Refused`: unsupported_media_type, body_too_large, malformed_form."""
    if media_type(request) != URL_ENCODED:
        raise refusal("unsupported_media_type", "the body is not a form", f"Send it as {URL_ENCODED}.")
    body = incoming_body(request, limits.seconds)
    body.allow(limits.bytes)
    return await run_sync(_parsed, await body.whole(), limits.fields)


def _parsed(body: bytes, max_fields: int) -> Form:
    """Browsers escape all but ASCII; parsing would take seconds if other text came between escapes."""
    try:
        text = body.decode("ascii")
        return Form(parse_qsl(text, keep_blank_values=True, max_num_fields=max_fields, errors="strict"))
    except ValueError:
        raise refusal("malformed_form", "the form cannot be read", "Reload the page and send it again.") from None
