"""What the roles of API keys may do, in words."""

from __future__ import annotations

from collections.abc import Collection

from penstock.domain.access.permissions import Permission, Role

PERMISSIONS = {
    Permission.READ_REQUESTS: "see imports",
    Permission.UPLOAD: "upload files",
    Permission.CHANGE_REQUESTS: "approve, cancel and undo imports",
    Permission.DOWNLOAD_REJECTS: "see and download rejected rows, with their values",
    Permission.READ_CATALOG: "see data sources and attributes",
    Permission.EDIT_CATALOG: "change data sources and attributes",
    Permission.LOOK_UP_PROFILES: "look profiles up, personal values masked",
    Permission.REVEAL_PROFILES: "reveal personal values",
    Permission.MANAGE_KEYS: "manage API keys and sessions",
    Permission.MANAGE_PUBLISHERS: "manage publishers",
    Permission.READ_AUDIT: "read the audit",
    Permission.OPERATE: "watch the whole system and replay dead letters",
}


def permission_words(permissions: Collection[Permission]) -> str:
    """As it stands behind "may"."""
    return "; ".join(words for permission, words in PERMISSIONS.items() if permission in permissions)


def role_words(role: Role) -> str:
    return permission_words(role.permissions)


ROLES = {role.value: role_words(role) for role in Role}
