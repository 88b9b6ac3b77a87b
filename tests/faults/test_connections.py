"""Attacks on connections, over real sockets: a client that sends nothing, slowly or without end stops no other."""

from __future__ import annotations

import json
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from penstock.config import Settings
from penstock.domain.access.permissions import Role
from penstock.wiring import embedded
from services.uploader.api import incoming, requests, uploads
from services.uploader.console import signing_in
from services.uploader.console.forms import OF_ANYBODY, FormLimits
from services.uploader.server import protocol
from tests.support.access import key_of
from tests.support.http_system import COLUMNS, HEADER, HttpSystem, form, serving
from tests.support.raw_http import (
    BOUNDARY,
    HOST,
    SECONDS,
    answer_on,
    answered,
    connected,
    ended,
    many_connected,
    upload_head,
)
from tests.support.waiting import until

MIB = 1 << 20
FORM = f"{HOST}Sec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\n"
HALF_OPEN = f"GET /healthz HTTP/1.1\r\n{HOST}X-Slow: ".encode()
LAST_ROWS = f"phone\tpreferences\nc1\t\t\n\r\n--{BOUNDARY}--\r\n"
ROWS = (HEADER + "c1\t\tshoes\n").encode()

SERVE = """
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024))
from penstock.config import Settings
from penstock.runner.signals import run_until_signalled
from services.standalone.system import Standalone
from services.uploader.main import api_server

with Standalone(Settings(data=Path(sys.argv[1])), workers=0) as it:
    server = api_server(it.system, "127.0.0.1", 0, problems=it.supervisor.problems)
    print(server.url, flush=True)
    run_until_signalled([server])
"""


@pytest.fixture(autouse=True)
def _many_files() -> Iterator[None]:
    """This process may hold all the sockets of a test."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.fixture
def system(tmp_path: Path) -> Iterator[HttpSystem]:
    """A system that only takes in."""
    with serving(tmp_path / "data", ingesting=False) as running:
        yield running


@contextmanager
def few_files(folder: Path) -> Iterator[str]:
    """The whole system in a process that may open 1,024 files, and no more."""
    command = [sys.executable, "-c", SERVE, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def key(folder: Path, tenant_id: str) -> dict[str, str]:
    system = embedded(Settings(data=folder))
    secret = key_of(system, Role.UPLOADER, tenant_id)
    system.close()
    return {"Authorization": f"Bearer {secret}"}


def completed(client: httpx.Client) -> bool:
    """An upload goes in, and is ingested."""
    answer = first_upload(client)
    with client.stream("GET", f"/v1/requests/{answer.json()['request_id']}/events") as events:
        reported = [json.loads(line[6:]) for line in events.iter_lines() if line.startswith("data: ")]
    return bool(reported[-1]["status"] == "COMPLETED")


def first_upload(client: httpx.Client) -> httpx.Response:
    """Into a tenant that has no data source yet."""
    assert client.post("/v1/data-sources", json={"name": "crm"}).status_code == 201
    answer = client.post("/v1/uploads", files=form(ROWS))
    assert answer.status_code == 202, answer.text
    return answer


def test_a_thousand_unfinished_headers_block_no_other_call(tmp_path: Path) -> None:
    bearer = key(tmp_path, "default")
    with (
        few_files(tmp_path) as url,
        many_connected(url, 1_000, HALF_OPEN),
        httpx.Client(base_url=url, headers=bearer, timeout=SECONDS) as client,
    ):
        health = httpx.get(f"{url}/healthz", timeout=SECONDS)
        assert health.status_code == 200
        assert health.elapsed.total_seconds() < 10  # a hundredth of it on a machine that does nothing else
        assert completed(client)


@pytest.mark.parametrize("path", ["/signin", "/signout"])
def test_forms_of_nobody_that_do_not_end_block_no_other_call(tmp_path: Path, path: str) -> None:
    bearer = key(tmp_path, "default")
    form_begun = f"POST {path} HTTP/1.1\r\n{FORM}Content-Length: 1000\r\n\r\na=".encode()
    with few_files(tmp_path) as url, connected(url) as uploading:
        assert httpx.post(f"{url}/v1/data-sources", json={"name": "crm"}, headers=bearer).status_code == 201
        begin_admitted(uploading, upload_head(bearer["Authorization"], output()))
        with many_connected(url, 300, form_begun):
            begun = time.monotonic()
            # A form that has just arrived is not waited for yet, so that the first calls may find no room.
            until(lambda: httpx.get(f"{url}/healthz", timeout=SECONDS).status_code == 200)
            assert time.monotonic() - begun < OF_ANYBODY.seconds, "only the forms' deadline made room"
            uploading.sendall(f"{len(LAST_ROWS):x}\r\n{LAST_ROWS}\r\n0\r\n\r\n".encode())
            assert answer_on(uploading).status == 202, "the connection of a known caller stays open"


def begin_admitted(connection: socket.socket, begun: bytes) -> None:
    """Send the beginning of a call; its body once the server asks for it, because it knows the caller by then."""
    head, end, body = begun.partition(b"\r\n\r\n")
    connection.sendall(head + b"\r\nExpect: 100-continue" + end)
    connection.settimeout(SECONDS)
    answer = b""
    while end not in answer:
        answer += connection.recv(1)
    assert answer.startswith(b"HTTP/1.1 100 "), answer
    connection.sendall(body)


def test_the_form_of_nobody_is_small_and_has_a_deadline(system: HttpSystem, monkeypatch: pytest.MonkeyPatch) -> None:
    head = f"POST /signin HTTP/1.1\r\n{FORM}Content-Length: "
    assert answered(system.url, f"{head}10000\r\n\r\na=").status == 413
    monkeypatch.setattr(signing_in, "OF_ANYBODY", FormLimits(1_000, 16, 0.2))
    assert answered(system.url, f"{head}1000\r\n\r\na=").status == 408


def test_the_api_does_not_start_with_too_few_files(tmp_path: Path) -> None:
    command = 'ulimit -n 256 && exec "$0" -c "from services.cli.main import main; main()" up --data "$1" --port 0'
    ran = subprocess.run(
        ["sh", "-c", command, sys.executable, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert ran.returncode == 1
    assert "ulimit -n 1024" in ran.stderr


def test_headers_that_arrive_byte_by_byte_have_a_deadline(system: HttpSystem, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEADER_SECONDS", 0.5)
    with connected(system.url) as connection:
        connection.sendall(HALF_OPEN)
        connection.settimeout(0.05)
        until(lambda: dripped(connection))


def dripped(connection: socket.socket) -> bool:
    """Send another byte; whether the connection is over."""
    try:
        connection.sendall(b"x")
        return connection.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


def test_a_second_request_has_the_same_deadline(system: HttpSystem, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEADER_SECONDS", 0.5)
    with connected(system.url) as connection:
        connection.sendall(f"GET /healthz HTTP/1.1\r\n{HOST}\r\n".encode())
        assert answer_on(connection).status == 200
        connection.sendall(HALF_OPEN)
        assert ended(connection)


def test_an_endless_body_is_not_read_to_its_end_after_a_refusal(system: HttpSystem) -> None:
    head = f"POST /v1/uploads HTTP/1.1\r\n{HOST}Content-Length: {256 * MIB}\r\n\r\n"
    sent = 0
    with connected(system.url) as connection:
        connection.sendall(head.encode())
        answer = answer_on(connection)
        try:
            while sent < 256 * MIB:
                sent += connection.send(b"x" * MIB)
        except ConnectionError:
            pass
    assert (answer.status, answer.code) == (401, "unauthorized")
    assert sent < 64 * MIB, "beside what the server reads, the kernel takes some"


def test_ordinary_clients_see_the_refusal_of_a_large_body(system: HttpSystem, tmp_path: Path) -> None:
    body = b"x" * (20 * MIB)
    (tmp_path / "body").write_bytes(body)
    url = f"{system.url}/v1/uploads"
    assert httpx.post(url, content=body, timeout=SECONDS).status_code == 401
    curl = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--data-binary", f"@{tmp_path / 'body'}", url]
    for more in ([], ["-H", "Expect:"]):
        ran = subprocess.run([*curl, *more], capture_output=True, text=True, timeout=SECONDS, check=False)
        assert ran.stdout == "401"


def test_a_connection_stays_open_after_a_small_unread_body(system: HttpSystem) -> None:
    with connected(system.url) as connection:
        for _ in range(3):
            connection.sendall(f"POST /v1/uploads HTTP/1.1\r\n{HOST}Content-Length: 100000\r\n\r\n".encode())
            assert answer_on(connection).status == 401
            connection.sendall(b"x" * 100_000)


def test_a_body_that_drips_is_given_up(system: HttpSystem, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incoming, "WAIT_SECONDS", 0.5)
    with connected(system.url) as connection:
        connection.sendall(upload_head(authorization(system.uploader), output()))
        connection.settimeout(0.05)
        until(lambda: dripped_chunk(connection))
        connection.settimeout(SECONDS)
        answer = answer_on(connection)
    assert (answer.status, answer.code) == (408, "body_too_slow")
    assert system.stored_keys() == []


def test_a_body_has_a_deadline_however_fast_it_arrives(system: HttpSystem, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incoming, "BODY_SECONDS", 0.5)
    with connected(system.url) as connection:
        connection.sendall(upload_head(authorization(system.uploader), output()))
        connection.settimeout(0.01)
        until(lambda: dripped_chunk(connection, b"2000\r\n" + b"x" * 0x2000 + b"\r\n"))
        connection.settimeout(SECONDS)
        answer = answer_on(connection)
    assert (answer.status, answer.code) == (408, "body_too_slow")
    assert system.stored_keys() == []


def dripped_chunk(connection: socket.socket, chunk: bytes = b"1\r\nx\r\n") -> bool:
    """Send more of the body, a byte unless said otherwise; whether there is an answer."""
    connection.sendall(chunk)
    try:
        return bool(connection.recv(1, socket.MSG_PEEK))
    except TimeoutError:
        return False


TINY_CHUNKS = b"1\r\nx\r\n" * 200_000  # more than a second of work, were they parsed


def test_tiny_chunks_of_an_unread_body_are_not_parsed(system: HttpSystem) -> None:
    begun = f"POST /healthz HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n\r\n".encode()
    with many_connected(system.url, 20, begun) as connections, ThreadPoolExecutor(20) as senders:
        assert [answer_on(each).status for each in connections] == [405] * 20
        sent = [senders.submit(sent_until_closed, each, TINY_CHUNKS) for each in connections]
        health = httpx.get(f"{system.url}/healthz", timeout=SECONDS)
        assert health.elapsed.total_seconds() < 3
        for each in sent:
            each.result()


def sent_until_closed(connection: socket.socket, content: bytes) -> None:
    with suppress(ConnectionError):
        connection.sendall(content)


def test_a_body_in_tiny_chunks_is_refused(system: HttpSystem) -> None:
    with connected(system.url) as connection:
        connection.sendall(upload_head(authorization(system.uploader), output()))
        sent_until_closed(connection, TINY_CHUNKS[:300_000])
        answer = answer_on(connection)
    assert (answer.status, answer.code) == (400, "bad_request")
    assert b"chunks" in answer.body
    assert system.stored_keys() == []


def output() -> dict[str, Any]:
    return {"data_source": "crm", "mapping": COLUMNS}


def authorization(client: httpx.Client) -> str:
    return str(client.headers["authorization"])


def test_slow_uploads_of_a_key_leave_its_tenant_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "SLOT_SECONDS", 0.1)
    with serving(tmp_path / "data", ingesting=False) as system:
        begun = upload_head(authorization(system.uploader), output())
        with many_connected(system.url, uploads.UPLOADS_PER_KEY, begun):
            until(lambda: system.upload(ROWS).status_code == 429)
            refused = system.upload(ROWS)
            assert refused.json()["code"] == "too_many_calls"
            assert int(refused.headers["retry-after"]) > 0
            assert system.admin.post("/v1/uploads", files=form(ROWS)).status_code == 202
        until(lambda: system.upload(ROWS).status_code == 202)


def test_three_hundred_event_streams_leave_room(system: HttpSystem) -> None:
    request_id = system.upload(ROWS).json()["request_id"]
    with ExitStack() as stack:
        others = [stack.enter_context(system.client(Role.VIEWER)) for _ in range(4)]
        answers = []
        for client in [system.viewer] * 60 + others * 60:
            connection = stack.enter_context(connected(system.url))
            connection.sendall(events_of(request_id, client))
            answers.append(int(connection.recv(1 << 16).split()[1]))
        assert answers[:60].count(200) == requests.STREAMS_PER_KEY
        assert answers.count(200) == requests.STREAMS_PER_TENANT
        assert set(answers) == {200, 429}
        with system.client(Role.UPLOADER, tenant_id="other") as other:
            first_upload(other)
            assert other.get("/readyz").status_code == 200
    until(lambda: answered(system.url, events_of("none", system.viewer)).status == 404)


def events_of(request_id: str, client: httpx.Client) -> bytes:
    asked = f"GET /v1/requests/{request_id}/events HTTP/1.1\r\n{HOST}Authorization: {authorization(client)}\r\n\r\n"
    return asked.encode()


def test_a_client_that_takes_no_answer_is_dropped(system: HttpSystem, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "STALL_SECONDS", 0.2)
    asked = f"GET /openapi.json HTTP/1.1\r\n{HOST}\r\n".encode()
    with connected(system.url) as connection:
        connection.settimeout(0.05)
        until(lambda: refuses(connection, asked))


def refuses(connection: socket.socket, request: bytes) -> bool:
    """Send one request more; whether the connection is over."""
    try:
        connection.sendall(request)
    except TimeoutError:
        return False
    except ConnectionError:
        return True
    return False


AMBIGUOUS = [
    "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n",
    "Content-Length: 2\r\nContent-Length: 2\r\n",
    "Content-Length: 2\r\nContent-Length: 3\r\n",
    "Content-Length: 2, 2\r\n",
    "content-length: 2\r\nX: y\r\nCONTENT-LENGTH:2\r\n",
    "Content-Length: +2\r\n",
]


@pytest.mark.parametrize("lengths", AMBIGUOUS)
def test_a_length_that_can_be_read_in_two_ways_is_refused(system: HttpSystem, lengths: str) -> None:
    answer = answered(system.url, f"POST /v1/data-sources HTTP/1.1\r\n{HOST}{lengths}\r\n2\r\n{{}}\r\n0\r\n\r\n")
    assert (answer.status, answer.code) == (400, "bad_request")
    assert "application/problem+json" in answer.head


TWO_READINGS = [
    "Authorization: Bearer\r\n KEY\r\n",
    "Transfer-Encoding:\r\n\tchunked\r\n",
    "X: y\nTransfer-Encoding: chunked\r\n",
    "X: y\n\nGET /healthz HTTP/1.1\r\n",
    "X: y\rTransfer-Encoding: chunked\r\n",
]


@pytest.mark.parametrize("headers", TWO_READINGS)
def test_a_header_whose_end_can_be_read_in_two_ways_is_refused(system: HttpSystem, headers: str) -> None:
    answer = answered(system.url, f"GET /healthz HTTP/1.1\r\n{HOST}{headers}\r\n0\r\n\r\n")
    assert (answer.status, answer.code) == (400, "bad_request")
    assert b"CRLF" in answer.body


@pytest.mark.parametrize(("size", "status"), [(30_000, 200), (40_000, 400), (200_000, 400)])
def test_headers_that_arrive_at_once_have_the_same_limit(system: HttpSystem, size: int, status: int) -> None:
    answer = answered(system.url, f"GET /healthz HTTP/1.1\r\n{HOST}X: {'x' * size}\r\n\r\n")
    assert answer.status == status


def test_the_second_of_two_requests_is_checked_as_strictly(system: HttpSystem) -> None:
    good = f"GET /healthz HTTP/1.1\r\n{HOST}X: content-length\r\n\r\n"
    bad = f"POST /healthz HTTP/1.1\r\n{HOST}{AMBIGUOUS[2]}\r\n{{}}"
    with connected(system.url) as connection:
        connection.sendall((good + bad).encode())
        assert answer_on(connection).status == 200
        assert answer_on(connection).status == 400


@pytest.mark.parametrize(
    "written",
    [
        "Authorization: Bearer\xa0{key}",
        "Authorization: Bearer {key}\xa0",
        "Authorization: Bearer  {key}",
        "Authorization: Bearer\t{key}",
        "Authorization: Bearer {key} {key}",
        "Authorization: Bearer {key},",
        "Authorization: Basic {key}",
        "Authorization: {key}",
        "Authorization: Bearer {key}\r\nAuthorization: Bearer {key}",
        "Authorization: Bearer {key}\r\nauthorization: Basic eDp5",
    ],
)
def test_a_key_is_sent_in_one_header_and_one_spelling(system: HttpSystem, written: str) -> None:
    secret = authorization(system.viewer).split()[1]
    asked = "GET /v1/requests HTTP/1.1\r\n" + HOST + "{}\r\n\r\n"
    assert answered(system.url, asked.format(f"Authorization: Bearer {secret}")).status == 200
    answer = answered(system.url, asked.format(written.format(key=secret)))
    assert (answer.status, answer.code) == (401, "unauthorized")
