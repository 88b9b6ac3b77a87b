"""What a service says when its servers are not as they must be: one sentence and its fix, and nothing is done."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.stack.fleet import Fleet
from penstock.adapters.cluster.cassandra_cluster import CassandraSettings
from penstock.adapters.cluster.cassandra_schema import VERSION
from penstock.adapters.cluster.cassandra_session import CassandraSession
from penstock.config import load_section
from tests.support.servers import Servers
from tests.support.waiting import GIVE_UP_SECONDS


@pytest.fixture(scope="module")
def fleet(real_servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """One for all tests, which leave it usable."""
    addresses = real_servers.use("kafka", "cassandra", "s3").addresses
    with Fleet(addresses, tmp_path_factory.mktemp("fleet"), f"start-{uuid.uuid4().hex[:12]}") as fleet:
        yield fleet
        session = session_of(fleet)
        session.define("DROP KEYSPACE IF EXISTS {ks}")
        session.close()


def session_of(fleet: Fleet) -> CassandraSession:
    return CassandraSession(load_section(CassandraSettings, "cassandra", fleet.variables))


def refused(fleet: Fleet, command: list[str], **variables: str) -> str:
    """What a command says that is refused at once."""
    environment = {**fleet.variables, **{f"PENSTOCK_{name}": value for name, value in variables.items()}}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=GIVE_UP_SECONDS
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.parametrize("command", ["requests", "worker"])
@pytest.mark.parametrize(
    ("variables", "code", "hint"),
    [
        ({"KAFKA_PREFIX": "never-made."}, "topic_missing", "penstock migrate"),
        ({"CASSANDRA_KEYSPACE": "never_made"}, "schema_missing", "penstock migrate"),
        ({"S3_BUCKET": "never-made"}, "bucket_missing", "Create it"),
        ({"CHUNK_PARTITIONS": "70"}, "too_few_partitions", "PENSTOCK_CHUNK_PARTITIONS"),
    ],
)
def test_a_missing_or_wrong_key_file_is_reported_with_a_hint(
    fleet: Fleet, penstock_command: list[str], command: str, variables: dict[str, str], code: str, hint: str
) -> None:
    output = refused(fleet, [*penstock_command, command], **variables)
    assert f"({code})" in output
    assert hint in output


def test_a_topic_that_is_missing_is_named_as_the_cluster_does(fleet: Fleet, penstock_command: list[str]) -> None:
    output = refused(fleet, [*penstock_command, "requests"], KAFKA_PREFIX="never-made.")
    assert "Kafka has no topic never-made.penstock.upload-offered" in output


def test_a_missing_key_file_is_reported_with_its_setting(
    fleet: Fleet, penstock_command: list[str], tmp_path: Path
) -> None:
    output = refused(fleet, [*penstock_command, "requests"], KEY_FILE=str(tmp_path / "none.json"))
    assert "(key_file_missing)" in output
    assert "PENSTOCK_KEY_FILE" in output
    assert "PENSTOCK_AUTHORITY_FILE" in output
    assert "penstock key-file create" in output
    assert "PENSTOCK_DATA" not in output


def test_every_topic_keeps_its_events_as_the_settings_say(fleet: Fleet, penstock_command: list[str]) -> None:
    kept = fleet.run("migrate")["retention_days"]
    assert kept == {}
    longer = {**fleet.variables, "PENSTOCK_DEAD_LETTER_RETENTION_DAYS": "60"}
    done = subprocess.run([*penstock_command, "migrate"], env=longer, capture_output=True, text=True, check=True)
    assert f"Topic {fleet.name}.penstock.dead-letter now keeps events for 60 days." in done.stdout


def test_migrating_again_reports_the_version_and_refuses_only_more_partitions(
    fleet: Fleet, penstock_command: list[str]
) -> None:
    assert fleet.run("migrate")["version"] == VERSION
    assert "(too_few_partitions)" in refused(fleet, [*penstock_command, "migrate"], CHUNK_PARTITIONS="70")
    fewer = {**fleet.variables, "PENSTOCK_CHUNK_PARTITIONS": "7"}
    assert subprocess.run([*penstock_command, "migrate"], env=fewer, capture_output=True, check=False).returncode == 0


def test_a_keyspace_of_a_newer_penstock_is_left_alone(fleet: Fleet, penstock_command: list[str]) -> None:
    session = session_of(fleet)
    session.write("INSERT INTO {ks}.schema_migrations (component, version) VALUES (?, ?)", "penstock", VERSION + 1)
    try:
        for command in ("worker", "migrate"):
            assert "(schema_too_new)" in refused(fleet, [*penstock_command, command])
    finally:
        session.write("DELETE FROM {ks}.schema_migrations WHERE component = ? AND version = ?", "penstock", VERSION + 1)
        session.close()
