"""Whether a write that Cassandra has acknowledged outlives the node that keeps it.

With `commitlog_sync: periodic`, Cassandra's default, a node acknowledges a write before it has it on its disk. A node
that is killed loses its latest writes, and other replicas have them. Where a single replica acknowledges, rows of a
COMPLETED request would be lost, and nothing would show it.
"""

from __future__ import annotations

import structlog
from cassandra import InvalidRequest
from cassandra.pool import Host

from penstock.adapters.cluster.cassandra_replication import copies_in, with_class
from penstock.adapters.cluster.cassandra_session import CassandraSession
from penstock.domain.errors import Refused, refusal

SETTING = "PENSTOCK_CASSANDRA_ALLOW_PERIODIC_SYNC"
REPLICATION = "SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = ?"
SYNC = "SELECT value FROM system_views.settings WHERE name = 'commitlog_sync'"
PERIODIC, UNKNOWN = "periodic", "unknown"
BY_ONE = ("ANY", "ONE", "LOCAL_ONE")

log = structlog.get_logger(__name__)


def check_durability(session: CassandraSession) -> None:
    """Raises `Refused` (`unsafe_commit_log`) when a killed node would lose what it alone has acknowledged.

    Warns instead where the settings allow it, and where Cassandra does not tell how it syncs.
    """
    hosts = session.connected_hosts()
    if not _acknowledged_by_one(session, {host.datacenter for host in hosts}):
        return
    found = {_sync_of(session, host) for host in hosts}
    if PERIODIC in found and not session.settings.allow_periodic_sync:
        raise refusal(
            "unsafe_commit_log",
            f"one replica alone acknowledges a write to the keyspace {session.settings.keyspace}, before it is on its"
            " disk (commitlog_sync: periodic): when the node is killed, rows of COMPLETED requests are lost",
            "Set commitlog_sync: batch in cassandra.yaml, without commitlog_sync_period, and start Cassandra anew; or"
            f" keep three replicas. Where that loss does not matter: {SETTING}=true.",
        )
    for risk in sorted(found & {PERIODIC, UNKNOWN}):
        log.warning("cassandra.acknowledged_writes_at_risk", commitlog_sync=risk, keyspace=session.settings.keyspace)


def _acknowledged_by_one(session: CassandraSession, connected: set[str]) -> bool:
    """Whether one replica's word is enough for a write."""
    rows = session.read(REPLICATION, session.settings.keyspace)
    options = dict(rows[0][0]) if rows else with_class(session.settings.replication)
    local = session.settings.consistency == "LOCAL_QUORUM"
    places = connected if local else {host.datacenter for host in session.cluster.metadata.all_hosts()}
    return session.settings.consistency in BY_ONE or copies_in(options, places) == 1


def _sync_of(session: CassandraSession, host: Host) -> str:
    """How a node syncs its commit log: `batch`, `group` or `periodic`."""
    try:
        rows = session.read_from(host, SYNC)
    except (Refused, InvalidRequest):  # this user may not read it, or there is no such table
        return UNKNOWN
    return str(rows[0][0]) if rows else UNKNOWN
