"""What every answer and every error of the API has, as a client sees it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from tests.support.http_system import HttpSystem, serving
from tests.support.raw_http import answered


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpSystem]:
    with serving(tmp_path_factory.mktemp("problems") / "data") as running:
        yield running


def test_a_problem_leads_to_a_page_about_its_code(system: HttpSystem) -> None:
    problem = system.viewer.get("/v1/requests/none").json()
    page = system.viewer.get(problem["type"], headers={"Authorization": ""})
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.headers["content-security-policy"] == "default-src 'none'"
    assert f"<h1>{problem['title']}</h1>" in page.text


def test_an_unknown_code_has_no_page(system: HttpSystem) -> None:
    assert system.viewer.get("/problems/none").json()["code"] == "not_found"


def test_every_answer_has_an_id_of_its_own(system: HttpSystem) -> None:
    answers = [system.viewer.get(path) for path in ("/healthz", "/healthz", "/v1/requests", "/openapi.json", "/none")]
    ids = [answer.headers["x-request-id"] for answer in answers]
    assert len(set(ids)) == len(ids)
    assert answers[-1].json()["instance"] == f"urn:uuid:{ids[-1]}"


def test_an_answer_to_malformed_http_has_an_id(system: HttpSystem) -> None:
    answer = answered(system.url, "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n")
    (call_id,) = re.findall(r"(?i)^x-request-id: (\S+)\r$", answer.head, re.MULTILINE)
    assert json.loads(answer.body)["instance"] == f"urn:uuid:{call_id}"
