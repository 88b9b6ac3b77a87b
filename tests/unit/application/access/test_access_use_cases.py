"""Nobody gives away more than they have: keys and sign-in links."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from penstock.application.access.use_cases import AccessUseCases
from penstock.config import Settings
from penstock.domain.access.permissions import Role
from penstock.domain.errors import Refused
from penstock.wiring import embedded
from penstock.wiring.use_cases import use_cases_of
from services.cli.local_caller import local_caller
from tests.support.access import caller


@pytest.fixture
def access(tmp_path: Path) -> Iterator[AccessUseCases]:
    with closing(embedded(Settings(data=tmp_path, tenant="acme"))) as system:
        yield use_cases_of(system).access


def test_only_a_user_of_the_machine_creates_a_key_of_an_operator(access: AccessUseCases) -> None:
    admin = caller(Role.ADMIN, tenant_id="acme")
    with pytest.raises(Refused, match="a key with the role operator"):
        access.create_key(admin, Role.OPERATOR, "monitoring")
    assert access.keys(admin) == []
    access.create_key(local_caller("acme"), Role.OPERATOR, "monitoring")
    assert [key.role for key in access.keys(admin)] == [Role.OPERATOR]


def test_a_key_of_an_operator_makes_no_link_for_a_session_that_may_do_everything(access: AccessUseCases) -> None:
    with pytest.raises(Refused) as refused:
        access.create_sign_in_link(caller(Role.OPERATOR, tenant_id="acme"))
    assert refused.value.code == "forbidden"
