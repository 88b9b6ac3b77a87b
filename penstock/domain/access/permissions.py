"""Permissions: what a caller may do. A role is a set of permissions, so no role has to include another."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from penstock.domain.errors import Refused, refusal


class Permission(StrEnum):
    SIGN_IN = "sign_in"  # use the console, and end sessions of the same key
    READ_REQUESTS = "read_requests"
    UPLOAD = "upload"  # upload and inspect files, resubmit rows that could not be processed
    CHANGE_REQUESTS = "change_requests"  # cancel, undo
    DOWNLOAD_REJECTS = "download_rejects"  # they show personal values
    READ_CATALOG = "read_catalog"
    EDIT_CATALOG = "edit_catalog"
    LOOK_UP_PROFILES = "look_up_profiles"  # personal values are masked
    REVEAL_PROFILES = "reveal_profiles"
    MANAGE_KEYS = "manage_keys"
    MANAGE_PUBLISHERS = "manage_publishers"
    READ_AUDIT = "read_audit"
    OPERATE = "operate"  # watch the whole system, of all tenants, and replay dead letters


class Role(StrEnum):
    """The role of an API key, chosen when the key is created."""

    VIEWER = "viewer"
    UPLOADER = "uploader"
    ADMIN = "admin"
    PRIVACY = "privacy"
    AUDITOR = "auditor"
    OPERATOR = "operator"  # only a user of the server creates such a key

    @property
    def permissions(self) -> frozenset[Permission]:
        return PERMISSIONS[self]


_VIEWING = frozenset(
    {Permission.SIGN_IN, Permission.READ_REQUESTS, Permission.READ_CATALOG, Permission.LOOK_UP_PROFILES}
)
EVERYTHING = frozenset(Permission)
PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.VIEWER: _VIEWING,
    Role.UPLOADER: _VIEWING
    | {
        Permission.UPLOAD,
        Permission.CHANGE_REQUESTS,
        Permission.DOWNLOAD_REJECTS,
        Permission.EDIT_CATALOG,
    },
    Role.ADMIN: EVERYTHING - {Permission.OPERATE},
    Role.PRIVACY: _VIEWING | {Permission.REVEAL_PROFILES},
    Role.AUDITOR: frozenset({Permission.SIGN_IN, Permission.READ_AUDIT}),
    Role.OPERATOR: frozenset({Permission.SIGN_IN, Permission.OPERATE}),
}


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """The caller of a use case, and its tenant.

    `key_id` is the hash of the API key, or a publisher's id. It and `remote_address` are None for a person who works on
    the server itself.
    """

    tenant_id: str
    name: str
    permissions: frozenset[Permission]
    key_id: str | None = None
    remote_address: str | None = None


def require_local(caller: Caller, command: str) -> None:
    """Raise `Refused` (forbidden), which names the `command`, unless the caller is a user of the machine."""
    if caller.key_id is not None:
        raise refusal("forbidden", "this needs a command on the machine of the system", f"Run {command} there.")


def forbidden(permission: Permission) -> Refused:
    """The error for a caller without `permission`; it names the roles that have it."""
    roles = [role for role in Role if permission in role.permissions]
    # An admin can create no key that may do more than they may.
    hint = "Ask an admin of your organisation." if Role.ADMIN in roles else "Ask the person who runs Penstock."
    return refusal("forbidden", f"this needs a key with the role {' or '.join(roles)}", hint)
