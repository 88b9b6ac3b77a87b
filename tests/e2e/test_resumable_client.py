"""How the client sends a file in parts: what is sent again after a lost connection or a kill."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.client import Client, retries
from penstock.client import client as client_module
from penstock.client.parts import RemoteFiles
from penstock.client.progress import Quiet
from penstock.client.upload_order import UploadOrder
from penstock.documents.inspections import AcceptedView
from penstock.domain.access.permissions import Role
from penstock.domain.errors import Refused, Unavailable
from penstock.domain.files.draft import PART_BYTES
from penstock.failpoints import FailpointError, installed
from services.cli.ingest_backends import HttpBackend
from services.cli.output import Document, Output
from services.cli.progress import Lines
from services.cli.upload_file import UploadFile
from tests.support.access import key_of
from tests.support.command_line import CommandLine
from tests.support.free_ports import free_port
from tests.support.http_system import COLUMNS, HttpSystem, serving
from tests.support.waiting import until

ROW = b"\tblue shoes, red socks and " + b"x" * 9_000
CONTENT = b"crmid\tpreferences\n" + b"".join(b"c%d%s\n" % (row, ROW) for row in range(1_000))
PARTS = -(-len(CONTENT) // PART_BYTES)
ORDER = UploadOrder(data_source="crm", force=True)  # tests send the same file
MAPPING = [COLUMNS[0], COLUMNS[2]]


messages: list[str] = []  # to the person who waits


class Sent(Quiet):
    """Counts the bytes, and notes the messages."""

    def __init__(self) -> None:
        self.bytes = 0

    def stored(self, size: int) -> None:
        self.bytes += size

    def say(self, message: str) -> None:
        messages.append(message)


class Parts(RemoteFiles):
    """Notes the parts that are sent; before or after the n-th call, something happens."""

    sent: ClassVar[list[int]] = []
    before: ClassVar[dict[int, BaseException]] = {}
    after: ClassVar[dict[int, BaseException]] = {}

    def append(self, file_id: str, offset: int, part: bytes) -> int:
        number = len(self.sent)
        self.sent.append(offset)
        if number in self.before:
            raise self.before[number]
        end = super().append(file_id, offset, part)
        if number in self.after:
            raise self.after[number]
        return end


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpSystem]:
    with serving(tmp_path_factory.mktemp("client") / "data", ingesting=False) as running:
        put = running.uploader.put("/v1/data-sources/crm/mapping", json={"columns": MAPPING})
        assert put.status_code == 200, put.text
        yield running


@pytest.fixture(autouse=True)
def parts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> type[Parts]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(retries, "FIRST_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(client_module, "RemoteFiles", Parts)
    monkeypatch.setattr(Parts, "sent", [])
    messages.clear()
    monkeypatch.setattr(Parts, "before", {})
    monkeypatch.setattr(Parts, "after", {})
    return Parts


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "people.tsv"
    path.write_bytes(CONTENT)
    return path


def upload(system: HttpSystem, path: Path, order: UploadOrder = ORDER) -> AcceptedView:
    key = key_of(system.standalone.system, Role.UPLOADER, "default")
    progress = Sent()
    with Client(system.url, key) as client:
        request = client.upload(path, order, progress)
    assert progress.bytes == path.stat().st_size
    return request


def content_of(system: HttpSystem, request: AcceptedView) -> bytes:
    """The file of a request as it is stored."""
    stored = system.standalone.system.requests.get("default", request["request_id"])
    objects = system.standalone.system.objects
    ref = objects.stat(stored.object_key)
    return b"".join(system.standalone.system.files.open("default", ref).stream())


def kept(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "state" / "penstock" / "uploads"
    return sorted(folder.iterdir()) if folder.exists() else []


def test_a_large_file_goes_in_parts(system: HttpSystem, path: Path, tmp_path: Path) -> None:
    request = upload(system, path)
    assert (request["file_name"], request["bytes"]) == ("people.tsv", len(CONTENT))
    assert Parts.sent == [PART_BYTES * number for number in range(PARTS)]
    assert content_of(system, request) == CONTENT
    assert kept(tmp_path) == []
    assert upload(system, path)["request_id"] != request["request_id"]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_connection_costs_one_part(
    system: HttpSystem, path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    monkeypatch.setattr(Parts, when, {1: Unavailable("the connection was lost"), 2: Unavailable("again")})
    request = upload(system, path)
    assert content_of(system, request) == CONTENT
    assert len(Parts.sent) <= PARTS + 2
    assert messages == ["Waiting: the connection was lost", *messages[1:]]
    assert len(messages) <= 2


def test_a_killed_command_goes_on_where_it_was(
    system: HttpSystem, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Parts, "after", {1: KeyboardInterrupt()})
    with pytest.raises(KeyboardInterrupt):
        upload(system, path)
    (record,) = kept(tmp_path)
    assert record.stat().st_mode & 0o777 == 0o600
    assert set(json.loads(record.read_bytes())) == {"key", "file_id"}
    assert len(Parts.sent) == 2
    request = upload(system, path)
    assert messages == ["Continuing after 8.4 MB of people.tsv"]
    assert Parts.sent[2:] == [PART_BYTES * number for number in range(2, PARTS)]
    assert content_of(system, request) == CONTENT
    assert kept(tmp_path) == []


def test_a_command_killed_before_its_answer_gets_the_same_request(
    system: HttpSystem, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted: list[AcceptedView] = []
    accept = RemoteFiles.accept

    def killed(self: RemoteFiles, *arguments: Any) -> AcceptedView:
        accepted.append(accept(self, *arguments))
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Parts, "accept", killed)
        with pytest.raises(KeyboardInterrupt):
            upload(system, path)
    assert upload(system, path)["request_id"] == accepted[0]["request_id"]
    assert len(Parts.sent) == PARTS


def test_a_changed_file_is_a_new_upload(system: HttpSystem, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Parts, "after", {1: KeyboardInterrupt()})
    with pytest.raises(KeyboardInterrupt):
        upload(system, path)
    path.write_bytes(CONTENT + b"c9\tlast\n")
    assert content_of(system, upload(system, path)) == CONTENT + b"c9\tlast\n"
    assert Parts.sent[2] == 0


def test_a_file_that_the_server_has_deleted_is_sent_again(
    system: HttpSystem, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Parts, "after", {0: KeyboardInterrupt()})
    with pytest.raises(KeyboardInterrupt):
        upload(system, path)
    for file in system.uploader.get("/v1/files").json()["files"]:
        system.uploader.delete(f"/v1/files/{file['file_id']}", headers={"Tus-Resumable": "1.0.0"})
    assert content_of(system, upload(system, path)) == CONTENT
    assert len(Parts.sent) == 1 + PARTS


def test_an_ingest_in_parts_saves_its_mapping_when_the_file_is_accepted(
    system: HttpSystem, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = [ColumnSpec(column="crmid", attribute="crmid", identifier=True)]
    order, key = UploadOrder(data_source="till"), key_of(system.standalone.system, Role.UPLOADER, "default")
    monkeypatch.setattr(Parts, "after", {1: KeyboardInterrupt()})

    def begin() -> tuple[bool, Document]:
        with Client(system.url, key) as client, UploadFile(path) as file:
            out = Output(as_json=True)
            backend = HttpBackend(client, out)
            request = backend.begin(file, order, columns, Lines(out))
            return backend.may_resume, request

    with pytest.raises(KeyboardInterrupt):
        begin()
    assert "till" not in sources(system)
    (_, first), (resumed, second) = begin(), begin()
    assert resumed
    assert second["request_id"] == first["request_id"]
    assert len(Parts.sent) == PARTS
    assert "till" in sources(system)


def sources(system: HttpSystem) -> set[str]:
    return {each["name"] for each in system.viewer.get("/v1/data-sources").json()["data_sources"]}


def test_a_header_that_does_not_fit_costs_one_part(system: HttpSystem, path: Path, tmp_path: Path) -> None:
    path.write_bytes(CONTENT.replace(b"crmid", b"other", 1))
    with pytest.raises(Refused) as refused:
        upload(system, path)
    assert refused.value.code == "unknown_mapped_column"
    assert Parts.sent == [0]
    assert system.uploader.get("/v1/files").json()["files"] == []
    assert kept(tmp_path) == []


def test_an_unknown_source_costs_one_part(system: HttpSystem, path: Path) -> None:
    with pytest.raises(Refused) as refused:
        upload(system, path, UploadOrder(data_source="crn"))
    assert refused.value.code == "unknown_data_source"
    assert Parts.sent == [0]


@pytest.mark.parametrize("name", ["uploader.object_stored", "uploader.request_created", "uploader.event_sent"])
def test_a_server_that_fails_while_it_accepts_makes_one_request(system: HttpSystem, path: Path, name: str) -> None:
    before = len(system.viewer.get("/v1/requests?limit=200").json()["requests"])
    failed: list[str] = []

    def fail_once(reached: str) -> None:
        if reached == name and not failed:
            failed.append(reached)
            raise FailpointError(name)

    with installed(fail_once):
        request = upload(system, path)
    assert failed
    assert len(system.viewer.get("/v1/requests?limit=200").json()["requests"]) == before + 1
    assert content_of(system, request) == CONTENT


def test_an_upload_survives_an_uploader_that_is_killed(penstock_command: list[str], tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    cli = CommandLine(penstock_command, tmp_path / "here")
    path, port = cli.file(CONTENT), free_port()
    maps = ("--map", "crmid=crmid!", "--map", "preferences=cross_sell_product")
    assert cli.run("mapping", "set", "crm", *maps, "--json").code == 0
    secret = cli.run("key", "create", "--role", "admin", "--name", "ann", "--json").document["key"]
    away = {"PENSTOCK_URL": f"http://127.0.0.1:{port}", "PENSTOCK_API_KEY": secret}

    def up(**variables: str) -> subprocess.Popen[str]:
        return cli.start("up", "--port", port, "--data", cli.data, **variables)

    first = up(PENSTOCK_FAILPOINT="uploader.part_stored:2")
    second: subprocess.Popen[str] | None = None
    try:
        until(lambda: _answers(away["PENSTOCK_URL"]))
        command = cli.start("upload", path, "--source", "crm", "--json", **away)
        assert first.wait(timeout=120) == -signal.SIGKILL
        second = up()
        printed, messages = command.communicate(timeout=180)
        assert command.returncode == 0, messages
        request = json.loads(printed.splitlines()[-1])
        ended = cli.run("watch", request["request_id"], "--json", **away).document
        assert (ended["status"], ended["rows_ingested"], ended["bytes"]) == ("COMPLETED", 1_000, len(CONTENT))
        assert len(cli.run("requests", "--json", **away).document["requests"]) == 1
    finally:
        for process in (first, second):
            if process is not None:
                process.kill()
                process.communicate()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", timeout=5).status_code == 200
    except httpx.TransportError:
        return False
