"""Keyspace and tables, in numbered steps that only add. `penstock migrate` calls `migrate`.

Reasons for the table options:

- Compaction is unified (UCS, Cassandra 5.0). Fragments are written in bulk and rarely read, one person at a time:
  tiered (T4) rewrites them least. Control records are small, often read and some soon deleted: levelled (L4).
- Fragments, wrapped keys and nodes are ciphertext or hashes, which LZ4 cannot compress, so compression is off. The
  checksums that it would add are not needed: a changed cell does not open.
- A node that was down longer than gc_grace must not bring back deleted data. `only_purge_repaired_tombstones` keeps a
  tombstone until an incremental repair has sent it to every replica. Deletes are rare, so this costs little. Run
  repairs to reclaim the space.
- The tables of markers are queues: every scan has to read their tombstones, and a marker that reappears is just
  checked and removed again. So they are purged after three hours, as long as nodes keep hints for each other.
- Caching is Cassandra's default (keys, no rows): profiles are rarely read twice within a short time.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress

from penstock.adapters.cluster.cassandra_cluster import CassandraSettings
from penstock.adapters.cluster.cassandra_durability import check_durability
from penstock.adapters.cluster.cassandra_replication import SETTING, data_centres, refuse_too_few_nodes, with_class
from penstock.adapters.cluster.cassandra_session import CassandraSession
from penstock.domain.errors import Refused, Unavailable, refusal

LEASE_SECONDS = 60  # of a running migration; longer than a schema statement and its agreement take
POLL_SECONDS = 0.5

FRAGMENTS_OPTIONS = """
    compaction = {'class': 'UnifiedCompactionStrategy', 'scaling_parameters': 'T4',
                  'only_purge_repaired_tombstones': 'true'}
    AND compression = {'enabled': 'false'}
"""
RECORDS_OPTIONS = """
    compaction = {'class': 'UnifiedCompactionStrategy', 'scaling_parameters': 'L4',
                  'only_purge_repaired_tombstones': 'true'}
"""
SEALED_RECORDS_OPTIONS = f"{RECORDS_OPTIONS} AND compression = {{'enabled': 'false'}}"
MARKERS_OPTIONS = """
    compaction = {'class': 'UnifiedCompactionStrategy', 'scaling_parameters': 'L4'}
    AND gc_grace_seconds = 10800
"""


def _records(table: str, body: str = "text", options: str = RECORDS_OPTIONS) -> str:
    """A table of the control store. JSON is text, so that it can be read in cqlsh; `version` is 0 after a `put`.

    `attempt` is the id of the call that made the last change, so that a call whose response was lost can find its
    outcome.
    """
    return f"""
        CREATE TABLE IF NOT EXISTS {{ks}}.{table} (
            tenant_id text, partition text, sort text, body {body}, version int, attempt uuid,
            PRIMARY KEY ((tenant_id, partition), sort)
        ) WITH {options}
    """


# Released steps never change: every change is a new step. Every statement is idempotent.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        f"""
        CREATE TABLE IF NOT EXISTS {{ks}}.profile_fragments (
            tenant_id text, epoch int, bucket int, fragment_key blob, fragment blob,
            PRIMARY KEY ((tenant_id, epoch, bucket), fragment_key)
        ) WITH {FRAGMENTS_OPTIONS}
        """,
        _records("clocks"),
        _records("data_keys", "blob", SEALED_RECORDS_OPTIONS),
        _records("key_checks"),
        _records("data_sources"),
        _records("attributes"),
        _records("attribute_uses"),
        _records("identifier_rankings"),
        _records("mappings"),
        _records("pending_mappings", options=MARKERS_OPTIONS),
        _records("requests"),
        _records("request_checks"),
        _records("request_lists"),
        _records("plans"),
        _records("active_requests", options=MARKERS_OPTIONS),
        _records("due_work", options=MARKERS_OPTIONS),
        _records("idempotency_keys"),
        _records("key_claims"),
        _records("same_files"),
        _records("expiries", options=MARKERS_OPTIONS),
        _records("queues"),
        _records("tenant_limits"),
        _records("replacements"),
        _records("epochs"),
        _records("chunk_manifests"),
        _records("chunk_nodes", "blob", SEALED_RECORDS_OPTIONS),
        _records("chunk_lines"),
        _records("chunk_failures"),
        _records("notifications"),
        _records("due_notifications", options=MARKERS_OPTIONS),
        _records("api_keys"),
        _records("sessions"),
        _records("sign_in_links"),
        _records("saved_views"),
        _records("audit"),
        _records("segments"),
        _records("publishers"),
        _records("drafts"),
        _records("import_drafts"),
        f"""
        CREATE TABLE IF NOT EXISTS {{ks}}.tenants (kind text, tenant_id text, PRIMARY KEY (kind, tenant_id))
        WITH {RECORDS_OPTIONS}
        """,
    ),
)
VERSION = len(MIGRATIONS)

# The fixed id makes concurrent creation safe: otherwise two nodes could create the table twice.
LOCK_TABLE = "CREATE TABLE IF NOT EXISTS {ks}.migration_lock (name text PRIMARY KEY, owner uuid) WITH id = %s"
VERSIONS_TABLE = """
    CREATE TABLE IF NOT EXISTS {ks}.schema_migrations (
        component text, version int, applied_at timestamp, PRIMARY KEY (component, version)
    ) WITH CLUSTERING ORDER BY (version DESC)
"""
TAKE = "INSERT INTO {ks}.migration_lock (name, owner) VALUES ('schema', ?) IF NOT EXISTS USING TTL ?"
KEEP = "UPDATE {ks}.migration_lock USING TTL ? SET owner = ? WHERE name = 'schema' IF owner = ?"
LEAVE = "DELETE FROM {ks}.migration_lock WHERE name = 'schema' IF owner = ?"
TABLE = "SELECT table_name FROM system_schema.tables WHERE keyspace_name = ? AND table_name = ?"
NEWEST = "SELECT version FROM {ks}.schema_migrations WHERE component = 'penstock' LIMIT 1"
APPLIED = (
    "INSERT INTO {ks}.schema_migrations (component, version, applied_at) VALUES ('penstock', ?, toTimestamp(now()))"
)


def migrate(settings: CassandraSettings) -> int:
    """Create or upgrade the keyspace and its tables; returns the number of applied steps.

    An existing keyspace keeps its replication. Safe to run concurrently, and again after it was killed.
    Raises `Refused` (`schema_too_new`, `too_few_nodes`, `unsafe_commit_log`, and as the session does), `Unavailable`.
    """
    with closing(CassandraSession(settings)) as session:
        _refuse_newer(settings, applied_version(session))
        check_durability(session)
        if settings.keyspace not in session.cluster.metadata.keyspaces:
            _create_keyspace(session)
        session.define(LOCK_TABLE % uuid.uuid5(uuid.NAMESPACE_OID, f"{settings.keyspace}.migration_lock"))
        with _lock(session) as keep:
            session.define(VERSIONS_TABLE)
            return _apply(session, keep)


def _create_keyspace(session: CassandraSession) -> None:
    """Create the keyspace; another process may create it at the same time."""
    options, hosts = with_class(session.settings.replication), session.cluster.metadata.all_hosts()
    refuse_too_few_nodes(options, hosts)
    try:
        session.define(f"CREATE KEYSPACE IF NOT EXISTS {{ks}} WITH replication = {_map(options)}")
    except Refused as error:
        if error.code != "schema_refused":
            raise
        known = ", ".join(f"{name} ({count} node(s))" for name, count in sorted(data_centres(hosts).items()))
        hint = f"Correct {SETTING}: Cassandra's data centres are {known}, so write for example {SETTING}=NAME=COPIES."
        raise refusal(error.code, error.faults[0].message, hint) from error


def check_version(session: CassandraSession) -> None:
    """Raise `Refused` when the keyspace does not have the version that this Penstock needs."""
    version = applied_version(session)
    _refuse_newer(session.settings, version)
    if version < VERSION:
        raise refusal(
            "schema_too_old" if version else "schema_missing",
            f"Cassandra's keyspace {session.settings.keyspace} has version {version}, and {VERSION} is needed",
            "Run `penstock migrate`.",
        )


def probe_cassandra(session: CassandraSession) -> None:
    """Raise `Unavailable` when the keyspace cannot be read immediately."""
    session.probe(NEWEST)


def applied_version(session: CassandraSession) -> int:
    """The keyspace's version, 0 when it has none."""
    if not session.read(TABLE, session.settings.keyspace, "schema_migrations"):
        return 0
    rows = session.read(NEWEST)
    return int(rows[0][0]) if rows else 0


def _apply(session: CassandraSession, keep: Callable[[], None]) -> int:
    rows = session.read(NEWEST)
    version = int(rows[0][0]) if rows else 0
    _refuse_newer(session.settings, version)
    for number in range(version + 1, VERSION + 1):
        for statement in MIGRATIONS[number - 1]:
            keep()
            session.define(statement)
        session.write(APPLIED, number)
    return max(0, VERSION - version)


@contextmanager
def _lock(session: CassandraSession) -> Iterator[Callable[[], None]]:
    """Hold the migration lock; yields the function that renews the lease. A dead owner's lease expires."""
    owner = uuid.uuid4()
    deadline = time.monotonic() + 2 * LEASE_SECONDS
    while not session.decide(TAKE, owner, LEASE_SECONDS):
        if time.monotonic() > deadline:
            raise Unavailable("another migration of Cassandra's schema has not ended")
        time.sleep(POLL_SECONDS)

    def keep() -> None:
        if not session.decide(KEEP, LEASE_SECONDS, owner, owner):
            raise Unavailable("the lease of this migration expired before it ended: run it again")

    try:
        yield keep
    finally:
        with suppress(Unavailable):  # the lease expires by itself
            session.decide(LEAVE, owner)


def _refuse_newer(settings: CassandraSettings, version: int) -> None:
    if version > VERSION:
        raise refusal(
            "schema_too_new",
            f"Cassandra's keyspace {settings.keyspace} has version {version}, and this Penstock knows {VERSION}",
            "Run the version of Penstock that migrated it, or a later one.",
        )


def _map(options: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{_text(name)}: {_text(value)}" for name, value in options.items()) + "}"


def _text(value: str) -> str:
    """A CQL string."""
    return "'" + value.replace("'", "''") + "'"
