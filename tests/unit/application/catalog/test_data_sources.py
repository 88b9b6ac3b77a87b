"""Data sources: their defaults, archiving, deleting, and changes that meet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from penstock.adapters.embedded.control_store import EmbeddedControlStore
from penstock.application.catalog.sources import DataSources
from penstock.domain.catalog.data_source import DataSource, SourceChange, UploadDefaults
from penstock.domain.errors import NotFound, Refused, Unavailable
from penstock.domain.mapping.mapping import ColumnMapping, Mode
from penstock.domain.requests.recipients import Recipient
from penstock.ports.control_store import ControlStore, Record, Table
from tests.support.catalogs import catalog_on

T = "acme"
CRM = DataSource(name="crm", display_name="Customers")
ID = ColumnMapping(column="crmid", attribute="crmid", identifier=True)


@pytest.fixture
def sources(store: ControlStore) -> DataSources:
    return DataSources(store)


def test_a_change_keeps_what_it_does_not_name(sources: DataSources) -> None:
    sources.create(T, CRM)
    sources.change(T, "crm", SourceChange(owner="Ann", mode=Mode.REPLACE, notify=("a@example.com",)).applied)
    changed = sources.change(T, "crm", SourceChange(max_rejects="2%", mode=None).applied)
    assert changed.defaults == UploadDefaults(notify=(Recipient("a@example.com"),), max_rejects="2%")
    assert (changed.display_name, changed.owner, changed.revision) == ("Customers", "Ann", 3)
    assert sources.change(T, "crm", SourceChange(owner="Ann").applied) == changed == sources.get(T, "crm")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (SourceChange(display_name="x" * 201), "text_too_long"),
        (SourceChange(description="x" * 2_001), "text_too_long"),
        (SourceChange(owner="x" * 201), "text_too_long"),
        (SourceChange(notify=("no address",)), "invalid_address"),
        (SourceChange(max_rejects="many"), "invalid_max_rejects"),
        (SourceChange(max_file_bytes=0), "invalid_max_file_bytes"),
    ],
)
def test_a_field_that_is_not_valid_is_refused(sources: DataSources, change: SourceChange, code: str) -> None:
    sources.create(T, CRM)
    with pytest.raises(Refused, match=code):
        sources.change(T, "crm", change.applied)
    with pytest.raises(Refused, match=code):
        sources.create(T, change.applied(DataSource(name="pos")))
    assert sources.all(T) == [CRM]


def test_a_change_of_another_revision_is_refused(sources: DataSources) -> None:
    sources.create(T, CRM)
    sources.change(T, "crm", SourceChange(owner="Ann").applied, revision=1)
    with pytest.raises(Refused, match="precondition_failed"):
        sources.change(T, "crm", SourceChange(owner="Bob").applied, revision=1)
    assert sources.get(T, "crm").owner == "Ann"


def test_an_archived_source_takes_no_uploads_and_is_listed_only_if_asked_for(sources: DataSources) -> None:
    sources.create(T, CRM)
    sources.create(T, DataSource(name="pos"))
    sources.change(T, "crm", lambda source: replace(source, archived=True))
    assert [each.name for each in sources.page(T, after="", limit=9, archived=False)] == ["pos"]
    assert [each.name for each in sources.page(T, after="", limit=1, archived=True)] == ["crm"]
    with pytest.raises(Refused, match="data_source_archived"):
        sources.use(T, "crm")
    sources.change(T, "crm", lambda source: replace(source, archived=False))
    assert sources.use(T, "crm").used


def test_a_page_is_full_although_archived_sources_lie_between(sources: DataSources) -> None:
    for number in range(260):
        sources.create(T, DataSource(name=f"s{number:03}", archived=number % 2 == 0))
    found = sources.page(T, after="s001", limit=120, archived=False)
    assert [each.name for each in found] == [f"s{number:03}" for number in range(3, 243, 2)]


def test_a_source_that_had_a_request_cannot_be_deleted(sources: DataSources) -> None:
    sources.create(T, CRM)
    sources.use(T, "crm")
    with pytest.raises(Refused, match="data_source_in_use") as caught:
        sources.delete(T, "crm")
    assert "penstock source archive crm" in caught.value.faults[0].hint
    assert sources.get(T, "crm").used


def test_a_deleted_source_is_gone_with_its_mappings_and_can_be_made_again(store: ControlStore) -> None:
    catalog = catalog_on(store)
    for _ in range(2):
        catalog.create_source(T, "crm")
        with pytest.raises(NotFound):
            catalog.mapping(T, "crm")
        catalog.save_mapping(T, "crm", [ID])
        catalog.data_sources.delete(T, "crm", revision=1)
        assert catalog.data_sources.all(T) == []
        with pytest.raises(Refused, match="unknown_data_source"):
            catalog.data_sources.delete(T, "crm")
    assert store.scan(Table.ATTRIBUTE_USES, T, "") == []


class Breaking(EmbeddedControlStore):
    """Fails at the first deletion from one table."""

    table: Table | None = None

    def delete(self, table: Table, tenant_id: str, partition: str, sort: str = "") -> None:
        if table is self.table:
            self.table = None
            raise Unavailable("the disk is full")
        super().delete(table, tenant_id, partition, sort)


@pytest.mark.parametrize("broken", [Table.MAPPINGS, Table.ATTRIBUTE_USES, Table.DATA_SOURCES])
@pytest.mark.parametrize("again", ["delete", "create", "use"])
def test_an_interrupted_deletion_can_be_finished_and_loses_nothing_new(
    tmp_path: Path, broken: Table, again: str
) -> None:
    store = Breaking(tmp_path / "control.db")
    catalog = catalog_on(store)
    catalog.create_source(T, "crm")
    catalog.save_mapping(T, "crm", [ID])
    store.table = broken
    with pytest.raises(Unavailable):
        catalog.data_sources.delete(T, "crm")
    assert catalog.data_sources.find(T, "crm") is None
    if again == "delete":
        catalog.data_sources.delete(T, "crm")
    elif again == "use":
        with pytest.raises(Refused, match="unknown_data_source"):
            catalog.data_sources.use(T, "crm")
    if again != "use":
        assert catalog.create_source(T, "crm").used is False
        with pytest.raises(NotFound):
            catalog.mapping(T, "crm")
    store.close()


class Meeting(EmbeddedControlStore):
    """Does something else just before its first replacement of a record."""

    meanwhile: Callable[[], object] | None = None

    def replace(self, record: Record, body: bytes) -> Record:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        return super().replace(record, body)


def test_of_a_request_and_a_deletion_that_meet_the_first_wins(tmp_path: Path) -> None:
    store = Meeting(tmp_path / "control.db")
    sources = DataSources(store)
    sources.create(T, CRM)
    store.meanwhile = lambda: sources.use(T, "crm")
    with pytest.raises(Refused, match="data_source_in_use"):
        sources.delete(T, "crm")
    sources.create(T, DataSource(name="pos"))
    store.meanwhile = lambda: sources.delete(T, "pos")
    with pytest.raises(Refused, match="unknown_data_source"):
        sources.use(T, "pos")
    assert [each.name for each in sources.all(T)] == ["crm"]
    store.close()


def test_two_changes_that_meet_are_both_made(tmp_path: Path) -> None:
    store = Meeting(tmp_path / "control.db")
    sources = DataSources(store)
    sources.create(T, CRM)
    store.meanwhile = lambda: sources.change(T, "crm", SourceChange(owner="Ann").applied)
    changed = sources.change(T, "crm", SourceChange(description="Customers of all shops").applied)
    assert (changed.owner, changed.description, changed.revision) == ("Ann", "Customers of all shops", 3)
    store.close()
