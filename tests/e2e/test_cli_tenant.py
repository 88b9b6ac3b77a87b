"""`penstock tenant destroy-key`: what it asks and says, and what a running system does afterwards."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from penstock.application.encryption.use_cases import KeyUseCases
from penstock.domain.access.permissions import Role
from penstock.domain.errors import Refused
from penstock.wiring.use_cases import use_cases_of
from tests.support.access import caller
from tests.support.command_line import CommandLine
from tests.support.http_system import HEADER, HttpSystem, form, serving
from tests.support.waiting import until

BODY = (HEADER + "C1\t0612345678\tshoes\n").encode()
LOOKUP = {"namespace": "crmid", "value": "C1"}


@pytest.fixture
def cli(penstock_command: list[str], tmp_path: Path) -> CommandLine:
    return CommandLine(penstock_command, tmp_path)


@pytest.fixture
def system(cli: CommandLine) -> Iterator[HttpSystem]:
    with serving(cli.data) as system:
        yield system


@pytest.fixture
def rival(system: HttpSystem) -> Iterator[httpx.Client]:
    """An admin of another tenant, which has a profile."""
    with system.client(Role.ADMIN, tenant_id="rival") as rival:
        rival.post("/v1/data-sources", json={"name": "crm"})
        request_id = rival.post("/v1/uploads", files=form(BODY)).json()["request_id"]
        until(lambda: rival.get(f"/v1/requests/{request_id}").json()["status"] == "COMPLETED")
        assert rival.post("/v1/profiles:lookup", json=LOOKUP).status_code == 200
        yield rival


def code(answer: httpx.Response) -> Any:
    return answer.json().get("code")


def key_file(cli: CommandLine) -> Any:
    return json.loads((cli.data / "keys.json").read_text())


def test_a_tenant_whose_key_was_destroyed_reads_and_writes_nothing_and_others_go_on(
    cli: CommandLine, system: HttpSystem, rival: httpx.Client
) -> None:
    system.ingest(BODY)
    ran = cli.run("tenant", "destroy-key", "rival", "--yes", "--json")
    assert (ran.code, ran.document) == (0, {"tenant": "rival", "destroyed": True})
    assert [each["tenant"] for each in key_file(cli)["tombstones"]] == ["rival"]
    assert [each["tenant"] for each in key_file(cli)["roots"]] == ["default"]
    until(lambda: rival.post("/v1/profiles:lookup", json=LOOKUP).status_code == 409)
    for refused in (
        rival.post("/v1/profiles:lookup", json=LOOKUP),
        rival.post("/v1/uploads", files=form(BODY)),
        rival.post("/v1/api-keys", json={"name": "ann", "role": "admin"}),
    ):
        assert (refused.status_code, code(refused)) == (409, "tenant_key_destroyed")
        assert "the keys of tenant rival were destroyed at" in refused.json()["detail"]
    assert rival.get("/v1/requests").json()["requests"][0]["status"] == "COMPLETED"
    assert system.viewer.post("/v1/profiles:lookup", json=LOOKUP).status_code == 200
    assert system.ingest(BODY)["status"] == "COMPLETED"
    (entry,) = [each for each in rival.get("/v1/audit").json()["entries"] if each["action"] == "tenant.destroy_key"]
    assert entry["outcome"] == "allowed"


def test_verify_names_tenants_without_usable_keys(cli: CommandLine, system: HttpSystem, rival: httpx.Client) -> None:
    system.ingest(BODY)
    path, before = cli.data / "keys.json", key_file(cli)

    def states() -> dict[str, str]:
        return {each["tenant_id"]: each["state"] for each in cli.run("verify", "--json").document["tenants"]}

    assert states() == {"default": "usable", "rival": "usable"}
    path.write_text(json.dumps({**before, "roots": [each for each in before["roots"] if each["tenant"] == "rival"]}))
    assert states() == {"default": "missing", "rival": "usable"}
    missing = cli.run("verify")
    assert (missing.code, "default: the key file" in missing.stdout) == (1, True)
    path.write_text(json.dumps(before))
    cli.run("tenant", "destroy-key", "rival", "--yes")
    assert states() == {"default": "usable", "rival": "destroyed"}
    destroyed = cli.run("verify")
    assert (destroyed.code, "rival: the keys of tenant rival were destroyed" in destroyed.stdout) == (0, True)


def test_nothing_is_destroyed_without_being_confirmed(cli: CommandLine, rival: httpx.Client) -> None:
    before = (cli.data / "keys.json").read_bytes()
    asked = cli.run("tenant", "destroy-key", "rival", stdin=b"rival\n")
    assert (asked.code, "(not_confirmed)" in asked.stderr) == (2, True)
    assert "can be read afterwards, and this cannot be undone" in asked.stderr
    nobody = cli.run("tenant", "destroy-key", "nobody", "--yes", "--json")
    assert (nobody.code, nobody.document["error"]["code"]) == (1, "not_found")
    invalid = cli.run("tenant", "destroy-key", "No Name", "--yes", "--json")
    assert (invalid.code, invalid.fault_codes) == (1, ["invalid_tenant"])
    assert (cli.data / "keys.json").read_bytes() == before


def test_no_api_key_destroys_a_tenant(system: HttpSystem) -> None:
    keys: KeyUseCases = use_cases_of(system.standalone.system).keys
    for role in Role:
        with pytest.raises(Refused) as refused:
            keys.destroy_key(caller(role))
        assert refused.value.code == "forbidden"


def test_the_first_api_key_of_a_tenant_makes_its_root(cli: CommandLine) -> None:
    made = cli.run("key", "create", "--role", "admin", "--json", PENSTOCK_TENANT="acme")
    assert made.code == 0
    assert [each["tenant"] for each in key_file(cli)["roots"]] == ["acme"]
