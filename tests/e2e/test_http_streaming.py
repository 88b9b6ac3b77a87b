"""Bodies stream: memory does not grow with a file, and half a body or half an answer is not taken for whole."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from penstock.config import Settings
from penstock.domain.access.permissions import Role
from penstock.domain.errors import Unavailable
from penstock.wiring import embedded
from services.uploader.api import requests
from tests.support.access import key_of
from tests.support.http_system import COLUMNS, HEADER, HttpSystem, serving

MIB = 1 << 20
BOUNDARY = "a-boundary"


@pytest.fixture
def system(tmp_path: Path) -> Iterator[HttpSystem]:
    """A system that only takes in."""
    with serving(tmp_path / "data", ingesting=False, max_file_bytes=300 * MIB) as running:
        yield running


def streamed(size: int) -> Iterator[bytes]:
    """The body of an upload of about `size` bytes."""
    output = json.dumps({"data_source": "crm", "mapping": COLUMNS})
    yield f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="request"\r\n\r\n{output}\r\n'.encode()
    yield f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="f.tsv"\r\n\r\n{HEADER}'.encode()
    rows = b"c1\t+31612345678\tshoes\r\n" * 2_900
    for _ in range(size // len(rows)):
        yield rows
    yield f"\r\n--{BOUNDARY}--\r\n".encode()


def post(system: HttpSystem, body: Iterator[bytes]) -> httpx.Response:
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    return system.uploader.post("/v1/uploads", content=body, headers=headers)


def test_memory_does_not_grow_with_an_upload(system: HttpSystem) -> None:
    assert post(system, streamed(MIB)).status_code == 202
    tracemalloc.start()
    try:
        answer = post(system, streamed(200 * MIB))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert answer.status_code == 202
    request = system.standalone.system.requests.get("default", answer.json()["request_id"])
    assert request.object_size > 199 * MIB
    assert peak < 8 * MIB


def test_a_client_that_goes_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        for number, piece in enumerate(streamed(4 * MIB)):
            if number == 40:
                raise ConnectionAbortedError
            yield piece

    with serving(tmp_path / "data", ingesting=False) as system:
        with pytest.raises(ConnectionAbortedError):
            post(system, broken())
        assert post(system, streamed(MIB)).status_code == 202
        assert len(system.stored_keys()) == 1
    objects = (tmp_path / "data" / "objects").rglob("*")  # looked at once the server has ended what it was at
    assert len([path for path in objects if path.is_file()]) == 1


def test_an_outage_is_answered_with_when_to_try_again(system: HttpSystem, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any) -> None:
        raise Unavailable("the disk is full: free space under /secret/path")

    monkeypatch.setattr(system.standalone.system.objects, "put", away)
    answer = post(system, streamed(MIB))
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert int(answer.headers["retry-after"]) > 0
    assert "/secret/path" not in answer.text


def test_a_bug_is_answered_and_logged_without_its_text(
    system: HttpSystem,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    def buggy(*_: Any, **__: Any) -> None:
        raise ValueError("marked-value-4711")

    monkeypatch.setattr(system.standalone.system.reader, "lookup", buggy)
    answer = system.viewer.post("/v1/profiles:lookup", json={"namespace": "crmid", "value": "marked-value-4711"})
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    written = "".join(capfd.readouterr()) + caplog.text
    assert "ValueError" in written
    assert "marked-value" not in answer.text + written


def test_an_answer_that_breaks_off_is_not_taken_for_whole(
    system: HttpSystem,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    request_id = post(system, streamed(MIB)).json()["request_id"]
    monkeypatch.setattr(requests, "LOOK_EVERY_SECONDS", 0.01)
    get, calls = system.standalone.system.requests.get, []

    def once(*arguments: str) -> Any:
        calls.append(arguments)
        if len(calls) > 2:
            raise ValueError("marked-value-4712")
        return get(*arguments)

    monkeypatch.setattr(system.standalone.system.requests, "get", once)
    with pytest.raises(httpx.RemoteProtocolError):
        system.events(request_id)
    written = "".join(capfd.readouterr()) + caplog.text
    assert "ValueError" in written
    assert "marked-value" not in written


def test_a_client_that_stops_listening_is_noticed(system: HttpSystem, monkeypatch: pytest.MonkeyPatch) -> None:
    request_id = post(system, streamed(MIB)).json()["request_id"]
    monkeypatch.setattr(requests, "LOOK_EVERY_SECONDS", 0.01)
    ended = threading.Event()
    events = requests._events

    async def watched(*arguments: Any) -> Any:
        try:
            async for event in events(*arguments):
                yield event
        finally:
            ended.set()

    monkeypatch.setattr(requests, "_events", watched)
    with system.viewer.stream("GET", f"/v1/requests/{request_id}/events") as answer:
        assert next(answer.iter_lines()) == "retry: 2000"
    assert ended.wait(30)


SERVE = """
import sys
from pathlib import Path
from penstock.config import Settings
from penstock.runner.signals import run_until_signalled
from services.standalone.system import Standalone
from services.uploader.main import api_server

with Standalone(Settings(data=Path(sys.argv[1])), workers=0) as it:
    server = api_server(it.system, "127.0.0.1", 0, problems=it.supervisor.problems)
    print(server.url, flush=True)
    run_until_signalled([server])
print("stopped", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_and_its_calls(tmp_path: Path, number: signal.Signals) -> None:
    system = embedded(Settings(data=tmp_path / "data"))
    secret = key_of(system, Role.VIEWER, "default")
    system.close()
    command = [sys.executable, "-c", SERVE, str(tmp_path / "data")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        bearer = {"Authorization": f"Bearer {secret}"}
        assert httpx.get(f"{url}/v1/requests", params={"data_source": "asked_for"}, headers=bearer).status_code == 200
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "stopped\n")
    assert "asked_for" not in err
