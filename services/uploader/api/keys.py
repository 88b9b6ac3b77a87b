"""API keys, and the audit of what was done."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from penstock.application.access import Role
from services.uploader.api.decoding import given
from services.uploader.api.operations import Call, operation
from services.uploader.api.views import (
    ApiKeyList,
    AuditPage,
    NewApiKeyView,
    audit_view,
    key_view,
)


class NewApiKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    role: Role
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class AuditQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`day` is in UTC, today by default."""

    day: Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")] | UnsetType = UNSET
    before: str = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50


@operation("GET", "/v1/api-keys", role=Role.ADMIN, answers=ApiKeyList)
def list_api_keys(call: Call) -> ApiKeyList:
    """All keys of this organisation, without their texts."""
    return ApiKeyList(api_keys=[key_view(key) for key in call.services.access.list_keys(call.tenant_id)])


@operation("POST", "/v1/api-keys", role=Role.ADMIN, status=201, answers=NewApiKeyView)
def create_api_key(call: Call, body: NewApiKey) -> NewApiKeyView:
    """A new key; its text is shown this once."""
    secret, key = call.services.access.create_key(call.tenant_id, body.role, body.name)
    call.audit("key.created", key_id=key.key_id, role=key.role)
    return NewApiKeyView(**msgspec.structs.asdict(key_view(key)), key=secret)


@operation("DELETE", "/v1/api-keys/{key_id}", role=Role.ADMIN, status=204)
def revoke_api_key(call: Call, key_id: str) -> None:
    """End a key at once."""
    call.services.access.revoke_key(call.tenant_id, key_id)
    call.audit("key.revoked", key_id=key_id)


@operation("GET", "/v1/audit", role=Role.ADMIN, answers=AuditPage)
def read_audit(call: Call, query: AuditQuery) -> AuditPage:
    """What was done on one day, the newest first, page by page."""
    found = call.services.access.read_audit(
        call.tenant_id, day=given(query.day), before=query.before, limit=query.limit
    )
    following = found[-1][0] if len(found) == query.limit else None
    return AuditPage(entries=[audit_view(entry) for _, entry in found], next=following)
