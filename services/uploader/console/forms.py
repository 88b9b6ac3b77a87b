"""The fields of a form that a page sends."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import parse_qsl

from starlette.requests import Request

from penstock.domain.errors import refusal
from services.uploader.api.route import incoming_body, media_type

MAX_FORM_BYTES = 4 << 20  # a mapping of 5,000 columns with its formats
MAX_FIELDS = 100_000
URL_ENCODED = "application/x-www-form-urlencoded"


class Form:
    """Names and values, in the order in which the page has them."""

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        self.fields = list(fields)
        self._last = dict(self.fields)

    def text(self, name: str) -> str:
        """The last value of a field, without surrounding space; "" if it was not sent."""
        return self._last.get(name, "").strip()

    def optional(self, name: str) -> str | None:
        return self.text(name) or None

    def texts(self, name: str) -> list[str]:
        return [value for key, value in self.fields if key == name]

    def starting_with(self, prefix: str) -> dict[str, str]:
        """The last value of each field with such a name, by the rest of the name."""
        return {name.removeprefix(prefix): text.strip() for name, text in self._last.items() if name.startswith(prefix)}

    def has(self, name: str) -> bool:
        return name in self._last


async def read_form(request: Request) -> Form:
    """Raises `Refused`: unsupported_media_type, body_too_large, malformed_form."""
    if media_type(request) != URL_ENCODED:
        raise refusal("unsupported_media_type", "the body is not a form", f"Send it as {URL_ENCODED}.")
    body = incoming_body(request)
    body.allow(MAX_FORM_BYTES)
    try:
        text = (await body.whole()).decode("utf-8")
        return Form(parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict"))
    except ValueError:
        raise refusal("malformed_form", "the form cannot be read", "Reload the page and send it again.") from None
