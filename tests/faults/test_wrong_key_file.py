"""Key files of services that differ: one without a root waits and says so, and no request fails; one that still has a
root that was destroyed does not use it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from msgspec.structs import replace

from penstock.adapters.key_file import create_key_file
from penstock.domain.errors import KeyRevoked
from penstock.domain.mapping.mapping import ColumnMapping
from penstock.domain.requests.request import Status
from penstock.wiring.uploads import intake_of
from tests.support.free_ports import free_port
from tests.support.installation import Installation, installation
from tests.support.servers import Servers
from tests.support.waiting import until


@pytest.fixture
def place(real_servers: Servers, tmp_path: Path) -> Iterator[Installation]:
    stack = real_servers.use("kafka", "cassandra", "s3")
    with installation(tmp_path, stack.addresses, [stack.folder]) as place:
        yield place


def readiness(url: str) -> tuple[int, str]:
    try:
        answer = httpx.get(f"{url}/readyz")
    except httpx.TransportError:
        return 0, ""
    return answer.status_code, answer.text


def outages(place: Installation, service: str) -> list[tuple[str, str]]:
    lines = [json.loads(line) for line in place.log(service).splitlines() if line[:1] == "{"]
    return [(line["dependency"], line["level"]) for line in lines if line["event"] == "dependency.unavailable"]


@pytest.mark.parametrize("kind", ["dispatcher", "worker"])
def test_requests_wait_for_a_service_with_another_key_file(place: Installation, tmp_path: Path, kind: str) -> None:
    create_key_file(tmp_path / "other.json", "default")
    request_id, port = place.upload(), free_port()
    place.start("tracker")
    if kind == "worker":
        place.start("dispatcher")
        until(lambda: place.request(request_id).started_at)
    wrong = place.start(kind, ["--health-port", str(port)], key_file=str(tmp_path / "other.json"))
    url = f"http://127.0.0.1:{port}"
    until(lambda: "may differ from that of other services" in readiness(url)[1])
    assert readiness(url)[0] == 503
    assert 'penstock_dependency_up{dependency="key_file"} 0.0' in httpx.get(f"{url}/metrics").text
    assert outages(place, wrong) == [("key_file", "error")]
    place.end(wrong)
    for right in ("dispatcher", "worker"):
        place.start(right)
    assert place.finished(request_id).status is Status.COMPLETED


def test_a_root_that_is_missing_holds_up_no_other_tenant(place: Installation, tmp_path: Path) -> None:
    """Many files of a tenant whose root the only worker does not have, then one of another tenant."""
    keys, older = place.fleet.folder / "keys.json", tmp_path / "older.json"
    shutil.copy(keys, older)
    place.fleet.run("key-file", "add-tenant", "acme", str(keys))
    catalog, intake = place.system.catalog, intake_of(place.system)
    catalog.create_source("acme", "crm")
    column = ColumnMapping(column="id", attribute="crmid", identifier=True)
    command = replace(place.command, mapping=catalog.save_mapping("acme", "crm", [column]), notify=())
    stuck = [intake.upload("acme", [b"id\nk%d\n" % number], command) for number in range(20)]
    for service in ("dispatcher", "tracker"):
        place.start(service)
    worker = place.start("worker", key_file=str(older))
    place.await_log(worker, '"chunk.put_back"', 2)
    assert place.finished(place.upload()).status is Status.COMPLETED
    present = [place.system.requests.get("acme", each.request_id) for each in stuck]
    assert all(each.status.processing for each in present)
    shutil.copy(keys, older)
    for each in stuck:
        until(lambda request_id=each.request_id: place.system.requests.get("acme", request_id).status.ended)
    assert {place.system.requests.get("acme", each.request_id).rows_ingested for each in stuck} == {1}


def test_a_wrong_key_file_is_reported_before_any_request_comes(place: Installation, tmp_path: Path) -> None:
    create_key_file(tmp_path / "other.json", "default")
    place.upload()  # no dispatcher runs, so that the worker gets no event
    port = free_port()
    place.start("worker", ["--health-port", str(port)], key_file=str(tmp_path / "other.json"))
    until(lambda: "may differ from that of other services" in readiness(f"http://127.0.0.1:{port}")[1])


def test_services_with_an_older_key_file_use_no_destroyed_root(place: Installation, tmp_path: Path) -> None:
    older = tmp_path / "older.json"
    waiting = place.upload()
    shutil.copy(place.fleet.folder / "keys.json", older)
    assert place.fleet.run("tenant", "destroy-key", "default", "--yes") == {"tenant": "default", "destroyed": True}
    for service in ("dispatcher", "worker", "tracker"):
        place.start(service, key_file=str(older))
    failed = place.finished(waiting)
    assert failed.error
    assert (failed.status, failed.error.code) == (Status.FAILED, "tenant_key_destroyed")
    place.system.keys.close()  # as after a few seconds
    with pytest.raises(KeyRevoked):
        place.upload()


def test_a_new_tenant_of_a_key_file_that_cannot_be_changed_needs_its_operator(
    place: Installation, tmp_path: Path
) -> None:
    original, mounted = place.fleet.folder / "keys.json", tmp_path / "mounted.json"
    mounted.symlink_to(original)
    create = ("key", "create", "--role", "admin")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(place.fleet.variables, "PENSTOCK_KEY_FILE", str(mounted))
        patch.setitem(place.fleet.variables, "PENSTOCK_TENANT", "acme")
        (fault,) = place.fleet.run(*create, check=False)["error"]["faults"]
        assert fault["code"] == "key_file_read_only"
        assert "penstock key-file add-tenant acme PATH" in fault["hint"]
        place.fleet.run("key-file", "add-tenant", "acme", str(original))
        assert place.fleet.run(*create)["key"].startswith("pk_acme_")
