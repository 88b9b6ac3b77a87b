"""Errors when --url is not the address of a Penstock."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec
import pytest

from penstock.client import Client, Misconfigured, ServerUnavailable, retries
from penstock.domain.errors import NotFound, PenstockError, Problem, Refused, Unavailable
from penstock.domain.requests.public_view import to_public
from penstock.domain.requests.request import Request

HTML = b"<html>Sign in to the hotel's network</html>"
PROBLEM = "application/problem+json"


def problem(code: str, detail: str) -> bytes:
    return msgspec.json.encode(Problem(code=code, title="no", detail=detail).to_json())


def page(next: str | None = None, **changes: str) -> bytes:
    request = Request(
        request_id="x", tenant_id="default", data_source="crm", file_name="f", uploaded_by="u", accepted_at=1
    )
    return msgspec.json.encode({"requests": [{**to_public(request, 1), **changes}], "next": next})


ANSWERS = {  # by path: status, media type, body
    "page": (200, "text/html", HTML),
    "missing": (404, "text/html; charset=utf-8", HTML),
    "proxy": (502, "text/html", HTML),
    "moved": (301, "text/html", HTML),
    "list": (200, "application/json", b"[1]"),
    "cut": (200, "application/json", b'{"requests": ['),
    "key": (401, PROBLEM, problem("unauthorized", "there is no valid API key")),
    "none": (404, PROBLEM, problem("not_found", "there is no request x")),
    "busy": (429, PROBLEM, problem("rate_limited", "too many look-ups")),
    "later": (503, PROBLEM, problem("unavailable", "a part is away; try again later")),
    "date": (200, "application/json", page(accepted_at="yesterday")),
    "fields": (200, "application/json", b'{"requests": [{}], "next": null}'),
    "same": (200, "application/json", page(next="x")),
    "long": (200, "application/json", b'{"a": "' + b"a" * 70_000 + b'"}'),
    "fault": (422, PROBLEM, b'{"a": "' + b"a" * 70_000 + b'"}'),
    "away": (503, PROBLEM, problem("unavailable", "a part of Penstock is away")),
}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, kind, body = ANSWERS[self.path.split("/")[1]]
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if status == 301:
            self.send_header("Location", "https://other.example/")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "FIRST_PAUSE_SECONDS", 0.0)


def raised(url: str, key: str = "k") -> PenstockError:
    with pytest.raises(PenstockError) as error, Client(url, key) as client:
        client.request_page(limit=1)
    return error.value


@pytest.mark.parametrize(
    ("path", "kind", "words"),
    [
        ("page", Misconfigured, "answered 200 with text/html, which is not from Penstock's API"),
        ("missing", Misconfigured, "answered 404 with text/html, which is not from Penstock's API"),
        ("moved", Misconfigured, "redirects to 'https://other.example/'"),
        ("list", Misconfigured, "is not from Penstock's API"),
        ("cut", Misconfigured, "is not from Penstock's API"),
        (
            "proxy",
            ServerUnavailable,
            "answered 502 with text/html, which is not from Penstock's API: it may come from a proxy",
        ),
        ("key", Refused, "there is no valid API key"),
        ("none", NotFound, "there is no request x"),
        ("busy", ServerUnavailable, "too many look-ups; try again later"),
        ("later", ServerUnavailable, "the server answered: a part is away; try again later"),
        ("date", Unavailable, "does not look like Penstock's"),
        ("fields", Unavailable, "does not look like Penstock's"),
        ("away", ServerUnavailable, "a part of Penstock is away; try again later"),
    ],
)
def test_an_unexpected_answer_is_reported(address: str, path: str, kind: type[PenstockError], words: str) -> None:
    error = raised(f"{address}/{path}")
    assert type(error) is kind
    assert words in str(error)
    assert "hotel" not in str(error)


def test_the_advice_to_retry_later_is_given_once(address: str) -> None:
    assert str(raised(f"{address}/later")).count("later") == 1


@pytest.mark.parametrize(
    ("path", "bound", "words"),
    [
        ("long", "penstock.client.connection.MAX_DOCUMENT_BYTES", "longer than 1,000 bytes"),
        ("fault", "penstock.client.driver_errors.MAX_PROBLEM_BYTES", "longer than 1,000 bytes"),
    ],
)
def test_an_answer_without_end_is_not_read_on(
    address: str, path: str, bound: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bound, 1_000)
    error = raised(f"{address}/{path}")
    assert type(error) is Unavailable
    assert words in str(error)


def test_a_line_without_end_is_not_read_on(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.client.answers.MAX_LINE_BYTES", 1_000)
    monkeypatch.setattr("penstock.client.client.REJECT_FILES", ("application/json",))
    with (
        pytest.raises(Unavailable, match="longer than 1,000 bytes"),
        Client(f"{address}/long", "k") as it,
    ):
        list(it.rejects("x"))


def test_pages_that_come_again_are_not_asked_for_without_end(address: str) -> None:
    with (
        pytest.raises(Unavailable, match="the same page again"),
        Client(f"{address}/same", "k") as client,
    ):
        client.request_page(limit=1_000, before="x")


def test_the_error_of_a_wrong_key_says_where_the_key_comes_from(address: str) -> None:
    error = raised(f"{address}/key")
    assert isinstance(error, Refused)
    (fault,) = error.faults
    assert "PENSTOCK_API_KEY" in fault.hint


@pytest.mark.parametrize(
    ("url", "kind", "words"),
    [
        ("http://127.0.0.1:9", ServerUnavailable, "cannot connect to http://127.0.0.1:9/v1; is the system running"),
        ("http://nowhere.invalid", ServerUnavailable, "unknown host: http://nowhere.invalid/v1"),
        ("http://", Misconfigured, "the server's URL is not a web address"),
        ("127.0.0.1:8080", Misconfigured, "the server's URL is not a web address"),
        ("http://127.0.0.1:99999", Misconfigured, "is not a web address"),
    ],
)
def test_an_address_that_leads_nowhere_is_reported(url: str, kind: type[PenstockError], words: str) -> None:
    error = raised(url)
    assert type(error) is kind
    assert words in str(error)


def test_a_failed_tls_handshake_is_reported(address: str) -> None:
    assert "securely" in str(raised(address.replace("http:", "https:")))


@pytest.mark.parametrize("key", ["", " \n", "pk_é", "pk_a\nb"])
def test_a_text_that_cannot_be_a_key_is_reported(key: str) -> None:
    error = raised("http://127.0.0.1:9", key)
    assert isinstance(error, Misconfigured)
    assert error.code == "no_key"
