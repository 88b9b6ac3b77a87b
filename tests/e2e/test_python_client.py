"""The Python client: the examples of its page run, and it covers lost and limited calls."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from penstock.client import Client, ColumnSpec, NotFound, Refused, SourceChange
from penstock.domain.access.permissions import Role
from penstock.wiring.use_cases import use_cases_of
from services.cli.local_caller import local_caller
from services.cli.main import run
from tests.support.access import key_of
from tests.support.http_system import HttpSystem, serving

PAGE = Path(__file__).parents[2] / "docs" / "python-client.md"
CUSTOMERS = (
    "crmid\temail\tborn\n"
    "C1\tann@example.com\t01/05/1980\n"
    "C2\tbob@example.com\t31/31/1985\n"
    "C3\tcas@example.com\t07/11/1990\n"
)  # fmt: skip


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpSystem]:
    with serving(tmp_path_factory.mktemp("python_client") / "data") as running:
        yield running


@pytest.fixture
def client(system: HttpSystem) -> Iterator[Client]:
    with Client(system.url, key_of(system.standalone.system, Role.ADMIN, "default")) as connected:
        yield connected


def test_the_examples_of_the_page_run_one_after_another(
    system: HttpSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "customers.tsv").write_text(CUSTOMERS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PENSTOCK_URL", system.url)
    monkeypatch.setenv("PENSTOCK_API_KEY", key_of(system.standalone.system, Role.ADMIN, "default"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    examples = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    for example in examples:
        exec(compile(example, str(PAGE), "exec"), names)
    assert [each["attribute"] for each in names["seen"]["suggested_mapping"]] == ["crmid", "email", "birth_date"]
    assert (names["checked"]["rows_accepted"], names["checked"]["rows_read"]) == (2, 3)
    assert (names["ended"]["status"], names["ended"]["rows_ingested"]) == ("COMPLETED", 2)
    assert (names["child"]["status"], names["child"]["rows_ingested"]) == ("COMPLETED", 1)
    assert names["profile"]["attributes"]["birth_date"] == "1985-01-31"
    assert names["each"]["request_id"] == names["request"]["request_id"]
    names["client"].close()


def test_a_file_is_inspected_as_one_of_a_source_and_with_options(client: Client, tmp_path: Path) -> None:
    client.catalog.create_source("western", SourceChange(encoding="cp1252"))
    path = tmp_path / "people.csv"
    path.write_bytes("crmid;last name\nC1;Zoë\nC2;José\n".encode("cp1252"))
    assert {each["code"] for each in client.inspect(path)["faults"]} == {"not_utf8", "space_in_column_name"}
    seen = client.inspect(path, "western", clean_headers=True)
    assert (seen["faults"], seen["columns"], seen["file_options"]["inherited"]) == (
        [],
        ["crmid", "last_name"],
        ["encoding"],
    )


def test_lists_are_read_page_by_page(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    before = len(list(client.requests()))
    for number in range(3):
        client.catalog.create_source(f"page_{number}")
    monkeypatch.setattr("penstock.client.client.MAX_PAGE", 1)
    assert len(list(client.requests())) == before
    assert {"page_0", "page_1", "page_2"} <= {each["name"] for each in client.catalog.sources()}


def test_a_key_is_read_until_it_is_revoked(client: Client) -> None:
    made = client.create_key(Role.VIEWER, "short-lived")
    key_id = made["key_id"]
    assert client.api_key(key_id) == {name: value for name, value in made.items() if name != "key"}
    listed = client.keys()
    assert key_id in [each["key_id"] for each in listed]
    client.revoke_key(key_id)
    with pytest.raises(NotFound, match="no such API key"):
        client.api_key(key_id)


def test_every_fault_of_a_body_comes_with_its_place(client: Client) -> None:
    columns = [
        ColumnSpec(column="a", attribute="birth_date", format="date(nonsense)"),
        ColumnSpec(column="b", attribute="other", format="no_such_format"),
    ]
    with pytest.raises(Refused) as refused:
        client.save_mapping("faulty", columns)
    assert [fault.position for fault in refused.value.faults] == [1, 2]
    assert all(fault.code and fault.message and fault.hint for fault in refused.value.faults)


def test_publishers_are_read_rotated_and_revoked(system: HttpSystem, client: Client) -> None:
    access = use_cases_of(system.standalone.system).access
    _, registered = access.create_publisher(local_caller("default"), "shop", ["s3://shop/exports/"])
    publisher = client.publisher(registered.publisher_id)
    assert (publisher["name"], publisher["prefixes"]) == ("shop", ["s3://shop/exports/"])
    assert publisher in client.publishers()
    first, second = (client.rotate_publisher(registered.publisher_id)["key"] for _ in range(2))
    assert len({first, second}) == 2
    client.revoke_publisher(registered.publisher_id)
    with pytest.raises(NotFound, match="no such publisher"):
        client.publisher(registered.publisher_id)


def test_publishers_of_another_organisation_are_not_there(system: HttpSystem, client: Client) -> None:
    access = use_cases_of(system.standalone.system).access
    _, registered = access.create_publisher(local_caller("other"), "shop", ["s3://other/exports/"])
    assert registered.publisher_id not in [each["publisher_id"] for each in client.publishers()]
    for call in (client.publisher, client.rotate_publisher, client.revoke_publisher):
        with pytest.raises(NotFound):
            call(registered.publisher_id)


def test_the_command_line_lists_publishers_over_http(
    system: HttpSystem, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    access = use_cases_of(system.standalone.system).access
    _, registered = access.create_publisher(local_caller("default"), "till", ["s3://till/exports/"])
    monkeypatch.setenv("PENSTOCK_URL", system.url)
    monkeypatch.setenv("PENSTOCK_API_KEY", key_of(system.standalone.system, Role.ADMIN, "default"))
    assert run(["publisher", "list", "--json"]) == 0
    assert registered.publisher_id in [
        each["publisher_id"] for each in json.loads(capsys.readouterr().out)["publishers"]
    ]
    assert run(["publisher", "revoke", registered.publisher_id, "--json"]) == 0
    assert run(["publisher", "rotate", registered.publisher_id, "--json"]) == 1
