"""An uploader that starts before its servers: alive, not ready, and at work once they are there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from penstock.domain.access.permissions import Role
from tests.support import messy_file
from tests.support.access import key_of
from tests.support.free_ports import free_port
from tests.support.installation import Installation, by_way_of, installation
from tests.support.servers import Servers
from tests.support.toxics import SpoiltConnection, spoilt_connection
from tests.support.waiting import until

WAITS = "the service waits for its servers"
# What the log says while a server is awaited, in the order in which they come up here.
LOGGED = {"kafka": "Kafka answers", "cassandra": "Cassandra cannot complete", "s3": "cannot be used in S3"}
FILES = [
    ("request", (None, '{"data_source": "crm"}', "application/json")),
    ("file", ("people.tsv", messy_file.BODY, "text/tab-separated-values")),
]


@pytest.fixture
def lines(real_servers: Servers) -> Iterator[dict[str, SpoiltConnection]]:
    """A way to each server that can be closed."""
    addresses = real_servers.use(*LOGGED, "toxiproxy").addresses
    host, port = addresses.cassandra
    behind = {
        "kafka": addresses.kafka,
        "cassandra": f"{host}:{port}",
        "s3": addresses.s3_url.removeprefix("http://"),
    }
    with ExitStack() as opened:
        yield {name: opened.enter_context(spoilt_connection(addresses.toxiproxy, behind[name])) for name in LOGGED}


@pytest.fixture
def place(real_servers: Servers, lines: dict[str, SpoiltConnection], tmp_path: Path) -> Iterator[Installation]:
    stack = real_servers.use(*LOGGED)
    ways = by_way_of(lines, stack.addresses)
    with installation(tmp_path, stack.addresses, [stack.folder], ways) as place:
        yield place


def test_a_command_waits_for_each_missing_server_names_it_and_continues(
    place: Installation, lines: dict[str, SpoiltConnection]
) -> None:
    api, health = (f"http://127.0.0.1:{port}" for port in (free_port(), free_port()))
    options = ["--port", api.rpartition(":")[2], "--health-port", health.rpartition(":")[2]]
    with ExitStack() as stack:
        away = {name: stack.enter_context(ExitStack()) for name in LOGGED}
        for name, closed in away.items():
            closed.enter_context(lines[name].away())
        service = place.start("uploader", options)
        for name, text in LOGGED.items():
            place.await_log(service, text)
            assert httpx.get(f"{health}/healthz").status_code == 200
            reported = httpx.get(f"{health}/readyz")
            assert (reported.status_code, reported.json()["code"]) == (503, "not_ready")
            assert reported.json()["faults"][0]["message"] == WAITS
            assert text in reported.json()["detail"]
            away[name].close()
    until(lambda: httpx.get(f"{health}/readyz").status_code == 200)
    secret = key_of(place.system, Role.UPLOADER, messy_file.TENANT)
    place.system.catalog.create_source(messy_file.TENANT, "crm")
    accepted = httpx.post(f"{api}/v1/uploads", files=FILES, headers={"Authorization": f"Bearer {secret}"}, timeout=60)
    assert accepted.status_code == 202, accepted.text
    place.end(service)
