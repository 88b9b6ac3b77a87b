"""Migrations create, upgrade and refuse; again and at the same time they do no harm."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import msgspec
import pytest

from penstock.adapters.cluster import cassandra_schema
from penstock.adapters.cluster.cassandra_cluster import CassandraSettings
from penstock.adapters.cluster.cassandra_schema import VERSION, applied_version, check_version, migrate
from penstock.adapters.cluster.cassandra_session import CassandraSession
from penstock.domain.errors import Refused, Unavailable
from penstock.ports.control_store import Table

SMALL = (
    "CREATE TABLE IF NOT EXISTS {ks}.one (k text PRIMARY KEY)",
    "CREATE TABLE IF NOT EXISTS {ks}.two (k text PRIMARY KEY)",
)


@pytest.fixture
def fresh(cassandra_settings: CassandraSettings) -> Iterator[CassandraSettings]:
    """Of a keyspace that does not exist yet."""
    settings = msgspec.structs.replace(cassandra_settings, keyspace=f"test_{uuid.uuid4().hex}")
    yield settings
    with closing(CassandraSession(settings)) as session:
        session.define("DROP KEYSPACE IF EXISTS {ks}")


@pytest.fixture
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A history of one step with two tables, since each table takes a while to make."""
    monkeypatch.setattr(cassandra_schema, "MIGRATIONS", (SMALL,))


OF_THE_KEYSPACE = "FROM system_schema.tables WHERE keyspace_name = ?"


def tables(settings: CassandraSettings) -> set[str]:
    with closing(CassandraSession(settings)) as session:
        return {name for (name,) in session.read(f"SELECT table_name {OF_THE_KEYSPACE}", settings.keyspace)}


def versions(settings: CassandraSettings) -> list[int]:
    with closing(CassandraSession(settings)) as session:
        return [row[0] for row in session.read("SELECT version FROM {ks}.schema_migrations")]


def test_every_table_of_the_control_store_is_made(cassandra_settings: CassandraSettings) -> None:
    assert tables(cassandra_settings) >= {"profile_fragments", "tenants", *Table}


def test_a_session_reads_nothing_of_the_schema_but_its_keyspace(cassandra_settings: CassandraSettings) -> None:
    with closing(CassandraSession(cassandra_settings)) as session:
        (keyspace,) = session.cluster.metadata.keyspaces.values()
        assert (keyspace.name, keyspace.tables) == (cassandra_settings.keyspace, {})
        assert session.cluster.metadata.get_replicas(keyspace.name, b"any") == session.connected_hosts()


def test_deleted_values_stay_deleted_until_a_repair_reaches_every_node(
    cassandra_settings: CassandraSettings,
) -> None:
    with closing(CassandraSession(cassandra_settings)) as session:
        query = f"SELECT table_name, compaction, compression {OF_THE_KEYSPACE}"
        found = session.read(query, cassandra_settings.keyspace)
        kept = {name for name, compaction, _ in found if compaction.get("only_purge_repaired_tombstones") == "true"}
        markers = {
            Table.ACTIVE_REQUESTS,
            Table.DUE_NOTIFICATIONS,
            Table.DUE_WORK,
            Table.PENDING_MAPPINGS,
            Table.EXPIRIES,
        }
        assert {"profile_fragments", "tenants", *Table} - kept == markers
        assert {name: compression for name, _, compression in found}["profile_fragments"] == {"enabled": "false"}


def test_a_migration_may_be_run_again(cassandra_settings: CassandraSettings) -> None:
    assert migrate(cassandra_settings) == 0
    with closing(CassandraSession(cassandra_settings)) as session:
        check_version(session)
        assert applied_version(session) == VERSION


@pytest.mark.usefixtures("_small")
def test_several_at_once_apply_each_step_once(fresh: CassandraSettings) -> None:
    with ThreadPoolExecutor(3) as threads:
        assert sorted(threads.map(migrate, [fresh] * 3)) == [0, 0, 1]
    assert tables(fresh) == {"one", "two", "migration_lock", "schema_migrations"}
    assert versions(fresh) == [1]


@pytest.mark.usefixtures("_small")
def test_only_new_steps_are_applied_and_a_broken_one_can_be_repeated(
    fresh: CassandraSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(fresh)
    monkeypatch.setattr(cassandra_schema, "VERSION", 2)
    broken = ("CREATE TABLE IF NOT EXISTS {ks}.three (k text PRIMARY KEY)", "CREATE NONSENSE")
    monkeypatch.setattr(cassandra_schema, "MIGRATIONS", (("DROP TABLE {ks}.one",), broken))
    with pytest.raises(Exception, match="NONSENSE"):
        migrate(fresh)
    assert versions(fresh) == [1]
    monkeypatch.setattr(cassandra_schema, "MIGRATIONS", (("DROP TABLE {ks}.one",), broken[:1]))
    assert migrate(fresh) == 1
    assert versions(fresh) == [2, 1]
    assert tables(fresh) >= {"one", "two", "three"}


@pytest.mark.usefixtures("_small")
def test_a_keyspace_of_a_newer_version_is_refused_and_left_alone(fresh: CassandraSettings) -> None:
    migrate(fresh)
    with closing(CassandraSession(fresh)) as session:
        session.write(cassandra_schema.APPLIED, VERSION + 1)
    with closing(CassandraSession(fresh)) as session, pytest.raises(Refused) as at_start:
        check_version(session)
    with pytest.raises(Refused) as when_migrated:
        migrate(fresh)
    assert at_start.value.code == when_migrated.value.code == "schema_too_new"
    assert versions(fresh) == [VERSION + 1, VERSION]


def test_a_keyspace_that_is_not_there_is_named(fresh: CassandraSettings) -> None:
    with closing(CassandraSession(fresh)) as session, pytest.raises(Refused, match=fresh.keyspace) as caught:
        check_version(session)
    assert caught.value.code == "schema_missing"
    assert "penstock migrate" in caught.value.faults[0].hint


@pytest.mark.usefixtures("_small")
def test_an_older_keyspace_is_named(fresh: CassandraSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    migrate(fresh)
    monkeypatch.setattr(cassandra_schema, "VERSION", 2)
    with closing(CassandraSession(fresh)) as session, pytest.raises(Refused) as caught:
        check_version(session)
    assert caught.value.code == "schema_too_old"


@pytest.mark.usefixtures("_small")
def test_the_lease_of_a_dead_migration_is_awaited(fresh: CassandraSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    migrate(fresh)
    monkeypatch.setattr(cassandra_schema, "LEASE_SECONDS", 1)
    with closing(CassandraSession(fresh)) as session:
        assert session.decide(cassandra_schema.TAKE, uuid.uuid4(), 1)
    assert migrate(fresh) == 0
    with closing(CassandraSession(fresh)) as session:
        assert session.decide(cassandra_schema.TAKE, uuid.uuid4(), 60)
    with pytest.raises(Unavailable, match="another migration"):
        migrate(fresh)


@pytest.mark.usefixtures("_small")
def test_an_existing_keyspace_keeps_its_replication(fresh: CassandraSettings) -> None:
    migrate(fresh)
    other = msgspec.structs.replace(fresh, replication={"class": "SimpleStrategy", "replication_factor": 3})
    migrate(other)
    with closing(CassandraSession(fresh)) as session:
        strategy = session.cluster.metadata.keyspaces[fresh.keyspace].replication_strategy
        assert strategy.replication_factor == 1


@pytest.mark.usefixtures("_small")
@pytest.mark.parametrize("replication", [{"datacenter1": "1"}, {"replication_factor": "1"}])
def test_the_class_of_a_replication_may_be_left_out(fresh: CassandraSettings, replication: dict[str, str]) -> None:
    migrate(msgspec.structs.replace(fresh, replication=replication))
    assert versions(fresh) == [1]


@pytest.mark.parametrize(
    ("replication", "code", "reason"),
    [
        ({"dc9": "1"}, "schema_refused", "Unrecognized strategy option {dc9}"),
        ({"class": "NoStrategy", "dc1": "1"}, "schema_refused", "Unable to find replication strategy class"),
        ({"datacenter1": "one"}, "schema_refused", "one"),
        ({"datacenter1": "3"}, "too_few_nodes", "3 copies in the data centre datacenter1, and Cassandra has 1"),
    ],
)
def test_a_replication_that_cannot_be_is_refused_with_the_reason(
    fresh: CassandraSettings, replication: dict[str, str], code: str, reason: str
) -> None:
    with pytest.raises(Refused) as caught:
        migrate(msgspec.structs.replace(fresh, replication=replication))
    assert caught.value.code == code
    assert reason in caught.value.faults[0].message
    assert "PENSTOCK_CASSANDRA_REPLICATION" in caught.value.faults[0].hint
    assert "datacenter1" in caught.value.faults[0].hint
    with closing(CassandraSession(fresh)) as session:
        assert fresh.keyspace not in session.cluster.metadata.keyspaces


@pytest.mark.usefixtures("_small")
def test_a_keyspace_that_has_too_few_nodes_already_says_how_many_it_needs(fresh: CassandraSettings) -> None:
    with closing(CassandraSession(fresh)) as session:
        session.define("CREATE KEYSPACE {ks} WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 3}")
    with pytest.raises(Unavailable, match="needs 2 replicas, 1 are up"):
        migrate(msgspec.structs.replace(fresh, timeout_seconds=0.5))
