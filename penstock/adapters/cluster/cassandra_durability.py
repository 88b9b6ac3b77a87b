"""Checks that a write acknowledged by Cassandra survives the loss of a node.

With `commitlog_sync: periodic`, Cassandra's default, a node acknowledges a write before it is on disk. A killed node
loses its latest writes; normally other replicas have them. If a single replica acknowledges, rows of a COMPLETED
request would be lost silently.
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
    """Raise `Refused` (`unsafe_commit_log`) when a killed node would lose writes that only it acknowledged.

    Only warns when the settings allow it, or when Cassandra does not reveal how it syncs.
    """
    hosts = session.connected_hosts()
    if not _acknowledged_by_one(session, {host.datacenter for host in hosts}):
        return
    modes = {_sync_of(session, host) for host in hosts}
    if PERIODIC in modes and not session.settings.allow_periodic_sync:
        raise refusal(
            "unsafe_commit_log",
            f"a single replica acknowledges writes to the keyspace {session.settings.keyspace}, before they are on its"
            " disk (commitlog_sync: periodic): when the node is killed, rows of COMPLETED requests are lost",
            "Set commitlog_sync: batch in cassandra.yaml, without commitlog_sync_period, and restart Cassandra; or"
            f" use three replicas. If this loss is acceptable: {SETTING}=true.",
        )
    for risk in sorted(modes & {PERIODIC, UNKNOWN}):
        log.warning("cassandra.acknowledged_writes_at_risk", commitlog_sync=risk, keyspace=session.settings.keyspace)


def _acknowledged_by_one(session: CassandraSession, connected: set[str]) -> bool:
    """Whether a write needs the acknowledgement of only one replica."""
    rows = session.read(REPLICATION, session.settings.keyspace)
    options = dict(rows[0][0]) if rows else with_class(session.settings.replication)
    local = session.settings.consistency == "LOCAL_QUORUM"
    data_centres = connected if local else {host.datacenter for host in session.cluster.metadata.all_hosts()}
    return session.settings.consistency in BY_ONE or copies_in(options, data_centres) == 1


def _sync_of(session: CassandraSession, host: Host) -> str:
    """How a node syncs its commit log: `batch`, `group` or `periodic`."""
    try:
        rows = session.read_from(host, SYNC)
    except (Refused, InvalidRequest):  # this user may not read it, or the table does not exist
        return UNKNOWN
    return str(rows[0][0]) if rows else UNKNOWN
