"""Recipients of e-mails in the bodies of calls."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from penstock.domain.requests.recipients import MAX_RECIPIENTS, MailLevel
from services.uploader.api.validation import Model


class RecipientPart(Model):
    """Who gets e-mails about the request, and which: `all` by default, of the `end` only, or of `problems` only."""

    address: str
    level: Annotated[MailLevel, Field(strict=False)] | None = None

    @property
    def written(self) -> str:
        return f"{self.address}:{self.level}" if self.level else self.address


def _with_address(value: object) -> object:
    return {"address": value} if isinstance(value, str) else value


Notified = Annotated[RecipientPart, BeforeValidator(_with_address, json_schema_input_type=str | RecipientPart)]
Recipients = Annotated[tuple[Notified, ...], Field(strict=False, max_length=MAX_RECIPIENTS)]


def written(recipients: Recipients | None) -> tuple[str, ...] | None:
    """As the command line writes them."""
    return None if recipients is None else tuple(each.written for each in recipients)
