"""The catalog on Cassandra: conditional changes, a deleted name that is used again, and concurrent callers."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from penstock.adapters.cluster.cassandra_cluster import CassandraSettings
from penstock.adapters.cluster.cassandra_control_store import CassandraControlStore
from penstock.adapters.cluster.cassandra_session import CassandraSession
from penstock.application.catalog.attribute_edits import AttributeEdits, SourceUse
from penstock.application.catalog.catalog import Catalog
from penstock.domain.catalog.attribute_changes import AttributeChange, new_attribute
from penstock.domain.catalog.data_source import SourceChange
from penstock.domain.errors import Refused
from penstock.domain.mapping.mapping import ColumnMapping, Mode
from penstock.ports.control_store import ControlStore
from tests.support.catalogs import catalog_on

COLUMNS = [
    ColumnMapping(column="mail", attribute="email", identifier=True),
    ColumnMapping(column="id", attribute="crmid", identifier=True),
    ColumnMapping(column="tier", attribute="tier"),
]
CALLERS = 8


@pytest.fixture
def store(cassandra_settings: CassandraSettings) -> Iterator[ControlStore]:
    store = CassandraControlStore(CassandraSession(cassandra_settings))
    yield store
    store.close()


@pytest.fixture
def tenant() -> str:
    return f"tenant-{uuid.uuid4().hex}"


def test_a_deleted_source_can_be_made_again(store: ControlStore, tenant: str) -> None:
    sources = catalog_on(store).data_sources
    for owner in ("Ann", "Bob"):
        made = catalog_on(store).create_source(tenant, "crm")
        changed = sources.change(tenant, "crm", SourceChange(owner=owner, mode=Mode.REPLACE).applied, revision=1)
        assert (made.owner, changed.owner, changed.defaults.mode) == ("", owner, Mode.REPLACE)
        sources.delete(tenant, "crm", revision=2)
        assert sources.all(tenant) == []


def test_an_attribute_is_changed_as_its_use_allows(store: ControlStore, tenant: str) -> None:
    catalog = used(catalog_on(store), tenant)
    edits = AttributeEdits(store, catalog)
    assert edits.used_by(tenant, "tier") == [SourceUse("crm", mapped=True, stored=True)]
    with pytest.raises(Refused, match="format_in_use"):
        edits.edit(tenant, "tier", AttributeChange(format="enum(gold)"))
    assert edits.edit(tenant, "tier", AttributeChange(format="text"), revision=1).revision == 2
    assert edits.edit(tenant, "city", AttributeChange(display_name="Town"), revision=0).revision == 1
    with pytest.raises(Refused, match="data_source_in_use"):
        catalog.data_sources.delete(tenant, "crm")


def test_callers_that_meet_agree_on_one_ranking(store: ControlStore, tenant: str) -> None:
    catalog = catalog_on(store)
    names = [f"key_{number}" for number in range(CALLERS)]
    made = catalog.create_attributes(tenant, [new_attribute(name, AttributeChange()) for name in names])

    def use(at: int) -> tuple[str, ...]:
        return catalog_on(store).ranking.use(tenant, [made[at], made[(at + 1) % CALLERS]])

    with ThreadPoolExecutor(CALLERS) as callers:
        frozen = list(callers.map(use, range(CALLERS)))
    ranking = catalog.ranking.read(tenant)
    assert all(ranking.ranked(order) == order for order in frozen)
    assert set(names) <= set(ranking.identifiers[: ranking.fixed])


def used(catalog: Catalog, tenant: str) -> Catalog:
    """With a source for which a request was accepted."""
    catalog.create_source(tenant, "crm")
    catalog.create_attribute(tenant, new_attribute("tier", AttributeChange(format="enum(gold|silver)")))
    mapping = catalog.save_mapping(tenant, "crm", COLUMNS)
    assert catalog.use(tenant, mapping, catalog.attributes_of(tenant, mapping)) == ("crmid", "email")
    return catalog
