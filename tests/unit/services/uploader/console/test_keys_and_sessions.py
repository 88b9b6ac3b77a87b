"""Words for roles and browsers, and which key is the last one with the role admin."""

from __future__ import annotations

import pytest

from penstock.application.access.api_keys import ApiKey
from penstock.domain.access.permissions import Permission, Role
from services.uploader.console.keys import is_last_admin
from services.uploader.console.roles import PERMISSIONS, role_words
from services.uploader.console.sessions import browser_name

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1 Version/17.5 Mobile/15E Safari/604.1"


def key(name: str, role: Role = Role.ADMIN, expires_at: int | None = None) -> ApiKey:
    return ApiKey(key_id=name, name=name, role=role, created_at=0, expires_at=expires_at)


def test_each_permission_of_a_role_has_words() -> None:
    granted = frozenset[Permission]().union(*(role.permissions for role in Role))
    assert granted - PERMISSIONS.keys() == {Permission.SIGN_IN}
    assert role_words(Role.AUDITOR) == "read the audit"


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (CHROME, "Chrome on Linux"),
        (f"{CHROME} Edg/131.0", "Edge on Linux"),
        (SAFARI, "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0; rv:130.0) Gecko/20100101 Firefox/130.0", "Firefox on Windows"),
        ("curl/8.5", "unknown browser"),
        ("", "unknown browser"),
    ],
)
def test_a_browser_has_the_name_that_people_know(user_agent: str, name: str) -> None:
    assert browser_name(user_agent) == name


def test_expired_admins_and_other_roles_do_not_count() -> None:
    last = key("last")
    assert is_last_admin(last, [last, key("expired", expires_at=5), key("viewer", Role.VIEWER)], 10)
    assert not is_last_admin(last, [last, key("other")], 10)
    assert not is_last_admin(key("viewer", Role.VIEWER), [last, key("viewer", Role.VIEWER)], 10)
