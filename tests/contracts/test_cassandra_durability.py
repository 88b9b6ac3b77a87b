"""A node that acknowledges a write before it is on its disk is refused where no other one has it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
import structlog
from cassandra import DriverException
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import Cluster, NoHostAvailable

from deploy.stack.addresses import Ports, is_taken
from deploy.stack.cassandra import Cassandra
from deploy.stack.lease import Lease
from deploy.stack.stack import Stack
from penstock.adapters.cluster import cassandra_schema
from penstock.adapters.cluster.cassandra_cluster import CassandraSettings
from penstock.adapters.cluster.cassandra_durability import check_durability
from penstock.adapters.cluster.cassandra_schema import migrate
from penstock.adapters.cluster.cassandra_session import CassandraSession
from penstock.domain.errors import Refused
from tests.support.servers import Servers

ADMIN = "cassandra"  # the superuser that a new Cassandra has, and its password
WARNING = "cassandra.acknowledged_writes_at_risk"
STRANGER = "stranger"  # may sign in, and nothing else
SMALL = (("CREATE TABLE IF NOT EXISTS {ks}.one (k text PRIMARY KEY)",),)


@dataclass(frozen=True)
class CassandraOfUsers(Cassandra):
    """Users have to sign in and need rights; it syncs its commit log as it does by default."""

    def settings(self, data: Path, ports: Ports) -> dict[str, object]:
        signing_in = {"authenticator": "PasswordAuthenticator", "authorizer": "CassandraAuthorizer"}
        return {**super().settings(data, ports), **signing_in}

    def answers(self, ports: Ports) -> bool:
        """As soon as the superuser can sign in."""
        if not is_taken(self.host, ports.cassandra):
            return False
        signed_in = PlainTextAuthProvider(ADMIN, ADMIN)
        try:
            with Cluster([self.host], port=ports.cassandra, auth_provider=signed_in) as cluster:
                return bool(cluster.connect().execute("SELECT key FROM system.local").one())
        except (DriverException, NoHostAvailable, OSError):
            return False


@pytest.fixture(scope="module")
def admin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CassandraSettings]:
    folder = tmp_path_factory.mktemp("cassandra")
    server = CassandraOfUsers(heap_megabytes=512, commitlog_sync="periodic")
    with Lease(Stack(folder, [server], Ports.free())) as lease:
        host, port = Servers(lease).use("cassandra").addresses.cassandra
        settings = CassandraSettings(
            contact_points=(host,), port=port, keyspace=f"test_{uuid.uuid4().hex}", user=ADMIN, password=ADMIN
        )
        with closing(CassandraSession(settings)) as session:
            session.define(f"CREATE ROLE {STRANGER} WITH LOGIN = true AND PASSWORD = '{STRANGER}'")
        yield settings


@pytest.fixture
def stranger(admin: CassandraSettings) -> CassandraSettings:
    return msgspec.structs.replace(admin, user=STRANGER, password=STRANGER)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cassandra_schema, "MIGRATIONS", SMALL)


def warnings_of(settings: CassandraSettings) -> list[tuple[str, str]]:
    with closing(CassandraSession(settings)) as session, structlog.testing.capture_logs() as logged:
        check_durability(session)
    return [(each["event"], each["commitlog_sync"]) for each in logged]


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"replication": {"datacenter1": "1"}},
        {"consistency": "ONE", "replication": {"datacenter1": "3"}},
    ],
)
def test_a_node_alone_that_syncs_now_and_then_is_refused_before_anything_is_made(
    admin: CassandraSettings, changed: dict[str, object]
) -> None:
    settings = msgspec.structs.replace(admin, keyspace=f"test_{uuid.uuid4().hex}", **changed)
    with pytest.raises(Refused, match="COMPLETED requests are lost") as caught:
        migrate(settings)
    assert caught.value.code == "unsafe_commit_log"
    assert "commitlog_sync: batch" in caught.value.faults[0].hint
    assert "PENSTOCK_CASSANDRA_ALLOW_PERIODIC_SYNC" in caught.value.faults[0].hint
    with closing(CassandraSession(settings)) as session:
        assert settings.keyspace not in session.cluster.metadata.keyspaces


def test_periodic_sync_that_is_allowed_is_warned_of(admin: CassandraSettings) -> None:
    allowing = msgspec.structs.replace(admin, allow_periodic_sync=True)
    assert migrate(allowing) == 1
    assert warnings_of(allowing) == [(WARNING, "periodic")]
    with closing(CassandraSession(admin)) as session, pytest.raises(Refused) as caught:
        check_durability(session)
    assert caught.value.code == "unsafe_commit_log"


def test_three_replicas_may_sync_as_they_like(admin: CassandraSettings) -> None:
    assert warnings_of(msgspec.structs.replace(admin, keyspace="other", replication={"datacenter1": "3"})) == []


def test_where_it_may_not_be_read_there_is_a_warning(stranger: CassandraSettings) -> None:
    assert warnings_of(stranger) == [(WARNING, "unknown")]


def test_a_user_without_rights_learns_which_right_is_missing(stranger: CassandraSettings) -> None:
    with pytest.raises(Refused, match="has no CREATE permission") as caught:
        migrate(msgspec.structs.replace(stranger, keyspace="not_made"))
    assert caught.value.code == "database_rights"


def test_a_node_that_syncs_before_it_acknowledges_is_taken(cassandra_settings: CassandraSettings) -> None:
    assert warnings_of(cassandra_settings) == []
