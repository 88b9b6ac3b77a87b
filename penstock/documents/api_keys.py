"""An API key, as the API and the command line return it; only a new one contains the key."""

from __future__ import annotations

from typing_extensions import TypedDict

from penstock.application.access.api_keys import ApiKey
from penstock.domain.access.permissions import Role
from penstock.domain.requests.public_view import rfc3339


class ApiKeyView(TypedDict):
    """`last_used_at` is kept to the hour."""

    key_id: str
    name: str
    role: Role
    created_at: str
    expires_at: str | None
    last_used_at: str | None


class ApiKeyList(TypedDict):
    """`next` goes into `after` for the next page; null when this is the last one."""

    api_keys: list[ApiKeyView]
    next: str | None


class NewApiKeyView(ApiKeyView):
    """`key` is shown this once."""

    key: str


def key_view(key: ApiKey) -> ApiKeyView:
    return ApiKeyView(
        key_id=key.key_id,
        name=key.name,
        role=key.role,
        created_at=rfc3339(key.created_at),
        expires_at=_time(key.expires_at),
        last_used_at=_time(key.last_used_at),
    )


def _time(at_us: int | None) -> str | None:
    return None if at_us is None else rfc3339(at_us)
