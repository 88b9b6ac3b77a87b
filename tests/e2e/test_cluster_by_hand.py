"""docs/cluster.md as a person follows it: its commands, in their order, on real servers."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from penstock.adapters.cluster.cassandra_cluster import CassandraSettings
from penstock.adapters.cluster.cassandra_session import CassandraSession
from tests.support.documents import code_blocks
from tests.support.servers import Servers

PAGE = "docs/cluster.md"
SECONDS = 480  # of the whole page, on a machine that does much else


@pytest.fixture
def variables(real_servers: Servers, penstock_command: list[str]) -> Iterator[dict[str, str]]:
    """The addresses that the page leaves open, and names that no other test uses."""
    addresses, name = real_servers.use("kafka", "cassandra", "s3").addresses, f"hand-{uuid.uuid4().hex[:12]}"
    host, port = addresses.cassandra
    yield {
        **os.environ,
        "PATH": f"{Path(penstock_command[0]).parent}:{os.environ['PATH']}",
        "KAFKA": addresses.kafka,
        "CASSANDRA": host,
        "CASSANDRA_PORT": str(port),
        "S3": addresses.s3_url,
        "S3_ACCESS_KEY": addresses.s3_access_key,
        "S3_SECRET_KEY": addresses.s3_secret_key,
        "NAME": name,
        "KEYSPACE": name.replace("-", "_"),
        "PORT": str(free_port()),
        "HEALTH_PORT": str(free_port()),
    }
    settings = CassandraSettings(contact_points=(host,), port=port, keyspace=name.replace("-", "_"))
    with closing(CassandraSession(settings)) as session:
        session.define("DROP KEYSPACE IF EXISTS {ks}")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


def test_the_page_leads_to_a_first_profile(variables: dict[str, str], tmp_path: Path) -> None:
    script = "\n".join(["set -eu -o pipefail", *code_blocks(PAGE)])
    shell = subprocess.Popen(
        ["bash", "-c", script],
        cwd=tmp_path,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        displayed, output = shell.communicate(timeout=SECONDS)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGKILL)  # services of a page that broke off
    logs = {path.name: path.read_text()[-1000:] for path in tmp_path.glob("*.log")}
    assert shell.returncode == 0, "\n".join([displayed, output, *map(str, logs.items())])
    assert "COMPLETED" in displayed
    assert "ann@example.org" in displayed
    assert stat.S_IMODE((tmp_path / "secrets" / "keys.json").stat().st_mode) == 0o600
    assert all("Traceback" not in log for log in logs.values()), logs
