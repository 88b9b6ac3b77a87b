"""Which calls are sent again, and after which pause."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec
import pytest

from penstock.client import Client, ServerUnavailable, Unavailable, retries
from penstock.client.errors import Repeat
from penstock.domain.access.permissions import Role
from penstock.domain.errors import Fault, Problem

DEFAULTS = {
    "mode": None,
    "notify": [],
    "max_rejects": None,
    "max_file_bytes": None,
    "encoding": None,
    "clean_headers": None,
    "quoted": None,
}
SOURCE = json.dumps(
    {
        "name": "crm",
        "display_name": "CRM",
        "description": "",
        "owner": "",
        "defaults": DEFAULTS,
        "last_file": None,
        "archived": False,
        "used": False,
        "revision": 1,
    }
).encode()
KEY = msgspec.json.encode(
    {
        "key_id": "1",
        "name": "n",
        "role": "viewer",
        "created_at": "2026-01-01T00:00:00Z",
        "expires_at": None,
        "last_used_at": None,
        "key": "pk_1",
    }
)


class Server(ThreadingHTTPServer):
    """Answers the calls with `answers`, one after another: a status, and a Retry-After; 0 breaks the connection."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[tuple[int, str]] = []
        self.calls = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.server.calls += 1
        status, retry_after = self.server.answers.pop(0)
        if status == 0:
            self.connection.close()
            return
        fault = Fault(code="rate_limited", message="too many", hint="Wait.")
        problem = Problem(code="rate_limited", title="t", detail="too many", faults=[fault])
        body = msgspec.json.encode(problem.to_json())
        if status < 300:
            body = KEY if self.path.endswith("/api-keys") else SOURCE
        self.send_response(status)
        self.send_header("Content-Type", "application/problem+json" if status >= 400 else "application/json")
        self.send_header("Content-Length", str(len(body)))
        if retry_after:
            self.send_header("Retry-After", retry_after)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    taken: list[float] = []
    monkeypatch.setattr(retries.time, "sleep", taken.append)
    return taken


@pytest.mark.parametrize("first", [0, 429, 502, 503, 504])
def test_a_repeatable_call_is_sent_again(server: Server, pauses: list[float], first: int) -> None:
    server.answers = [(first, ""), (first, ""), (201, "")]
    with Client(server.url, "k") as client:
        assert client.catalog.create_source("crm")["name"] == "crm"
    assert server.calls == 3
    assert len(pauses) == 2
    assert 0.25 <= pauses[0] <= 0.5 <= pauses[1] <= 1.0


@pytest.mark.parametrize(("first", "calls"), [(0, 1), (502, 1), (503, 1), (429, 2)])
def test_a_call_that_may_have_been_carried_out_is_not_sent_again(
    server: Server, pauses: list[float], first: int, calls: int
) -> None:
    server.answers = [(first, ""), (201, "")]
    with Client(server.url, "k") as client:
        if calls == 1:
            with pytest.raises(ServerUnavailable):
                client.create_key(Role.VIEWER, "n")
        else:
            assert client.create_key(Role.VIEWER, "n")["key"] == "pk_1"
    assert (server.calls, len(pauses)) == (calls, calls - 1)


def test_the_server_says_how_long_to_wait(server: Server, pauses: list[float]) -> None:
    server.answers = [(503, "7"), (201, "")]
    with Client(server.url, "k") as client:
        client.catalog.create_source("crm")
    (pause,) = pauses
    assert 7 <= pause <= 7.5


def test_a_server_that_asks_for_an_hour_gets_no_further_call(server: Server, pauses: list[float]) -> None:
    server.answers = [(503, "3600")]
    with Client(server.url, "k") as client, pytest.raises(ServerUnavailable) as raised:
        client.catalog.create_source("crm")
    assert (raised.value.code, raised.value.retry_after) == ("rate_limited", 3600)
    assert [fault.hint for fault in raised.value.faults] == ["Wait."]
    assert (server.calls, pauses) == (1, [])


def test_an_error_of_the_server_itself_is_not_repeated(server: Server, pauses: list[float]) -> None:
    server.answers = [(500, "")]
    with Client(server.url, "k") as client, pytest.raises(Unavailable):
        client.catalog.create_source("crm")
    assert (server.calls, pauses) == (1, [])


def test_attempts_end(server: Server, pauses: list[float]) -> None:
    server.answers = [(503, "")] * (retries.ATTEMPTS + 1)
    with Client(server.url, "k") as client, pytest.raises(ServerUnavailable):
        client.catalog.create_source("crm")
    assert server.calls == retries.ATTEMPTS


def test_pauses_are_bounded() -> None:
    error = ServerUnavailable("away", Repeat.ALWAYS)
    assert all(retries.pause_seconds(attempt, error) <= retries.MAX_PAUSE_SECONDS for attempt in (1, 5, 50, 5_000))
