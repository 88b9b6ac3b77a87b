"""The command line against a running system: what PENSTOCK_URL names is what every command speaks to, or it says no."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from penstock.client import Client
from penstock.domain.access.permissions import Role
from penstock.domain.requests.request import Status
from penstock.domain.requests.request_filter import RequestFilter
from services.cli.request_listing import list_requests
from tests.support.access import create_key
from tests.support.command_line import MAPS, CommandLine, Ran
from tests.support.http_system import CRMID, HttpSystem, serving

PEOPLE = "crmid\temail\tcity\tnotes\nC1\ta@example.com\tUtrecht\tx\nC2\tnobody\tGouda\ty\n"


class Away:
    """A command line that has no data folder of its own, and a running system elsewhere."""

    def __init__(self, cli: CommandLine, system: HttpSystem) -> None:
        self.cli, self.system = cli, system
        secret, _ = create_key(system.keys, "default", Role.ADMIN, "someone")
        self.variables = {"PENSTOCK_URL": system.url, "PENSTOCK_API_KEY": secret}

    def run(self, *arguments: object, stdin: bytes = b"") -> Ran:
        return self.cli.run(*arguments, "--json", stdin=stdin, **self.variables)

    def ingest(self, content: str, *options: object, source: str = "crm", maps: tuple[str, ...] = MAPS) -> Ran:
        return self.cli.ingest(content, *options, source=source, maps=maps, **self.variables)

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        return self.cli.start(*arguments, "--json", **self.variables)

    def requests(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.system.viewer.get("/v1/requests").json()["requests"]
        return found

    def sources(self) -> list[str]:
        return [each["name"] for each in self.system.viewer.get("/v1/data-sources").json()["data_sources"]]


@pytest.fixture
def cli(penstock_command: list[str], tmp_path: Path) -> CommandLine:
    (tmp_path / "here").mkdir()
    return CommandLine(penstock_command, tmp_path / "here")


@pytest.fixture
def away(cli: CommandLine, tmp_path: Path) -> Iterator[Away]:
    with serving(tmp_path / "server", sources=()) as system:
        yield Away(cli, system)
    assert not cli.data.exists(), "a command has worked on a folder of this machine"


@pytest.fixture
def idle(cli: CommandLine, tmp_path: Path) -> Iterator[Away]:
    """With a system that takes files in, and nobody who ingests them."""
    with serving(tmp_path / "server", ingesting=False, sources=()) as system:
        yield Away(cli, system)


def test_ingest_uploads_follows_and_reports_as_the_embedded_one_does(away: Away, cli: CommandLine) -> None:
    there = away.ingest(PEOPLE, maps=("crmid=crmid!", "email=email", "city=town"))
    assert (there.code, there.document["status"]) == (0, "COMPLETED")
    assert there.document["created_attributes"] == ["town"]
    assert there.document["unmapped_columns"] == ["notes"]
    assert (there.document["rows_ingested"], there.document["rows_rejected"]) == (1, 1)
    assert [each["request_id"] for each in away.requests()] == [there.document["request_id"]]
    same = away.ingest(PEOPLE, "--notify", "late@example.com:end", maps=())
    assert (same.document["request_id"], same.document["duplicate"]) == (there.document["request_id"], True)
    assert "No e-mails about it go to late@example.com. Run with --force to ingest it again." in " ".join(
        same.stderr.split()
    )
    again = away.ingest(PEOPLE, "--force", maps=())
    assert (again.code, again.document["unmapped_columns"]) == (0, ["notes"])
    assert again.document["request_id"] != there.document["request_id"], "a request whose end was reported came again"
    here = CommandLine(cli.command, cli.folder.parent).ingest(PEOPLE)
    assert there.document.keys() == here.document.keys()


def test_nothing_is_created_for_a_file_that_is_refused(away: Away) -> None:
    maps = ("crmid=hm:pii", "born=birth_date:integer")
    refused = away.ingest("crmid\tcity-name\nC1\tUtrecht\n", maps=maps)
    assert refused.code == 1
    assert {"attribute_exists", "hyphen_in_column_name"} <= set(refused.fault_codes)
    assert (away.sources(), away.requests()) == ([], [])


def test_a_source_that_looks_mistyped_is_not_created(away: Away) -> None:
    assert away.ingest(PEOPLE).code == 0
    for ran in (away.ingest(PEOPLE, source="cmr"), away.ingest(PEOPLE, source="cmr", maps=())):
        assert (ran.code, ran.fault_codes) == (1, ["unknown_data_source"])
        assert "crm" in ran.stderr
    assert away.ingest(PEOPLE, source="till_receipts").code == 0
    assert away.sources() == ["crm", "till_receipts"]


def uploaded(away: Away) -> str:
    """The id of a request that waits."""
    away.system.uploader.post("/v1/data-sources", json={"name": "crm"})
    request_id: str = away.system.upload(PEOPLE.encode(), mapping=[CRMID]).json()["request_id"]
    return request_id


def begun(process: subprocess.Popen[str]) -> str:
    """The id of the request that a command has begun to follow."""
    assert process.stderr is not None
    return next(line for line in process.stderr if "SCHEDULED" in line).split()[0]


def test_an_ingest_killed_and_run_again_continues_its_request(idle: Away) -> None:
    path = idle.cli.file(PEOPLE)
    command = ("ingest", path, "--source", "crm", "--map", "crmid=crmid!")
    killed = idle.start(*command)
    first = begun(killed)
    killed.kill()
    assert killed.wait() == -signal.SIGKILL
    again = idle.start(*command)
    assert again.stderr is not None
    assert next(again.stderr) == f"Continuing {first}\n"
    assert begun(again) == first
    idle.system.uploader.post(f"/v1/requests/{first}:cancel")
    again.communicate()
    assert again.returncode == 1
    other = idle.start(*command)
    assert begun(other) != first, "a request whose end was reported came again"
    other.kill()
    other.communicate()
    assert len(idle.requests()) == 2


def test_a_server_that_disappears_is_reported_and_awaited(cli: CommandLine, tmp_path: Path) -> None:
    there = CommandLine(cli.command, tmp_path)
    there.run("mapping", "set", "crm", "--map", "crmid=crmid!")
    request_id = there.run("upload", there.file(PEOPLE), "--source", "crm", "--json").document["request_id"]
    key = there.run("key", "create", "--role", "viewer", "--json").document["key"]
    uploader = there.start("uploader", "--port", 0, "--json")
    assert uploader.stdout is not None
    url = json.loads(uploader.stdout.readline())["url"]
    process = cli.start("watch", request_id, "--json", PENSTOCK_URL=url, PENSTOCK_API_KEY=key)
    begun(process)
    uploader.kill()
    uploader.communicate()
    assert process.stderr is not None
    assert next(line for line in process.stderr if line.startswith("Waiting: ") and "connect" in line)
    back = there.start("up", "--port", urlsplit(url).port, "--workers", 1)
    process.communicate()
    back.terminate()
    back.communicate()
    assert process.returncode == 0


def test_more_requests_are_listed_than_a_page_holds(idle: Away) -> None:
    for _ in range(3):
        uploaded(idle)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("services.cli.request_listing.MAX_PAGE", 2)
        with Client(idle.system.url, idle.variables["PENSTOCK_API_KEY"]) as client:
            pages = [list_requests(client, RequestFilter(), limit=limit, before="") for limit in (1, 2, 3, 10)]
            none = list_requests(client, RequestFilter(file_name="NÖTHING & more"), limit=10, before="")
            scheduled = RequestFilter(statuses=(Status.SCHEDULED, Status.HELD), accepted_from=0, accepted_to=10**16)
            waiting = list_requests(client, scheduled, limit=10, before="")
            rejecting = list_requests(client, RequestFilter(has_rejects=True), limit=10, before="")
    listed = [[each["request_id"] for each in page.requests] for page in pages]
    assert (none.requests, rejecting.requests, len(waiting.requests)) == ([], [], 3)
    assert [len(each) for each in listed] == [1, 2, 3, 3]
    assert listed[3] == [each["request_id"] for each in idle.requests()]


def test_the_file_of_resumable_commands_holds_no_value_and_is_private(idle: Away) -> None:
    process = idle.start("ingest", idle.cli.file(PEOPLE), "--source", "crm", "--map", "crmid=crmid!")
    begun(process)
    process.kill()
    process.communicate()
    (kept,) = (idle.cli.folder / "state" / "penstock" / "uploads").iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert set(json.loads(kept.read_text())) == {"key", "file_id"}
    assert "people" not in kept.name


def test_a_file_from_standard_input_is_ingested(away: Away) -> None:
    ran = away.run("ingest", "-", "--source", "crm", "--map", "crmid=crmid!", stdin=PEOPLE.encode())
    assert (ran.code, ran.document["file_name"], ran.document["rows_ingested"]) == (0, "stdin", 2)


def test_options_that_would_do_nothing_there_are_refused(away: Away) -> None:
    for option in ("--workers", "--max-bytes"):
        ran = away.ingest(PEOPLE, option, 3)
        assert (ran.code, ran.fault_codes) == (2, ["invalid_options"])


def test_the_catalog_is_that_of_the_running_system(away: Away, cli: CommandLine) -> None:
    assert away.run("source", "create", "crm", "--display-name", "Customers").document["name"] == "crm"
    (source,) = away.run("source", "list").document["data_sources"]
    assert (source["name"], source["display_name"]) == ("crm", "Customers")
    made = away.run("attribute", "create", "joined", "--format", "date(dd/MM/yyyy)", "--pii").document
    assert (made["format"], made["pii"], made["custom"]) == ("date(dd/MM/yyyy)", True, True)
    listed = away.run("attribute", "list", "--custom").document["attributes"]
    assert [each["name"] for each in listed] == ["joined"]
    saved = away.run("mapping", "set", "crm", "--map", "id=crmid!", "--map", "town=town").document
    assert (saved["version"], saved["created_attributes"]) == (1, ["town"])
    displayed = away.run("mapping", "show", "crm").document
    assert [(each["column"], each["identifier"]) for each in displayed["columns"]] == [("id", True), ("town", False)]
    assert away.run("mapping", "show", "none").code == 1


def test_keys_are_those_of_the_running_system(away: Away) -> None:
    made = away.run("key", "create", "--role", "viewer", "--name", "report").document
    assert made["key"].startswith("pk_default_")
    assert made["key_id"] in {each["key_id"] for each in away.run("key", "list").document["api_keys"]}
    assert away.run("key", "revoke", made["key_id"]).document == {"key_id": made["key_id"], "revoked": True}
    assert made["key_id"] not in {each["key_id"] for each in away.run("key", "list").document["api_keys"]}


def test_a_publisher_is_created_on_the_machine_only(cli: CommandLine) -> None:
    command = ("publisher", "create", "shop", "--prefix", "s3://a/b/")
    ran = cli.run(*command, "--json", PENSTOCK_URL="http://127.0.0.1:9", PENSTOCK_API_KEY="k")
    assert (ran.code, ran.fault_codes) == (2, ["not_over_http"])
    assert "PENSTOCK_URL" in ran.stderr
    assert not cli.data.exists()


@pytest.mark.parametrize("command", [("source", "list"), ("publisher", "list"), ("requests",)])
def test_a_folder_that_is_named_wins_over_the_variable(cli: CommandLine, command: tuple[str, ...]) -> None:
    cli.run("source", "create", "crm")
    ran = cli.run(*command, "--data", cli.data, "--json", PENSTOCK_URL="http://127.0.0.1:9", PENSTOCK_API_KEY="k")
    assert ran.code == 0, ran.stderr


@pytest.mark.parametrize("swapped", [False, True])
def test_a_folder_and_an_address_together_are_refused(cli: CommandLine, swapped: bool) -> None:
    places = [("--data", "data"), ("--url", "http://127.0.0.1:9")]
    first, second = reversed(places) if swapped else places
    ran = cli.run("requests", *first, *second, "--json")
    assert (ran.code, ran.fault_codes) == (2, ["usage"])
    assert "--data names a folder and --url a running system: give only one of them" in ran.document["error"]["detail"]


def test_a_missing_profile_is_reported_with_possible_reasons(away: Away) -> None:
    away.ingest(PEOPLE)
    ran = away.run("profile", "crmid", "c1")
    assert (ran.code, ran.document["error"]["code"]) == (1, "not_found")
    assert "the row may have been rejected" in ran.document["error"]["detail"]


def test_a_missing_key_is_refused_with_a_hint_how_to_create_one(cli: CommandLine) -> None:
    ran = cli.run("requests", "--json", PENSTOCK_URL="http://127.0.0.1:9", PENSTOCK_API_KEY="")
    assert "penstock key create --data DIR" in ran.document["error"]["faults"][0]["hint"]


def test_without_a_home_that_can_be_written_the_file_is_ingested_all_the_same(away: Away) -> None:
    (away.cli.folder / "state").write_text("no folder")
    ran = away.ingest(PEOPLE)
    assert ran.code == 0
    assert "XDG_STATE_HOME" in ran.stderr


def test_a_file_that_has_changed_is_a_new_upload(idle: Away) -> None:
    path, command = idle.cli.file(PEOPLE), ("--source", "crm", "--map", "crmid=crmid!")
    process = idle.start("ingest", path, *command)
    begun(process)
    process.kill()
    process.communicate()
    path.write_text(PEOPLE.replace("C1", "C3"))
    other = idle.start("ingest", path, *command)
    begun(other)
    other.kill()
    other.communicate()
    assert len(idle.requests()) == 2
