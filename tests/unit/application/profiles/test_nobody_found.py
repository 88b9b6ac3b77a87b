"""A look-up that finds nobody says why: how the value is spelt, or that nobody is identified by its attribute."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from penstock.application.profiles.reader import NoProfile
from penstock.config import Settings
from penstock.domain.access.permissions import EVERYTHING, Caller
from penstock.domain.mapping.mapping import ColumnMapping
from penstock.wiring import System, embedded
from penstock.wiring.use_cases import use_cases_of

ANN = Caller(tenant_id="acme", name="ann", permissions=EVERYTHING)


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    with closing(embedded(Settings(data=tmp_path, tenant="acme"))) as system:
        yield system


def nobody(system: System, namespace: str, value: str) -> NoProfile:
    with pytest.raises(NoProfile) as found:
        use_cases_of(system).profiles.look_up(ANN, namespace, value)
    assert str(found.value).startswith(f"no profile has this {namespace}; ")
    assert value not in str(found.value)
    return found.value


def identifies(system: System, *names: str) -> None:
    """An import has used these identifiers."""
    columns = [ColumnMapping(column=name, attribute=name, identifier=True) for name in names]
    system.catalog.create_source("acme", "crm")
    mapping = system.catalog.save_mapping("acme", "crm", columns)
    system.catalog.use("acme", mapping, system.catalog.attributes_of("acme", mapping))


@pytest.mark.parametrize(
    ("namespace", "value", "exact"),
    [("crmid", "cl/100200", True), ("loyalty_id", "M 7", True), ("email", "Ann@example.com", False)],
)
def test_case_counts_where_it_does(system: System, namespace: str, value: str, exact: bool) -> None:
    identifies(system, namespace)
    found = nobody(system, namespace, value)
    assert (found.exact, found.instead) == (exact, None)
    assert "also check the spelling" in str(found)
    assert ("upper and lower case count" in str(found)) is exact


@pytest.mark.parametrize(("namespace", "value"), [("email", "ann@example.com"), ("city", "Ghent")])
def test_by_what_no_mapping_identifies_people_nobody_is_misspelt(system: System, namespace: str, value: str) -> None:
    identifies(system, "loyalty_id", "crmid")
    found = nobody(system, namespace, value)
    assert (found.exact, found.instead) == (False, ["crmid", "loyalty_id"])
    assert f"no current mapping identifies people by {namespace}, they are found by crmid, loyalty_id" in str(found)
    assert "spelling" not in str(found)


def test_before_any_import_nobody_can_be_found(system: System) -> None:
    found = nobody(system, "crmid", "cl/100200")
    assert found.instead == []
    assert str(found).endswith("no import that counts has identified anybody")
