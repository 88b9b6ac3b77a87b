"""A service's health, from outside its process, as a cluster's probes ask for it."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import stamina

from tests.support.command_line import CommandLine
from tests.support.free_ports import free_port
from tests.support.waiting import GIVE_UP_SECONDS

SERVICES = {"dispatcher": "penstock.dispatchers", "worker": "penstock.workers", "tracker": "penstock.trackers"}
AWAY = {"PENSTOCK_RUNTIME": "cluster", "PENSTOCK_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}
PEOPLE = "crmid\tcity\nC1\tUtrecht\nC2\tGouda\n"


@pytest.fixture
def cli(penstock_command: list[str], tmp_path: Path) -> CommandLine:
    return CommandLine(penstock_command, tmp_path)


@contextmanager
def serving(cli: CommandLine, service: str, *options: object, **variables: str) -> Iterator[str]:
    """The address of its health endpoint; it ends well on SIGTERM."""
    port = free_port()
    process = cli.start(service, "--health-port", port, *options, **variables)
    try:
        yield f"http://127.0.0.1:{port}"
        process.send_signal(signal.SIGTERM)
        assert process.wait(GIVE_UP_SECONDS) == 0, process.communicate()
    finally:
        process.kill()
        process.communicate()


def answer(url: str, until: Callable[[httpx.Response], bool]) -> httpx.Response:
    """Asks again and again until the answer is as it should be."""
    for attempt in stamina.retry_context(
        on=(httpx.TransportError, AssertionError), attempts=None, timeout=GIVE_UP_SECONDS
    ):
        with attempt:
            reported = httpx.get(url)
            assert until(reported), reported.text
    return reported


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_ready_when_it_works(cli: CommandLine, service: str) -> None:
    with serving(cli, service) as url:
        answer(f"{url}/readyz", lambda reported: reported.status_code == 200)
        assert httpx.get(f"{url}/healthz").status_code == 200
        assert f'penstock_events_total{{group="{SERVICES[service]}"}} 0.0' in httpx.get(f"{url}/metrics").text


def test_an_uploader_serves_its_health_beside_its_api(cli: CommandLine) -> None:
    port = free_port()
    with serving(cli, "uploader", "--port", port) as url:
        answer(f"{url}/readyz", lambda reported: reported.status_code == 200)
        assert httpx.get(f"{url}/healthz").status_code == 200
        assert httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200
        assert httpx.get(f"http://127.0.0.1:{port}/v1/requests").status_code == 401


def test_the_embedded_system_serves_its_health_too(cli: CommandLine) -> None:
    with serving(cli, "up", "--port", 0, "--workers", 1) as url:
        answer(f"{url}/readyz", lambda reported: reported.status_code == 200)
        metrics = httpx.get(f"{url}/metrics").text
        assert 'penstock_events_total{group="penstock.dispatchers"} 0.0' in metrics
        assert "penstock_upload_bytes_total 0.0" in metrics


def test_handled_events_are_counted(cli: CommandLine) -> None:
    cli.run("mapping", "set", "crm", "--map", "crmid=crmid!", "--map", "city=town:pii")
    cli.run("upload", cli.file(PEOPLE), "--source", "crm", "--json")
    with serving(cli, "dispatcher") as url:
        counted = 'penstock_events_total{group="penstock.dispatchers"} 1.0'
        assert answer(f"{url}/metrics", lambda reported: counted in reported.text)


@pytest.mark.parametrize("service", ["uploader", "worker"])
def test_a_service_whose_servers_are_away_is_alive_and_not_ready(cli: CommandLine, service: str) -> None:
    with serving(cli, service, **AWAY) as url:
        assert answer(f"{url}/healthz", lambda _: True).status_code == 200
        refused = httpx.get(f"{url}/readyz")
        assert (refused.status_code, refused.json()["code"]) == (503, "not_ready")
        assert "waits for its servers" in refused.json()["detail"]


def test_a_service_that_waits_writes_one_line_and_stops_like_any_other(cli: CommandLine) -> None:
    port = free_port()
    process = cli.start("worker", "--health-port", port, **AWAY)
    try:
        answer(f"http://127.0.0.1:{port}/readyz", lambda reported: "Kafka" in reported.text)
        process.send_signal(signal.SIGTERM)
        output, log = process.communicate(timeout=GIVE_UP_SECONDS)
    finally:
        process.kill()
        process.communicate()
    assert (process.returncode, output) == (0, "Stopped.\n")
    assert [json.loads(line)["event"] for line in log.splitlines()] == ["dependency.unavailable"]
