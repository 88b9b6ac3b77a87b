"""API keys, and the audit of what was done."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from penstock.application.access.api_keys import ApiKey
from penstock.application.access.use_cases import AccessUseCases
from penstock.documents.api_keys import ApiKeyList, ApiKeyView, NewApiKeyView, key_view
from penstock.documents.audit import AuditPage, audit_view
from penstock.domain.access.permissions import Role
from penstock.domain.limits import MAX_DISPLAY_NAME, MAX_PAGE
from services.uploader.api.access import allowed_to
from services.uploader.api.openapi import problems
from services.uploader.api.route import Operation
from services.uploader.api.services import Call
from services.uploader.api.times import Day, Time, microseconds
from services.uploader.api.validation import Limit, Model, Omittable

router = APIRouter(route_class=Operation)


class NewApiKey(Model):
    """Without `expires_at` the key is good until it is revoked."""

    role: Annotated[Role, Field(strict=False)]
    name: Annotated[str, Field(min_length=1, max_length=MAX_DISPLAY_NAME)]
    expires_at: Time | None = None


class KeysQuery(Model):
    """`after` is the `next` of the page before."""

    after: Annotated[str, Field(pattern="^([0-9]{20}-[0-9a-f]{64})?$")] = ""
    limit: Limit = MAX_PAGE


class AuditQuery(Model):
    """`day` is in UTC, today by default; `before` is the `next` of the page before."""

    day: Omittable[Day]
    before: Annotated[str, Field(pattern="^([0-9]{20}-[0-9a-f]{8})?$")] = ""
    limit: Limit = 50


@router.get("/v1/api-keys", dependencies=[allowed_to(AccessUseCases.keys)])
def list_api_keys(call: Call, query: Annotated[KeysQuery, Query()]) -> ApiKeyList:
    """All keys of this organisation, without their texts, the oldest first, page by page."""
    later = [key for key in call.use_cases.access.keys(call.caller) if _cursor(key) > query.after]
    page = later[: query.limit]
    following = _cursor(page[-1]) if len(later) > len(page) else None
    return ApiKeyList(api_keys=[key_view(key) for key in page], next=following)


@router.get("/v1/api-keys/{key_id}", dependencies=[allowed_to(AccessUseCases.key)])
def get_api_key(call: Call, key_id: str) -> ApiKeyView:
    """One key, without its text."""
    return key_view(call.use_cases.access.key(call.caller, key_id))


@router.post("/v1/api-keys", dependencies=[allowed_to(AccessUseCases.create_key)], status_code=201)
def create_api_key(call: Call, body: NewApiKey) -> NewApiKeyView:
    """A new key; its text is shown this once."""
    expires_at = None if body.expires_at is None else microseconds(body.expires_at)
    secret, key = call.use_cases.access.create_key(call.caller, body.role, body.name, expires_at=expires_at)
    return {**key_view(key), "key": secret}


@router.delete(
    "/v1/api-keys/{key_id}",
    dependencies=[allowed_to(AccessUseCases.revoke_key)],
    status_code=204,
    responses=problems(409),
)
def revoke_api_key(call: Call, key_id: str) -> None:
    """End a key at once."""
    call.use_cases.access.revoke_key(call.caller, key_id)


@router.get("/v1/audit", dependencies=[allowed_to(AccessUseCases.audit)])
def read_audit(call: Call, query: Annotated[AuditQuery, Query()]) -> AuditPage:
    """What was done on one day, the newest first, page by page."""
    day = None if query.day is None else query.day.isoformat()
    found = call.use_cases.access.audit(call.caller, day=day, before=query.before, limit=query.limit)
    following = found[-1][0] if len(found) == query.limit else None
    return AuditPage(entries=[audit_view(entry) for _, entry in found], next=following)


def _cursor(key: ApiKey) -> str:
    """Sorts as the list does."""
    return f"{key.created_at:020d}-{key.key_id}"
