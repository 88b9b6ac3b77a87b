"""`penstock tenant limits`: what a running system refuses afterwards, and what it lets wait."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.application.tenants.use_cases import TenantUseCases
from penstock.domain.access.permissions import Role
from penstock.domain.days import DAY_SECONDS
from penstock.domain.errors import Refused
from penstock.domain.tenant_limits import TenantLimits
from penstock.wiring.use_cases import use_cases_of
from tests.support.access import caller
from tests.support.command_line import CommandLine
from tests.support.http_system import HEADER, HttpSystem, form, serving
from tests.support.waiting import until

BODY = (HEADER + "C1\t0612345678\tshoes\n").encode()


@pytest.fixture
def cli(penstock_command: list[str], tmp_path: Path) -> CommandLine:
    return CommandLine(penstock_command, tmp_path)


def limited(cli: CommandLine, *options: str) -> dict[str, object]:
    ran = cli.run("tenant", "limits", "default", *options, "--json")
    assert ran.code == 0, ran.stderr
    return {name: limit for name, limit in ran.document.items() if name != "tenant"}


@pytest.fixture
def system(cli: CommandLine) -> Iterator[HttpSystem]:
    with serving(cli.data) as system:
        yield system


def test_the_command_shows_what_it_sets_and_removes(cli: CommandLine, system: HttpSystem) -> None:
    nothing = {"file_bytes": None, "day_bytes": None, "requests": None}
    assert limited(cli) == nothing
    assert limited(cli, "--day-bytes", "1000", "--requests", "2") == {**nothing, "day_bytes": 1000, "requests": 2}
    assert limited(cli, "--file-bytes", "7", "--unset", "requests") == {**nothing, "file_bytes": 7, "day_bytes": 1000}
    actions = [each["action"] for each in system.admin.get("/v1/audit").json()["entries"]]
    assert actions.count("tenant.set_limits") == 2
    displayed = cli.run("tenant", "limits", "default").stdout
    assert "7 bytes" in displayed
    assert "1,000 bytes" in displayed
    assert cli.run("tenant", "limits", "default", "--requests", "0").code == 2


def test_more_bytes_than_the_day_may_have_are_refused_until_midnight(cli: CommandLine, system: HttpSystem) -> None:
    assert system.ingest(BODY)["status"] == "COMPLETED"
    limited(cli, "--day-bytes", str(len(BODY) + 1))
    until(lambda: system.upload(BODY + b"C2\t\tbags\n").status_code == 429)
    refused = system.upload(BODY + b"C2\t\tbags\n")
    assert refused.json()["code"] == "daily_limit_reached"
    assert 0 < int(refused.headers["Retry-After"]) <= DAY_SECONDS
    creation = {"Tus-Resumable": "1.0.0", "Upload-Length": "10"}
    limited(cli, "--day-bytes", "1")
    until(lambda: system.uploader.post("/v1/files", headers=creation).status_code == 429)


def test_a_file_over_the_limit_of_its_tenant_is_refused(cli: CommandLine, system: HttpSystem) -> None:
    limited(cli, "--file-bytes", str(len(BODY) - 1))
    until(lambda: system.upload(BODY).json().get("code") == "file_too_large")


def test_no_api_key_reads_or_sets_limits(system: HttpSystem) -> None:
    tenants: TenantUseCases = use_cases_of(system.standalone.system).tenants
    for role in Role:
        for call in (lambda who: tenants.limits(who), lambda who: tenants.set_limits(who, TenantLimits())):
            with pytest.raises(Refused) as refused:
                call(caller(role))
            assert refused.value.code == "forbidden"


def test_a_request_has_a_reason_why_it_waits(cli: CommandLine) -> None:
    """Nothing is ingested here, so that all wait."""
    with serving(cli.data, ingesting=False) as system:
        request_id = system.upload(BODY).json()["request_id"]
        view = system.viewer.get(f"/v1/requests/{request_id}").json()
        assert (view["status"], view["waiting"]["reason"]) == ("SCHEDULED", "turn")
        listed = system.viewer.get("/v1/requests").json()["requests"]
        assert [each["waiting"]["message"] for each in listed] == [view["waiting"]["message"]]
        system.uploader.post(f"/v1/requests/{request_id}:cancel")
        assert system.viewer.get(f"/v1/requests/{request_id}").json()["waiting"] is None


def test_an_upload_is_accepted_again_once_the_limit_is_removed(cli: CommandLine, system: HttpSystem) -> None:
    limited(cli, "--day-bytes", "1")
    until(lambda: system.upload(BODY).status_code == 429)
    limited(cli, "--unset", "day_bytes")
    until(lambda: system.uploader.post("/v1/uploads", files=form(BODY)).status_code == 202)
