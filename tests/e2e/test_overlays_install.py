"""`penstock migrate` with the settings of each Kubernetes overlay, on real servers."""

from __future__ import annotations

import json
import os
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import closing

import pytest

from penstock.adapters.cluster.cassandra_cluster import CassandraSettings
from penstock.adapters.cluster.cassandra_schema import VERSION
from penstock.adapters.cluster.cassandra_session import CassandraSession
from penstock.config import load_section
from tests.support.kustomize import OVERLAYS, Rendered, container
from tests.support.servers import Servers

LOCAL = "datacenter1"  # what the stack's one node calls its data centre
OF_SECURITY = {  # the stack's servers speak without TLS, and nobody signs in
    "PENSTOCK_KAFKA_SECURITY_PROTOCOL",
    "PENSTOCK_KAFKA_CA_FILE",
    "PENSTOCK_CASSANDRA_TLS",
    "PENSTOCK_CASSANDRA_TLS_CA_FILE",
}
ONE_BROKER = {"PENSTOCK_KAFKA_REPLICATION_FACTOR": "1"}
ONE_NODE = {"PENSTOCK_CASSANDRA_LOCAL_DC": LOCAL, "PENSTOCK_CASSANDRA_REPLICATION": f"{LOCAL}=1"}

pytestmark = pytest.mark.parametrize("overlay", OVERLAYS)


@pytest.fixture
def variables(overlay: str, real_servers: Servers) -> Iterator[dict[str, str]]:
    """Of the overlay's job that migrates, with the addresses of the stack and names that no other test uses."""
    addresses = real_servers.use("kafka", "cassandra").addresses
    built, name = Rendered(overlay), uuid.uuid4().hex[:12]
    assert container(built.pods()["migrate"])["args"] == ["migrate", "--json"]
    host, port = addresses.cassandra
    variables = {name: value for name, value in built.config.items() if name not in OF_SECURITY} | {
        "PENSTOCK_KAFKA_BOOTSTRAP_SERVERS": addresses.kafka,
        "PENSTOCK_KAFKA_PREFIX": f"{name}.",
        "PENSTOCK_CASSANDRA_CONTACT_POINTS": host,
        "PENSTOCK_CASSANDRA_PORT": str(port),
        "PENSTOCK_CASSANDRA_KEYSPACE": f"test_{name}",
    }
    yield variables
    with closing(CassandraSession(load_section(CassandraSettings, "cassandra", {**variables, **ONE_NODE}))) as session:
        session.define("DROP KEYSPACE IF EXISTS {ks}")


def migrate(command: list[str], variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **variables}
    return subprocess.run([*command, "migrate", "--json"], env=environment, capture_output=True, text=True, check=False)


def test_an_overlay_installs(penstock_command: list[str], variables: dict[str, str]) -> None:
    """Of the replication only the number of copies and the data centre's name are other than the overlay's."""
    copies = variables["PENSTOCK_CASSANDRA_REPLICATION"]
    assert copies.count("=") == 1
    assert copies.partition("=")[0] == variables["PENSTOCK_CASSANDRA_LOCAL_DC"]
    done = migrate(penstock_command, {**variables, **ONE_BROKER, **ONE_NODE})
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["version"] == VERSION


def test_an_overlay_for_other_servers_than_there_are_says_why(
    overlay: str, penstock_command: list[str], variables: dict[str, str]
) -> None:
    other = {"PENSTOCK_CASSANDRA_LOCAL_DC": LOCAL, "PENSTOCK_CASSANDRA_REPLICATION": "dc9=3"}
    done = migrate(penstock_command, {**variables, **ONE_BROKER, **other})
    assert done.returncode == 1
    assert "Unrecognized strategy option {dc9}" in done.stderr.replace("\n", " ")
    assert json.loads(done.stdout.splitlines()[-1])["error"]["code"] == "schema_refused"
