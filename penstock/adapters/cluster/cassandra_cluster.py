"""Cassandra's settings, and what the driver's cluster gets from them: nodes, retries, TLS, event loop."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from cassandra import ConsistencyLevel, DependencyException
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile
from cassandra.connection import Connection, Timer
from cassandra.policies import (
    ConstantSpeculativeExecutionPolicy,
    DCAwareRoundRobinPolicy,
    ExponentialReconnectionPolicy,
    FallthroughRetryPolicy,
    TokenAwarePolicy,
)
from cassandra.protocol import OverloadedErrorMessage
from cassandra.query import tuple_factory

from penstock.config import Secret, ServerSettings
from penstock.domain.errors import PenstockError, refusal

# Version 5 adds a checksum to every frame, which costs 2 µs per row on both sides; TLS has its own, and so have
# Penstock's cells and files.
PROTOCOL_VERSION = 4
BUFFER_BYTES = 65_536  # per system call; a batch would need seven with the driver's default of 4096
RECONNECTION_SECONDS = (0.5, 10.0)  # the first and the longest pause; the driver's default grows to 10 minutes
CONNECT_SECONDS = 10.0
SCHEMA_AGREEMENT_SECONDS = 30
READS = "reads"  # the execution profile of reads: as the default, but does not wait for a slow replica
SERIAL_READS = "serial reads"  # with the consistency of transactions
SPECULATIVE_ATTEMPTS = 2
WRITE_SPECULATION = 0.2  # of the timeout; then another replica is asked to coordinate the write too
# Two missed in a row mean that a node is down; with the driver's default of 30 that takes a minute.
HEARTBEAT_SECONDS = 5
KEYSPACE = re.compile(r"[a-z][a-z0-9_]{0,47}")
ONE_REPLICA: Mapping[str, str | int] = {"class": "SimpleStrategy", "replication_factor": 1}


class CassandraSettings(ServerSettings, frozen=True, kw_only=True):
    """Where Cassandra is, how to sign in, and how Penstock uses it. Raises `Refused` for invalid settings.

    `replication` is CQL's: the number of replicas per data centre, or the one number of SimpleStrategy; the class may
    be left out.
    """

    contact_points: tuple[str, ...] = ("127.0.0.1",)
    port: int = 9042
    local_dc: str = ""  # "": that of the contact points
    keyspace: str = "penstock"
    replication: Mapping[str, str | int] = msgspec.field(default_factory=lambda: dict(ONE_REPLICA))
    consistency: str = "LOCAL_QUORUM"
    serial_consistency: str = "LOCAL_SERIAL"
    allow_periodic_sync: bool = False  # accept that killing a single node loses acknowledged writes
    user: str = ""  # "": no sign-in
    password: Secret = ""
    tls: bool = False
    tls_ca_file: str = ""  # "": the system's
    tls_certificate_file: str = ""  # of this client, with its key; "": none
    tls_key_file: str = ""
    request_timeout_seconds: float = 10.0
    timeout_seconds: float = 30.0  # retries end when nothing has succeeded for this long
    speculative_delay_seconds: float = 0.1  # a slower read is sent to another replica too
    batch_fragments: int = 256
    batch_bytes: int = 0  # 0: as many as the servers accept without logging the batch
    batch_partitions: int = 0  # the same
    batches_in_flight: int = 32  # at most; fewer while the servers are overloaded; more would fill the sockets

    def __post_init__(self) -> None:
        if not KEYSPACE.fullmatch(self.keyspace):
            raise _invalid("keyspace", "a lower-case letter, then at most 47 lower-case letters, digits or _")
        for name in ("consistency", "serial_consistency"):
            if getattr(self, name) not in ConsistencyLevel.name_to_value:
                raise _invalid(name, "a consistency level of Cassandra's, such as LOCAL_QUORUM or LOCAL_SERIAL")


def _invalid(name: str, rule: str) -> PenstockError:
    return refusal("invalid_setting", f"the value of Cassandra's {name} is not valid", f"It has to be {rule}.")


class IdempotentRetryPolicy(FallthroughRetryPolicy):  # type: ignore[misc]
    """The driver's retry: immediate, on another node, and only for idempotent statements.

    Timeouts and overload are not retried here, because the sender has to slow down first.
    """

    def on_unavailable(self, _query: Any, *, retry_num: int, **_how: Any) -> tuple[int, int | None]:
        """No replica got the statement; another coordinator may see more live replicas."""
        return (self.RETRY_NEXT_HOST, None) if retry_num == 0 else (self.RETHROW, None)

    def on_request_error(
        self, query: Any, _consistency: int, *, error: Exception, **_how: Any
    ) -> tuple[int, int | None]:
        if query.is_idempotent and not isinstance(error, OverloadedErrorMessage):
            return self.RETRY_NEXT_HOST, None  # ends with the statement's plan of hosts
        return self.RETHROW, None


def driver_cluster(settings: CassandraSettings) -> Cluster:
    """The driver's cluster, not connected yet. Raises `Refused` for TLS files that cannot be read."""
    return Cluster(
        settings.contact_points,
        connection_class=_libev(),
        port=settings.port,
        protocol_version=PROTOCOL_VERSION,
        auth_provider=PlainTextAuthProvider(settings.user, settings.password) if settings.user else None,
        ssl_context=_tls(settings) if settings.tls else None,
        execution_profiles=_profiles(settings),
        connect_timeout=CONNECT_SECONDS,
        control_connection_timeout=CONNECT_SECONDS,  # the driver's 2 s are too few for a busy server
        # A cluster may serve a thousand tables of others. Of the schema, a session reads what it needs itself.
        schema_metadata_enabled=False,
        schema_event_refresh_window=-1,
        idle_heartbeat_interval=HEARTBEAT_SECONDS,
        idle_heartbeat_timeout=HEARTBEAT_SECONDS,
        reconnection_policy=ExponentialReconnectionPolicy(*RECONNECTION_SECONDS),
        max_schema_agreement_wait=SCHEMA_AGREEMENT_SECONDS,
        compression=False,  # large values are sealed and do not compress
    )


def _profiles(settings: CassandraSettings) -> dict[object, ExecutionProfile]:
    serial = ConsistencyLevel.name_to_value[settings.serial_consistency]

    def profile(**other: Any) -> ExecutionProfile:
        nodes = TokenAwarePolicy(DCAwareRoundRobinPolicy(settings.local_dc), shuffle_replicas=True)
        defaults = {
            "load_balancing_policy": nodes,
            "retry_policy": IdempotentRetryPolicy(),
            "consistency_level": ConsistencyLevel.name_to_value[settings.consistency],
            "serial_consistency_level": serial,
            "request_timeout": settings.request_timeout_seconds,
            "row_factory": tuple_factory,
        }
        return ExecutionProfile(**{**defaults, **other})

    def speculative(delay_seconds: float) -> ExecutionProfile:
        policy = ConstantSpeculativeExecutionPolicy(delay_seconds, SPECULATIVE_ATTEMPTS)
        return profile(speculative_execution_policy=policy)

    return {
        # Applies to idempotent statements only. Without it, a hanging node would delay every write that it coordinates.
        EXEC_PROFILE_DEFAULT: speculative(settings.request_timeout_seconds * WRITE_SPECULATION),
        READS: speculative(settings.speculative_delay_seconds),
        SERIAL_READS: profile(consistency_level=serial),
    }


def _tls(settings: CassandraSettings) -> ssl.SSLContext:
    """Checks the server's certificate and name."""
    try:
        context = ssl.create_default_context(cafile=settings.tls_ca_file or None)
        if settings.tls_certificate_file:
            context.load_cert_chain(settings.tls_certificate_file, settings.tls_key_file or None)
    except OSError as error:
        raise refusal(
            "invalid_setting",
            f"the files of Cassandra's TLS settings cannot be used: {error.strerror}",
            "Give PEM files that this process may read, and the key of the certificate.",
        ) from error
    return context


def _libev() -> type[Connection]:
    """The event loop for production; by default the driver silently uses a slower one."""
    try:
        from cassandra.io.libevreactor import LibevConnection  # noqa: PLC0415  raises without its C extension
    except (ImportError, DependencyException) as error:
        raise refusal(
            "libev_missing",
            "cassandra-driver was installed without libev",
            "Install the driver's wheel, which includes libev, on a version of Python that has one.",
        ) from error

    class TunedConnection(LibevConnection):  # type: ignore[misc]
        out_buffer_size = in_buffer_size = BUFFER_BYTES

        @classmethod
        def create_timer(cls, timeout: float, callback: Callable[[], None]) -> Timer:
            timer = super().create_timer(timeout, callback)
            timer.__class__ = _ForgetfulTimer
            return timer

    return TunedConnection


class _ForgetfulTimer(Timer):  # type: ignore[misc]
    """Releases the callback when it is cancelled: the driver keeps the timer of a completed statement until it expires,
    and with it all data that the statement writes."""

    def cancel(self) -> None:
        super().cancel()
        self.callback = _nothing


def _nothing() -> None: ...
