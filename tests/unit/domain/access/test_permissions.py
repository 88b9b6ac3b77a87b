"""Roles are sets of permissions."""

from __future__ import annotations

import pytest

from penstock.domain.access.permissions import PERMISSIONS, Permission, Role, forbidden


def test_a_privacy_officer_reveals_and_does_not_upload() -> None:
    assert Permission.REVEAL_PROFILES in Role.PRIVACY.permissions
    assert not Role.PRIVACY.permissions & {Permission.UPLOAD, Permission.CHANGE_REQUESTS, Permission.EDIT_CATALOG}


def test_an_auditor_reads_the_audit_and_nothing_else() -> None:
    assert Role.AUDITOR.permissions == {Permission.SIGN_IN, Permission.READ_AUDIT}


def test_no_key_operates_the_system_and_every_role_is_known() -> None:
    assert set(PERMISSIONS) == set(Role)
    assert all(Permission.OPERATE not in role.permissions for role in Role)
    assert set().union(*PERMISSIONS.values()) == set(Permission) - {Permission.OPERATE}


@pytest.mark.parametrize(
    ("permission", "named"),
    [
        (Permission.REVEAL_PROFILES, "a key with the role admin or privacy"),
        (Permission.OPERATE, "a command on the machine of the system"),
    ],
)
def test_a_refusal_names_the_missing_permission(permission: Permission, named: str) -> None:
    assert named in forbidden(permission).faults[0].message
