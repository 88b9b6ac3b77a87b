"""Keys, publishers and callers, made without an audit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from penstock.application.access.api_keys import ApiKey, ApiKeys
from penstock.application.access.publishers import Publisher, Publishers
from penstock.domain.access.permissions import Caller, Role
from penstock.wiring import System


def create_key(keys: ApiKeys, tenant_id: str, role: Role, name: str, **options: Any) -> tuple[str, ApiKey]:
    """The text of a new key, and what is kept of it."""
    secret, key = keys.new_key(tenant_id, role, name, **options)
    keys.add(tenant_id, key)
    return secret, key


def key_of(system: System, role: Role, tenant_id: str = "default") -> str:
    """The text of a new key."""
    return create_key(ApiKeys(system.control, system.clock), tenant_id, role, f"a {role}")[0]


def create_publisher(
    publishers: Publishers, tenant_id: str, name: str, prefixes: Sequence[str]
) -> tuple[bytes, Publisher]:
    publisher = publishers.new(tenant_id, name, prefixes)
    return publishers.add(tenant_id, publisher), publisher


def caller(role: Role, *, tenant_id: str = "default", name: str = "ann") -> Caller:
    return Caller(tenant_id=tenant_id, name=name, permissions=role.permissions, key_id=f"key of {name}")
