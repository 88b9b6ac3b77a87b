"""API keys, and the audit of what was done."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from penstock.application.access.api_keys import ApiKey
from penstock.domain.access.permissions import Permission, Role
from penstock.domain.limits import MAX_DISPLAY_NAME, MAX_PAGE
from services.uploader.api.decoding import Limit
from services.uploader.api.operations import Call, operation
from services.uploader.api.views import (
    ApiKeyList,
    AuditPage,
    NewApiKeyView,
    audit_view,
    key_view,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class NewApiKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Without `expires_at` the key is good until it is revoked."""

    role: Role
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_DISPLAY_NAME)]
    expires_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


class KeysQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`after` is the `next` of the page before."""

    after: Annotated[str, msgspec.Meta(pattern="^([0-9]{20}-[0-9a-f]{64})?$")] = ""
    limit: Limit = MAX_PAGE


class AuditQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`day` is in UTC, today by default; `before` is the `next` of the page before."""

    day: date | UnsetType = UNSET
    before: Annotated[str, msgspec.Meta(pattern="^([0-9]{20}-[0-9a-f]{8})?$")] = ""
    limit: Limit = 50


@operation("GET", "/v1/api-keys", permission=Permission.MANAGE_KEYS, answers=ApiKeyList)
def list_api_keys(call: Call, query: KeysQuery) -> ApiKeyList:
    """All keys of this organisation, without their texts, the oldest first, page by page."""
    later = [key for key in call.use_cases.access.keys(call.caller) if _cursor(key) > query.after]
    page = later[: query.limit]
    following = _cursor(page[-1]) if len(later) > len(page) else None
    return ApiKeyList(api_keys=[key_view(key) for key in page], next=following)


@operation("POST", "/v1/api-keys", permission=Permission.MANAGE_KEYS, status=201, answers=NewApiKeyView)
def create_api_key(call: Call, body: NewApiKey) -> NewApiKeyView:
    """A new key; its text is shown this once."""
    expires_at = None if body.expires_at is None else _microseconds(body.expires_at)
    secret, key = call.use_cases.access.create_key(call.caller, body.role, body.name, expires_at=expires_at)
    return NewApiKeyView(**msgspec.structs.asdict(key_view(key)), key=secret)


@operation("DELETE", "/v1/api-keys/{key_id}", permission=Permission.MANAGE_KEYS, status=204)
def revoke_api_key(call: Call, key_id: str) -> None:
    """End a key at once."""
    call.use_cases.access.revoke_key(call.caller, key_id)


@operation("GET", "/v1/audit", permission=Permission.READ_AUDIT, answers=AuditPage)
def read_audit(call: Call, query: AuditQuery) -> AuditPage:
    """What was done on one day, the newest first, page by page."""
    found = call.use_cases.access.audit(
        call.caller,
        day=None if isinstance(query.day, UnsetType) else query.day.isoformat(),
        before=query.before,
        limit=query.limit,
    )
    following = found[-1][0] if len(found) == query.limit else None
    return AuditPage(entries=[audit_view(entry) for _, entry in found], next=following)


def _cursor(key: ApiKey) -> str:
    """Sorts as the list does."""
    return f"{key.created_at:020d}-{key.key_id}"


def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)
