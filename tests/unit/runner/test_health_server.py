"""Health and metrics over real HTTP."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from penstock.application.consuming.processing import ConsumerCounts
from penstock.domain.errors import Unavailable
from penstock.runner.health_server import MAX_CONNECTIONS, METRICS, PROBLEM, serving_health
from penstock.runner.supervisor import Supervisor
from tests.support.waiting import until


class Asked(Supervisor):
    """A supervisor whose state the test decides."""

    def __init__(self) -> None:
        super().__init__()
        self.dead: list[str] = []
        self.wrong: list[str] = []

    def ended_parts(self) -> list[str]:
        return self.dead

    def problems(self) -> list[str]:
        return self.wrong


class Counting:
    """A part that has handled some events, and has ended."""

    def __init__(self, group: str, counts: ConsumerCounts) -> None:
        self.name = self.group = group
        self.counts = counts

    def run(self) -> None:
        """It is done."""

    def stop(self) -> None:
        """It has stopped."""

    def problems(self) -> list[str]:
        return []


@pytest.fixture
def supervisor() -> Asked:
    return Asked()


@pytest.fixture
def url(supervisor: Asked) -> Iterator[str]:
    with serving_health(supervisor, "127.0.0.1", 0) as url:
        assert url is not None
        yield url


def test_a_healthy_service_reports_ok(url: str) -> None:
    assert httpx.get(f"{url}/healthz").json() == {"status": "ok"}
    assert httpx.get(f"{url}/readyz?verbose").json() == {"status": "ready"}


@pytest.mark.parametrize(("path", "other"), [("/healthz", "/readyz"), ("/readyz", "/healthz")])
def test_each_problem_is_a_fault_of_the_answer(url: str, supervisor: Asked, path: str, other: str) -> None:
    reported = supervisor.dead if path == "/healthz" else supervisor.wrong
    reported += ["one thing", "another"]
    answer = httpx.get(url + path)
    assert (answer.status_code, answer.headers["content-type"]) == (503, PROBLEM)
    document = answer.json()
    assert (document["status"], document["code"], document["detail"]) == (503, "not_ready", "one thing; another")
    assert [fault["message"] for fault in document["faults"]] == ["one thing", "another"]
    assert httpx.get(url + other).status_code == 200


def test_every_group_has_its_counts(url: str, supervisor: Asked) -> None:
    supervisor.run(
        [Counting("penstock.workers", ConsumerCounts(7, 2)), Counting("penstock.dispatchers", ConsumerCounts(3, 0))]
    )
    answer = httpx.get(f"{url}/metrics")
    assert answer.headers["content-type"] == METRICS
    families = text_string_to_metric_families(answer.text)
    samples = [sample for family in families for sample in family.samples if "group" in sample.labels]
    assert {(sample.name, sample.labels["group"]): sample.value for sample in samples} == {
        ("penstock_events_total", "penstock.workers"): 7,
        ("penstock_events_total", "penstock.dispatchers"): 3,
        ("penstock_dead_letters_total", "penstock.workers"): 2,
        ("penstock_dead_letters_total", "penstock.dispatchers"): 0,
    }


def test_another_path_is_not_found(url: str) -> None:
    answer = httpx.get(f"{url}/nothing")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_silent_caller_delays_no_other(url: str) -> None:
    with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))):
        assert httpx.get(f"{url}/healthz").status_code == 200


def test_callers_that_never_finish_are_only_so_many(url: str) -> None:
    before = threading.active_count()
    with ExitStack() as stack:
        for _ in range(4 * MAX_CONNECTIONS):
            caller = stack.enter_context(socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))))
            caller.sendall(b"GET /healthz")
        assert httpx.get(f"{url}/healthz", timeout=60).status_code == 200
        until(lambda: threading.active_count() <= before + MAX_CONNECTIONS)


def test_the_health_server_ends_with_its_service(supervisor: Asked) -> None:
    with serving_health(supervisor, "127.0.0.1", 0) as url:
        pass
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/healthz")


def test_without_a_port_there_is_none(supervisor: Asked) -> None:
    before = threading.active_count()
    with serving_health(supervisor, "127.0.0.1", None) as url:
        assert (url, threading.active_count()) == (None, before)


def test_a_port_that_is_taken_is_named(url: str) -> None:
    port = int(url.rpartition(":")[2])
    with pytest.raises(Unavailable, match=f"cannot listen on 127.0.0.1, port {port}"):  # noqa: SIM117
        with serving_health(Asked(), "127.0.0.1", port):
            raise AssertionError


def test_the_address_may_be_one_of_ipv6(supervisor: Asked) -> None:
    with serving_health(supervisor, "::1", 0) as url:
        assert json.loads(httpx.get(f"{url}/readyz").content) == {"status": "ready"}
