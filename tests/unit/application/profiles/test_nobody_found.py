"""A look-up that finds nobody says whether upper and lower case count."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from penstock.application.profiles.reader import NoProfile
from penstock.config import Settings
from penstock.domain.access.permissions import EVERYTHING, Caller
from penstock.wiring import System, embedded
from penstock.wiring.use_cases import use_cases_of

ANN = Caller(tenant_id="acme", name="ann", permissions=EVERYTHING)


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    with closing(embedded(Settings(data=tmp_path, tenant="acme"))) as system:
        yield system


@pytest.mark.parametrize(
    ("namespace", "value", "exact"),
    [("crmid", "cl/100200", True), ("loyalty_id", "M 7", True), ("email", "Ann@example.com", False)],
)
def test_case_counts_where_it_does(system: System, namespace: str, value: str, exact: bool) -> None:
    with pytest.raises(NoProfile) as nobody:
        use_cases_of(system).profiles.look_up(ANN, namespace, value)
    assert nobody.value.exact is exact
    assert str(nobody.value).startswith(f"no profile has this {namespace}")
    assert ("upper and lower case count" in str(nobody.value)) is exact
    assert value not in str(nobody.value)
