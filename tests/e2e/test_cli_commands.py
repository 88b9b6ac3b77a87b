"""Every other command: the system that stays up, its clients, the catalog, keys, and what a wrong call is answered."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.command_line import CommandLine
from tests.support.waiting import GIVE_UP_SECONDS

PEOPLE = "crmid\temail\tcity\nC1\ta@example.com\tUtrecht\nC2\tnobody\tGouda\n"


@pytest.fixture
def cli(penstock_command: list[str], tmp_path: Path) -> CommandLine:
    return CommandLine(penstock_command, tmp_path)


@contextmanager
def running(cli: CommandLine, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """A command that runs until a signal stops it, and then stops cleanly."""
    process = cli.start(*arguments)
    try:
        yield process
        process.send_signal(signal.SIGTERM)
        assert process.wait(GIVE_UP_SECONDS) == 0, process.communicate()
    finally:
        process.kill()
        process.communicate()


def started(process: subprocess.Popen[str]) -> dict[str, Any]:
    """The JSON document with which a service says that it is there."""
    assert process.stdout is not None
    document: dict[str, Any] = json.loads(process.stdout.readline())
    return document


def prepared(cli: CommandLine) -> Path:
    """A source with a mapping, and a file for it."""
    cli.run("mapping", "set", "crm", "--map", "crmid=crmid!", "--map", "email=email", "--map", "city=town:pii")
    return cli.file(PEOPLE)


def test_a_running_system_takes_files_from_its_folder_and_over_http(cli: CommandLine) -> None:
    path = prepared(cli)
    with running(cli, "up", "--port", 0, "--workers", 1, "--json") as up:
        url = started(up)["url"]
        assert httpx.get(f"{url}/openapi.json").status_code == 200
        key = cli.run("key", "create", "--role", "admin", "--json").document["key"]
        there = {"PENSTOCK_URL": url, "PENSTOCK_API_KEY": key}
        for variables in ({}, there):
            request = cli.run("upload", path, "--source", "crm", "--force", "--json", **variables).document
            watched = cli.run("watch", request["request_id"], "--json", **variables)
            assert (watched.code, watched.document["status"]) == (0, "COMPLETED")
            assert watched.document["file_name"] == "people.tsv"
            assert cli.run("request", request["request_id"], "--json", **variables).document == watched.document
        listed = [cli.run("requests", "--json", **variables).document for variables in ({}, there)]
        assert listed[0] == listed[1]
        assert len(listed[0]["requests"]) == 2
        rejects = [cli.run("rejects", request["request_id"], **variables).stdout for variables in ({}, there)]
        assert rejects[0] == rejects[1]
        assert rejects[0].splitlines()[1].split("\t")[:3] == [
            "3",
            "email: The value is not an e-mail address. Write one address, such as name@example.com (not_an_email)",
            "C2",
        ]
        for options in ((), ("--lineage",), ("--reveal",)):
            asked = ("profile", "crmid", "C1", *options, "--json")
            assert cli.run(*asked).document == cli.run(*asked, **there).document
        assert cli.run("undo", request["request_id"], "--json", **there).document["status"] == "REVERTED"
        refused = cli.run("cancel", request["request_id"], "--json", **there)
        assert (refused.code, refused.fault_codes) == (1, ["cannot_cancel"])
        assert cli.run("request", "none", "--json", **there).document["error"]["code"] == "not_found"
        wrong = {**there, "PENSTOCK_API_KEY": "pk_default_" + "0" * 64}
        assert cli.run("requests", "--json", **wrong).document["error"]["code"] == "unauthorized"
        audit = httpx.get(f"{url}/v1/audit", headers={"Authorization": f"Bearer {key}"}).json()["entries"]
        assert sum(entry["action"] == "profile.reveal" for entry in audit) == 2
    away = cli.run("requests", "--json", **there)
    assert (away.code, away.document["error"]["code"]) == (3, "unavailable")


def test_four_services_of_their_own_do_the_same(cli: CommandLine) -> None:
    path = prepared(cli)
    key = cli.run("key", "create", "--role", "uploader", "--json").document["key"]
    with (
        running(cli, "uploader", "--port", 0, "--json") as uploader,
        running(cli, "dispatcher"),
        running(cli, "worker"),
        running(cli, "tracker"),
    ):
        there = {"PENSTOCK_URL": started(uploader)["url"], "PENSTOCK_API_KEY": key}
        request = cli.run("upload", path, "--source", "crm", "--notify", "a@example.com", "--json", **there).document
        ended = cli.run("watch", request["request_id"], "--json", **there)
        assert (ended.code, ended.document["rows_ingested"], ended.document["rows_rejected"]) == (0, 1, 1)


def test_an_upload_waits_for_a_system_and_can_be_cancelled(cli: CommandLine) -> None:
    path = prepared(cli)
    request = cli.run("upload", path, "--source", "crm", "--json").document
    assert request["status"] == "SCHEDULED"
    assert cli.run("cancel", request["request_id"], "--json").document["status"] == "CANCELLED"
    watched = cli.run("watch", request["request_id"], "--json")
    assert (watched.code, watched.document["status"]) == (1, "CANCELLED")
    assert cli.profile("crmid", "C1") == {}


def test_the_catalog(cli: CommandLine) -> None:
    assert cli.run("source", "create", "crm", "--display-name", "Customers", "--json").document["name"] == "crm"
    made = cli.run("attribute", "create", "joined", "--format", "date(dd/MM/yyyy)", "--pii", "--json").document
    assert (made["format"], made["pii"], made["custom"]) == ("date(dd/MM/yyyy)", True, True)
    listed = cli.run("attribute", "list", "--json").document["attributes"]
    assert {"crmid", "email", "phone", "joined"} <= {each["name"] for each in listed}
    maps = ("--map", "id=crmid!", "--map", "since=joined", "--map", "town=town", "--policy", "town=keep_first")
    saved = cli.run("mapping", "set", "crm", *maps, "--json").document
    assert (saved["version"], saved["created_attributes"]) == (1, ["town"])
    displayed = cli.run("mapping", "show", "crm", "--json").document
    assert [(each["column"], each["identifier"], each["policy"]) for each in displayed["columns"]] == [
        ("id", True, "overwrite"),
        ("since", False, "overwrite"),
        ("town", False, "keep_first"),
    ]
    (source,) = cli.run("source", "list", "--json").document["data_sources"]
    assert (source["name"], source["display_name"]) == ("crm", "Customers")
    for table in (("source", "list"), ("attribute", "list", "--custom"), ("mapping", "show", "crm")):
        assert {"source": "Customers", "attribute": "joined", "mapping": "since"}[table[0]] in cli.run(*table).stdout


def test_a_key_can_expire(cli: CommandLine) -> None:
    made = cli.run("key", "create", "--role", "viewer", "--expires-in", "90d", "--json").document
    assert made["expires_at"] > made["created_at"]
    (listed,) = cli.run("key", "list", "--json").document["api_keys"]
    assert (listed["expires_at"], listed["last_used_at"]) == (made["expires_at"], None)
    wrong = cli.run("key", "create", "--role", "viewer", "--expires-in", "soon", "--json")
    assert (wrong.code, wrong.document["error"]["code"]) == (2, "invalid_duration")


def test_a_mapping_is_shown_with_its_formats(cli: CommandLine) -> None:
    maps = ("--map", "id=crmid!", "--map", "tel=phone:phone(NL)", "--map", "born=birth_date:date(dd/MM/yyyy)")
    saved = cli.run("mapping", "set", "crm", *maps, "--json").document
    assert [each["format"] for each in saved["columns"]] == ["text", "phone(NL)", "date(dd/MM/yyyy)"]
    assert cli.run("mapping", "show", "crm", "--json").document == saved


def test_a_mapping_that_was_shown_can_be_set_from_a_file(cli: CommandLine) -> None:
    maps = ("--map", "id=crmid!", "--map", "tel=tel:pii:phone(NL)", "--policy", "tel=keep_first")
    cli.run("mapping", "set", "crm", *maps)
    displayed = cli.run("mapping", "show", "crm", "--json")
    file = cli.file(displayed.stdout, "mapping.json")
    assert cli.run("mapping", "set", "crm", "--file", file, "--json").document == displayed.document
    again = cli.run("mapping", "set", "pos", "--file", "-", "--json", stdin=displayed.stdout.encode()).document
    assert again["columns"] == displayed.document["columns"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("{no json", "malformed_json"),
        ("no: [yaml", "malformed_yaml"),
        ('{"columns": [{"column": "a"}]}', "invalid_request"),
    ],
)
def test_a_file_that_is_no_mapping_is_refused(cli: CommandLine, content: str, code: str) -> None:
    ran = cli.run("mapping", "set", "crm", "--file", cli.file(content, "mapping.json"), "--json")
    assert (ran.code, ran.fault_codes) == (2, [code])
    assert "mapping.json" in ran.document["error"]["detail"]


def test_keys_are_shown_once_and_end_when_they_are_revoked(cli: CommandLine) -> None:
    made = cli.run("key", "create", "--role", "viewer", "--name", "report", "--json").document
    listed = cli.run("key", "list", "--json").stdout
    assert made["key"] not in listed
    assert made["key_id"] in listed
    assert cli.run("key", "revoke", made["key_id"], "--json").code == 0
    assert cli.run("key", "list", "--json").document["api_keys"] == []
    assert cli.run("key", "revoke", made["key_id"], "--json").document["error"]["code"] == "not_found"


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (("requests", "--nothing"), 2, "usage"),
        (("ingest",), 2, "usage"),
        (("nothing",), 2, "usage"),
        (("up", "--port", "no"), 2, "usage"),
        (("request", "none"), 2, "no_data_folder"),
        (("requests", "--url", "http://127.0.0.1:9"), 2, "no_key"),
        (("requests", "--url", "http://127.0.0.1:9", "--key", "k"), 3, "unavailable"),
        (("requests", "--url", "127.0.0.1:9", "--key", "k"), 2, "invalid_url"),
        (("upload", "none.tsv", "--source", "crm", "--segment", "Big Spenders"), 2, "invalid_name"),
        (("attribute", "create", "Big"), 1, "invalid_name"),
    ],
)
def test_a_wrong_command_is_refused_with_the_reason(
    cli: CommandLine, arguments: tuple[str, ...], code: int, error: str
) -> None:
    ran = cli.run(*arguments, "--json")
    assert (ran.code, ran.document["error"]["code"]) == (code, error)
    assert ran.document["error"]["detail"] in " ".join(ran.stderr.split()) or ran.document["error"]["faults"]


@pytest.mark.parametrize(
    ("command", "instead"), [("up", "penstock uploader, dispatcher, worker, tracker"), ("demo", "make demo-cluster")]
)
def test_a_command_of_the_embedded_system_names_its_counterpart_on_a_cluster(
    cli: CommandLine, command: str, instead: str
) -> None:
    ran = cli.run(command, "--json", PENSTOCK_RUNTIME="cluster")
    assert (ran.code, ran.fault_codes) == (2, ["cluster_runtime"])
    assert instead in " ".join(ran.stderr.split())
    assert list(cli.folder.iterdir()) == []


def test_nothing_is_known_of_a_stranger(cli: CommandLine) -> None:
    prepared(cli)
    unknown = cli.run("profile", "crmid", "C9", "--json")
    assert (unknown.code, unknown.document["error"]["code"]) == (1, "not_found")
    error = cli.run("profile", "email", "no address", "--json")
    assert (error.code, error.fault_codes) == (1, ["not_an_email"])
    assert "no address" not in error.stderr


def test_a_reader_that_goes_away_is_no_error(cli: CommandLine) -> None:
    cli.run("source", "create", "crm")
    reader, writer = os.pipe()
    os.close(reader)
    command = [*cli.command, "attribute", "list", "--json"]
    with os.fdopen(writer) as gone:
        ran = subprocess.run(command, env=cli.environment(), stdout=gone, stderr=subprocess.PIPE, check=False)
    assert (ran.returncode, ran.stderr) == (141, b"")


def test_the_demo(cli: CommandLine) -> None:
    ran = cli.run("demo", "--data", "sample", "--json")
    assert (ran.code, ran.document["status"]) == (0, "COMPLETED")
    assert (ran.document["rows_read"], ran.document["rows_rejected"]) == (20_000, 120)
    assert set(ran.document["reject_reasons"].values()) == {20}
    assert len(ran.document["reject_reasons"]) == 6
    masked, revealed = ran.document["profile"], ran.document["revealed"]
    assert masked["attributes"]["email"] == "***"
    assert revealed["attributes"]["email"].endswith("@example.com")
    assert {origin["row"] for origin in revealed["lineage"].values()} == {43}
    corrections = ran.document["corrections"]
    assert (corrections["status"], corrections["parent_id"]) == ("COMPLETED", ran.document["request_id"])
    assert (corrections["rows_accepted"], corrections["rows_rejected"]) == (120, 0)
    after = cli.run("profile", "crmid", "C0000042", "--data", "sample", "--json").document
    assert after["attributes"]["city"] == revealed["attributes"]["city"] != "Atlantis"


def test_the_command_that_a_running_system_suggests_ingests_a_file(cli: CommandLine) -> None:
    file = cli.file(PEOPLE)
    with running(cli, "up", "--port", 0, "--workers", 1) as up:
        assert up.stdout is not None
        steps: dict[str, list[str]] = {}
        for line in up.stdout:
            label, _, command = line.partition("  ")
            steps[label] = shlex.split(command.partition("penstock ")[2])
            if "penstock upload" in line:  # the last step
                break
        key = cli.run(*steps["Create a key"], "--json").document["key"]
        assert cli.run(*steps["Save a mapping"]).code == 0
        upload = (file if word == "FILE" else word for word in steps["Upload a file"])
        ran = cli.run(*upload, "--json", PENSTOCK_API_KEY=key)
        assert (ran.code, ran.document["file_name"]) == (0, file.name)


def test_the_commands_that_the_demo_suggests_work_on_its_folder(cli: CommandLine) -> None:
    lines = cli.run("demo", "--data", "sample").stdout.partition("Next steps")[2].splitlines()[1:]
    commands = [shlex.split(line) for line in lines if line.strip()]
    assert [command[:2] for command in commands] == [
        ["penstock", "profile"],
        ["penstock", "requests"],
        ["penstock", "ingest"],
        ["penstock", "up"],
    ]
    assert [command[-2:] for command in commands] == [["--data", "sample"]] * 4
    file = cli.file(PEOPLE)
    for command in commands[:3]:
        assert cli.run(*(file if word == "FILE" else word for word in command[1:])).code == 0
