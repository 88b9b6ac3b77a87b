"""The rule for tenant names, which become part of paths, object keys and API keys."""

from __future__ import annotations

import re

from penstock.domain.errors import refusal

TENANT = "[a-z0-9][a-z0-9_-]{0,63}"  # a pattern
TENANT_RULE = "Use a lower-case letter or a digit, then up to 63 lower-case letters, digits, underscores or hyphens."
_TENANT = re.compile(TENANT)


def is_tenant(name: str) -> bool:
    return _TENANT.fullmatch(name) is not None


def check_tenant(name: str) -> str:
    """Return `name`; raise `Refused` (invalid_tenant) when it is not a valid tenant name."""
    if not is_tenant(name):
        raise refusal("invalid_tenant", f"{name[:64]!r} is not a valid tenant name", TENANT_RULE)
    return name
