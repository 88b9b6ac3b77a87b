"""The catalog of the command line: the same for a system on this machine and for one behind --url."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from msgspec.structs import replace

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.client import Client as HttpClient
from penstock.config import Settings
from penstock.domain.access.permissions import Role
from penstock.domain.catalog.attribute_changes import AttributeChange
from penstock.domain.catalog.data_source import SourceChange
from penstock.domain.errors import Refused
from penstock.domain.limits import MAX_PAGE
from penstock.domain.mapping.mapping import Mode
from services.cli.client import Client
from services.cli.local_client import LocalClient
from tests.support.access import create_key
from tests.support.http_system import serving

ID = ColumnSpec(column="crmid", attribute="crmid", identifier=True)


@pytest.fixture(params=["local", "http"])
def client(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder = tmp_path_factory.mktemp("catalog") / "data"
    if request.param == "local":
        with closing(LocalClient(Settings(data=folder))) as local:
            yield local
        return
    with serving(folder, ingesting=False, sources=()) as system:
        secret, _ = create_key(system.keys, "default", Role.ADMIN, "someone")
        with closing(HttpClient(system.url, secret)) as remote:
            yield remote


def test_a_source_from_its_creation_to_its_deletion(client: Client) -> None:
    catalog = client.catalog
    settings = SourceChange(owner="Ann", mode=Mode.REPLACE, notify=("a@example.com:end",), max_rejects="2%")
    settings = replace(settings, encoding="windows-1252", clean_headers=True)
    made = catalog.create_source("crm", settings)
    assert made == catalog.source("crm") == catalog.sources()[0]
    assert made["defaults"] == {
        "mode": "replace",
        "notify": [{"address": "a@example.com", "level": "end"}],
        "max_rejects": "2%",
        "max_file_bytes": None,
        "encoding": "cp1252",
        "clean_headers": True,
        "quoted": None,
    }
    edited = catalog.edit_source("crm", SourceChange(mode=None, notify=(), max_file_bytes=9, encoding=None), revision=1)
    assert (edited["owner"], edited["revision"]) == ("Ann", 2)
    assert edited["defaults"] == {
        **dict.fromkeys(("mode", "encoding", "quoted")),
        "notify": [],
        "max_rejects": "2%",
        "max_file_bytes": 9,
        "clean_headers": True,
    }
    with pytest.raises(Refused) as caught:
        catalog.edit_source("crm", SourceChange(owner="Bob"), revision=1)
    assert caught.value.code == "precondition_failed"
    assert catalog.archive_source("crm")["archived"]
    assert catalog.sources() == []
    assert [each["name"] for each in catalog.sources(archived=True)] == ["crm"]
    assert catalog.unarchive_source("crm")["revision"] == 4
    catalog.delete_source("crm")
    with pytest.raises(Refused) as caught:
        catalog.source("crm")
    assert caught.value.code == "unknown_data_source"


def test_an_attribute_from_its_creation_to_its_archive(client: Client) -> None:
    catalog = client.catalog
    made = catalog.create_attribute("tier", AttributeChange(format="enum(gold|silver)", macro=True, macro_name="LEVEL"))
    assert (made["macro_name"], made["segment_name"], made["segmentable"]) == ("LEVEL", "TIER", True)
    client.save_mapping("crm", [ID, ColumnSpec(column="tier", attribute="tier")])
    found = catalog.attribute("tier")
    assert found["used_by"] == [{"data_source": "crm", "mapped": True, "stored": False}]
    assert (found["rank"], found["namespace"]) == (None, None)
    assert (catalog.attribute("email")["rank"], catalog.attribute("email")["namespace"]) == (3, "email")
    edited = catalog.edit_attribute("tier", AttributeChange(macro_name=None, display_name="Level"), revision=1)
    assert (edited["macro_name"], edited["display_name"], edited["revision"]) == ("TIER", "Level", 2)
    with pytest.raises(Refused) as caught:
        catalog.archive_attribute("tier")
    assert caught.value.code == "attribute_in_use"
    client.save_mapping("crm", [ID])
    assert catalog.archive_attribute("tier")["archived"]
    assert "tier" not in [each["name"] for each in catalog.attributes()]
    assert "tier" in [each["name"] for each in catalog.attributes(archived=True)]
    assert not catalog.unarchive_attribute("tier")["archived"]
    with pytest.raises(Refused) as caught:
        catalog.attribute("teir")
    assert caught.value.code == "unknown_attribute"
    assert "Did you mean 'tier'?" in caught.value.faults[0].hint


def test_identifiers_are_ranked(client: Client) -> None:
    assert client.catalog.identifiers()["identifiers"][:2] == ["crmid", "loyalty_id"]
    ranked = client.catalog.rank_identifiers(["email", "crmid"])
    assert ranked == {"identifiers": ["email", "crmid"], "fixed": 0, "revision": 1} == client.catalog.identifiers()


def test_lists_longer_than_a_page_are_whole(client: Client) -> None:
    for number in range(MAX_PAGE):
        client.catalog.create_source(f"s{number:03}")
    assert len(client.catalog.sources()) == MAX_PAGE
    client.catalog.create_source("t")
    client.catalog.archive_source("s000")
    assert [each["name"] for each in client.catalog.sources()][-1] == "t"
    assert len(client.catalog.sources(archived=True)) == MAX_PAGE + 1


def test_a_similar_attribute_is_created_only_if_it_is_confirmed(client: Client) -> None:
    columns = [ColumnSpec(column="crm_id", attribute="crm_id", identifier=True)]
    with pytest.raises(Refused) as caught:
        client.save_mapping("crm", columns)
    assert [(each.code, each.position) for each in caught.value.faults] == [("similar_attribute", 1)]
    assert client.save_mapping("crm", columns, new_attributes=["crm_id"])["created_attributes"] == ["crm_id"]
