"""Each server away in turn, and back: reported once, and what was accepted meanwhile is ingested."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from penstock.domain.access.permissions import Role
from tests.support import messy_file
from tests.support.access import key_of
from tests.support.free_ports import free_port
from tests.support.installation import Installation, by_way_of, installation
from tests.support.invariant import check_finished, check_finished_first, check_safe
from tests.support.servers import Servers
from tests.support.toxics import SpoiltConnection, spoilt_connection
from tests.support.waiting import until

pytestmark = pytest.mark.server_faults

OUTAGE_SECONDS = 30.0  # long enough for many tries of every part
MOST_SECONDS = 15.0  # for an upload to be answered while the event log is away; alone it takes four
SERVICES = ("uploader", "dispatcher", "worker", "tracker")
NEEDED_BY = {"kafka": SERVICES, "cassandra": SERVICES, "s3": SERVICES[:3]}  # the tracker opens no file
FILES = [
    ("request", (None, json.dumps({"data_source": "crm", "notify": [messy_file.ADDRESS]}), "application/json")),
    ("file", ("people.tsv", messy_file.BODY, "text/tab-separated-values")),
]
ONCE_EACH = ["dependency.unavailable", "dependency.available"]
REPEATED = ("stamina.retry_scheduled", "consume.waiting", "consume.log_away", "periodic.waiting", "tracker.waiting")


@pytest.fixture
def lines(real_servers: Servers) -> Iterator[dict[str, SpoiltConnection]]:
    """A way to each server that can be closed; Kafka's is the one to which its clients are sent on."""
    stack = real_servers.use("kafka", "cassandra", "s3", "toxiproxy")
    addresses = stack.addresses
    host, port = addresses.cassandra
    s3 = addresses.s3_url.removeprefix("http://")
    with (
        httpx.Client(base_url=addresses.toxiproxy) as api,
        spoilt_connection(addresses.toxiproxy, f"{host}:{port}") as cassandra,
        spoilt_connection(addresses.toxiproxy, s3) as objects,
    ):
        kafka = SpoiltConnection(api, "kafka", f"127.0.0.1:{stack.ports.kafka_proxy}")
        yield {"kafka": kafka, "cassandra": cassandra, "s3": objects}


@pytest.fixture
def place(real_servers: Servers, lines: dict[str, SpoiltConnection], tmp_path: Path) -> Iterator[Installation]:
    stack = real_servers.use("kafka", "cassandra", "s3")
    ways = by_way_of(lines, stack.addresses)
    with installation(tmp_path, stack.addresses, [stack.folder], ways) as place:
        yield place


class Running:
    """One service of each kind, with the address of its health endpoint."""

    def __init__(self, place: Installation) -> None:
        ports = [free_port() for _ in range(len(SERVICES) + 1)]
        self._place, self.api, self.names, self.health = place, f"http://127.0.0.1:{ports[-1]}", {}, {}
        for kind, port in zip(SERVICES, ports, strict=False):
            api = ["--port", str(ports[-1])] if kind == "uploader" else []
            self.names[kind] = place.start(kind, ["--health-port", str(port), *api])
            self.health[kind] = f"http://127.0.0.1:{port}"

    def await_ready(self) -> None:
        for url in self.health.values():
            until(lambda url=url: status(f"{url}/readyz") == 200)  # type: ignore[misc]

    def await_unready(self, dependency: str) -> None:
        for kind in NEEDED_BY[dependency]:
            url = self.health[kind]
            until(lambda url=url: status(f"{url}/readyz") == 503)  # type: ignore[misc]
            assert status(f"{url}/healthz") == 200
            assert f'penstock_dependency_up{{dependency="{dependency}"}} 0.0' in httpx.get(f"{url}/metrics").text

    def changes(self, kind: str, dependency: str) -> list[str]:
        lines = [json.loads(line) for line in self._place.log(self.names[kind]).splitlines() if line[:1] == "{"]
        return [line["event"] for line in lines if line.get("dependency") == dependency]


def status(url: str) -> int:
    """Of an answer; 0 while nobody listens."""
    try:
        return httpx.get(url).status_code
    except httpx.TransportError:
        return 0


@pytest.mark.parametrize("dependency", NEEDED_BY)
def test_a_server_that_goes_away_and_comes_back_is_reported_once(
    place: Installation, lines: dict[str, SpoiltConnection], dependency: str
) -> None:
    running = Running(place)
    running.await_ready()
    check_finished_first(place)
    place.upload(messy_file.longer(10))
    with lines[dependency].away():
        began = time.monotonic()
        running.await_unready(dependency)
        if dependency == "kafka":
            upload_while_kafka_is_away(place, running)
        check_safe(place)
        time.sleep(max(0.0, began + OUTAGE_SECONDS - time.monotonic()))
    running.await_ready()
    for kind in NEEDED_BY[dependency]:
        assert running.changes(kind, dependency) == ONCE_EACH, kind
    logs = "".join(place.log(service) for service in running.names.values())
    assert [event for event in REPEATED if event in logs] == []
    check_finished(place)


def upload_while_kafka_is_away(place: Installation, running: Running) -> None:
    """The file is stored and accepted: the answer says so, though no event can be sent yet."""
    secret = key_of(place.system, Role.UPLOADER, messy_file.TENANT)
    began = time.monotonic()
    answer = httpx.post(
        f"{running.api}/v1/uploads", files=FILES, headers={"Authorization": f"Bearer {secret}"}, timeout=120
    )
    assert answer.status_code == 202, answer.text
    assert time.monotonic() - began < MOST_SECONDS
    place.bodies[answer.json()["request_id"]] = messy_file.BODY
