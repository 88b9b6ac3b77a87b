"""Entries of the audit, as the API and the command line return them."""

from __future__ import annotations

from typing import cast

import msgspec
from typing_extensions import TypedDict

from penstock.application.access.audit import AuditEntry, Outcome
from penstock.domain.requests.public_view import rfc3339


class AuditEntryView(TypedDict):
    """One action, or `count` of them: allowed, denied, or failed with `code`. `key_id` is the API key's, null on the
    machine of the system; `request_id` is the upload request's."""

    at: str
    who: str
    action: str
    outcome: Outcome
    key_id: str | None
    remote_address: str | None
    request_id: str | None
    code: str | None
    count: int
    details: dict[str, str]


class AuditPage(TypedDict):
    """One day's entries, the newest first; `next` goes into `before` for the next page."""

    entries: list[AuditEntryView]
    next: str | None


def audit_view(entry: AuditEntry) -> AuditEntryView:
    fields = msgspec.structs.asdict(entry)
    return cast(AuditEntryView, {"at": rfc3339(fields.pop("at_us")), **fields})
