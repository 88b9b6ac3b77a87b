"""Roles are sets of permissions."""

from __future__ import annotations

import pytest

from penstock.domain.access.permissions import PERMISSIONS, Permission, Role, forbidden


def test_a_privacy_officer_reveals_and_does_not_upload() -> None:
    assert Permission.REVEAL_PROFILES in Role.PRIVACY.permissions
    assert not Role.PRIVACY.permissions & {Permission.UPLOAD, Permission.CHANGE_REQUESTS, Permission.EDIT_CATALOG}


def test_an_auditor_reads_the_audit_and_nothing_else() -> None:
    assert Role.AUDITOR.permissions == {Permission.SIGN_IN, Permission.READ_AUDIT}


def test_an_operator_watches_all_tenants_and_sees_the_data_of_none() -> None:
    assert [role for role in Role if Permission.OPERATE in role.permissions] == [Role.OPERATOR]
    assert Role.OPERATOR.permissions == {Permission.SIGN_IN, Permission.OPERATE}


def test_every_role_and_permission_is_used() -> None:
    assert set(PERMISSIONS) == set(Role)
    assert set().union(*PERMISSIONS.values()) == set(Permission)


@pytest.mark.parametrize(
    ("permission", "named", "hint"),
    [
        (Permission.REVEAL_PROFILES, "a key with the role admin or privacy", "Ask an admin of your organisation."),
        (Permission.OPERATE, "a key with the role operator", "Ask the person who runs Penstock."),
    ],
)
def test_a_refusal_names_the_missing_permission_and_who_can_give_it(
    permission: Permission, named: str, hint: str
) -> None:
    (fault,) = forbidden(permission).faults
    assert named in fault.message
    assert fault.hint == hint
