"""How the Cassandra adapters connect, and the table that maps the driver's errors to Penstock's.

Every statement is prepared once, and names its keyspace, so that no `USE` is needed. Statements that may be repeated
are marked as idempotent when they are prepared; only these are ever sent twice.
"""

from __future__ import annotations

import re
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import msgspec
import stamina
from cassandra import (
    AuthenticationFailed,
    ConsistencyLevel,
    CoordinationFailure,
    DependencyException,
    InvalidRequest,
    OperationTimedOut,
    Timeout,
    Unauthorized,
    UnresolvableContactPoints,
)
from cassandra import Unavailable as TooFewReplicas
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile, NoHostAvailable, Session
from cassandra.connection import Connection, ConnectionBusy, ConnectionException, Timer
from cassandra.policies import (
    ConstantSpeculativeExecutionPolicy,
    DCAwareRoundRobinPolicy,
    ExponentialReconnectionPolicy,
    FallthroughRetryPolicy,
    TokenAwarePolicy,
)
from cassandra.pool import Host
from cassandra.protocol import (
    ConfigurationException,
    IsBootstrappingErrorMessage,
    OverloadedErrorMessage,
    ServerError,
    TruncateError,
)
from cassandra.query import BatchStatement, BatchType, PreparedStatement, Statement, tuple_factory

from penstock.config import Secret, ServerSettings
from penstock.domain.errors import PenstockError, Unavailable, refusal

# Version 5 adds a checksum to every frame, which costs 2 µs per row on both sides; TLS has its own, and so have
# Penstock's cells and files.
PROTOCOL_VERSION = 4
MIN_VERSION = (5, 0)  # the first with the tables' compaction strategy
BUFFER_BYTES = 65_536  # per system call; a batch would need seven with the driver's default of 4096
RECONNECTION_SECONDS = (0.5, 10.0)  # the first and the longest pause; the driver's default grows to 10 minutes
CONNECT_SECONDS = 10.0
PROBE_SECONDS = 2.0
SCHEMA_AGREEMENT_SECONDS = 30
READS = "reads"  # the execution profile of reads: as the default, but does not wait for a slow replica
SERIAL_READS = "serial reads"  # with the consistency of transactions
SPECULATIVE_ATTEMPTS = 2
WRITE_SPECULATION = 0.2  # of the timeout; then another replica is asked to coordinate the write too
HEARTBEAT_SECONDS = (
    5  # two missed in a row mean that a node is down; with the driver's default of 30 that takes a minute
)
KEYSPACE = re.compile(r"[a-z][a-z0-9_]{0,47}")
ONE_REPLICA: Mapping[str, str | int] = {"class": "SimpleStrategy", "replication_factor": 1}

CASSANDRA = "cassandra"  # the dependency's name in metrics and logs

Row = tuple[Any, ...]
T = TypeVar("T")

stamina.instrumentation.set_on_retry_hooks([])  # a waiting caller logs once, not at each attempt


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


# Errors that pass without a change, and those that mean overload.
OVERLOADED = (OperationTimedOut, Timeout, OverloadedErrorMessage)
TRANSIENT = (
    *OVERLOADED,
    TooFewReplicas,
    CoordinationFailure,
    NoHostAvailable,
    ConnectionException,
    ConnectionBusy,
    ServerError,
    IsBootstrappingErrorMessage,
    TruncateError,
    UnresolvableContactPoints,
    OSError,
)


def mapped(error: BaseException) -> BaseException:
    """The driver's `error` as one of Penstock's; others are bugs. Omits the driver's text, which may contain values."""
    causes = _causes(error)
    if any(isinstance(cause, AuthenticationFailed) for cause in causes):
        return refusal(
            "database_sign_in",
            "Cassandra does not accept the user and password that Penstock signs in with",
            "Check the user and the password in the settings.",
        )
    if isinstance(error, Unauthorized):
        return refusal(
            "database_rights",
            "Cassandra's user for Penstock lacks rights",
            "Grant it SELECT and MODIFY on the keyspace, and for `penstock migrate` CREATE and ALTER.",
        )
    if missing := [cause for cause in causes if isinstance(cause, TooFewReplicas)]:
        alive, needed = missing[0].alive_replicas, missing[0].required_replicas
        return Unavailable(
            f"Cassandra cannot complete the request: it needs {needed} replicas, {alive} are up: start the others",
            dependency=CASSANDRA,
        )
    if isinstance(error, TRANSIENT):
        kinds = ", ".join(sorted({type(cause).__name__ for cause in causes}))
        return Unavailable(
            f"Cassandra cannot complete the request ({kinds}): check that enough of its nodes run, and"
            " PENSTOCK_CASSANDRA_CONTACT_POINTS",
            dependency=CASSANDRA,
        )
    return error


def _causes(error: BaseException) -> list[BaseException]:
    """The errors of the hosts if `error` contains them, otherwise `error`."""
    by_host = getattr(error, "errors", None)
    if isinstance(error, NoHostAvailable | OperationTimedOut) and isinstance(by_host, dict):
        return [cause for cause in by_host.values() if isinstance(cause, BaseException)] or [error]
    return [error]


def _refused_schema(error: Exception) -> PenstockError:
    """Quotes Cassandra's reason, since a schema statement contains no customer's value."""
    reason = re.sub(r'.*message="(.*)".*', r"\1", str(error), flags=re.DOTALL)
    if isinstance(error, Unauthorized):
        return refusal(
            "database_rights",
            f"Cassandra's user for Penstock may not prepare the keyspace: {reason}",
            "Grant it CREATE and ALTER, beside SELECT and MODIFY, for `penstock migrate`.",
        )
    hint = "Fix what Cassandra names, then run `penstock migrate` again."
    return refusal("schema_refused", f"Cassandra refuses the keyspace or a table: {reason}", hint)


@contextmanager
def errors() -> Iterator[None]:
    """Raise the driver's errors as Penstock's."""
    try:
        yield
    except Exception as error:
        mapped_error = mapped(error)
        if mapped_error is error:
            raise
        raise mapped_error from error


class CassandraSession:
    """The connection to the cluster, which both stores share; thread-safe, but not usable after a fork."""

    def __init__(self, settings: CassandraSettings) -> None:
        """Raises `Unavailable` while no node answers, `Refused` for a failed sign-in or a server that is too old."""
        self.settings = settings
        self._prepared: dict[str, PreparedStatement] = {}
        self._preparing = threading.Lock()
        with errors():
            self.cluster: Cluster = _cluster(settings)
            try:
                self.driver: Session = self.cluster.connect()
                validate_versions(host.release_version for host in self.cluster.metadata.all_hosts())
            except BaseException:
                self.cluster.shutdown()
                raise

    def prepare(self, cql: str, *, idempotent: bool) -> PreparedStatement:
        """The prepared statement of `cql`, where `{ks}` is the keyspace. Raises as `write` does."""
        statement = self._prepared.get(cql)
        if statement is None:
            text = cql.replace("{ks}", self.settings.keyspace)
            with self._preparing:
                statement = self._prepared.get(cql) or self._with_retries(lambda: self.driver.prepare(text))
                statement.is_idempotent = idempotent
                self._prepared[cql] = statement
        return statement

    def write(self, cql: str, *values: Any) -> None:
        """Execute an idempotent statement, with retries until the timeout. Raises `Unavailable`."""
        self.write_all(cql, [values])

    def write_all(self, cql: str, values_of_each: Sequence[Sequence[Any]]) -> None:
        """As `write`, for a statement with each of these values, all on one partition."""
        if values_of_each:
            self._repeated(_together(self.prepare(cql, idempotent=True), values_of_each), EXEC_PROFILE_DEFAULT)

    def read(self, cql: str, *values: Any, page_rows: int = 5000) -> list[Row]:
        """All rows of a query, fetched `page_rows` at a time. Raises `Unavailable`."""
        statement = self.prepare(cql, idempotent=True).bind(values)
        statement.fetch_size = page_rows
        return self._repeated(statement, READS)

    def read_serial(self, cql: str, *values: Any) -> list[Row]:
        """As `read`, of one partition, after completing an interrupted transaction on it."""
        return self._repeated(self.prepare(cql, idempotent=True).bind(values), SERIAL_READS)

    def read_from(self, host: Host, cql: str) -> list[Row]:
        """Query a specific node. Raises `Unavailable`."""
        statement = self.prepare(cql, idempotent=True).bind(())
        return self._with_retries(lambda: list(self.driver.execute(statement, execution_profile=READS, host=host)))

    def connected_hosts(self) -> list[Host]:
        """The connected nodes: those of this data centre that are up."""
        return [pool.host for pool in self.driver.get_pools()]

    def probe(self, cql: str) -> None:
        """Read once, with a short timeout, to check that Cassandra answers. Raises `Unavailable`."""
        statement = self.prepare(cql, idempotent=True)
        with errors():
            self.driver.execute(statement, execution_profile=READS, timeout=PROBE_SECONDS)

    def decide(self, cql: str, *values: Any) -> bool:
        """Execute a lightweight transaction once; returns whether it was applied.

        Raises `Unavailable`; then it may or may not have been applied.
        """
        return self.decide_all(cql, [values])

    def decide_all(self, cql: str, values_of_each: Sequence[Sequence[Any]]) -> bool:
        """As `decide`, for a statement with each of these values, all on one partition; atomic."""
        statement = _together(self.prepare(cql, idempotent=False), values_of_each)
        with errors():
            return bool(self.driver.execute(statement).one()[0])

    def define(self, cql: str) -> None:
        """Execute a schema statement and wait until all nodes have applied it.

        Raises `Unavailable` when they do not agree, and `Refused` (`schema_refused`, `database_rights`) with
        Cassandra's own reason.
        """
        with errors():
            future = self.driver.execute_async(cql.replace("{ks}", self.settings.keyspace), timeout=None)
            try:
                future.result()
            except (ConfigurationException, InvalidRequest, Unauthorized) as error:
                raise _refused_schema(error) from error
        if not future.is_schema_agreed:
            raise Unavailable("Cassandra's nodes do not agree on the schema yet", dependency=CASSANDRA)

    def close(self) -> None:
        with suppress(ReferenceError):
            self.cluster.shutdown()

    def _repeated(self, statement: Statement, profile: str) -> list[Row]:
        return self._with_retries(lambda: list(self.driver.execute(statement, execution_profile=profile)))

    def _with_retries(self, call: Callable[[], T]) -> T:
        attempts = stamina.retry_context(
            on=TRANSIENT, attempts=None, timeout=self.settings.timeout_seconds, wait_initial=0.05, wait_max=2.0
        )
        with errors():
            for attempt in attempts:
                with attempt:
                    return call()
        raise AssertionError("a retry ends with a result or an error")


def validate_versions(releases: Iterable[str | None]) -> None:
    """Raise `Refused` when a node's release is too old; a node of unknown release is not checked."""
    for release in filter(None, releases):
        if tuple(int(number) for number in re.findall(r"\d+", release)[:2]) < MIN_VERSION:
            raise refusal("database_too_old", f"Cassandra is {release}, older than 5.0", "Upgrade it to 5.0 or later.")


def _together(prepared: PreparedStatement, values_of_each: Sequence[Sequence[Any]]) -> Statement:
    """One statement that executes `prepared` with each of these values, all on one partition."""
    if len(values_of_each) == 1:
        return prepared.bind(values_of_each[0])
    batch = BatchStatement(BatchType.UNLOGGED)
    batch.is_idempotent = prepared.is_idempotent
    batch.add_all([prepared] * len(values_of_each), values_of_each)
    return batch


def _cluster(settings: CassandraSettings) -> Cluster:
    return Cluster(
        settings.contact_points,
        connection_class=_libev(),
        port=settings.port,
        protocol_version=PROTOCOL_VERSION,
        auth_provider=PlainTextAuthProvider(settings.user, settings.password) if settings.user else None,
        ssl_context=_tls(settings) if settings.tls else None,
        execution_profiles=_profiles(settings),
        connect_timeout=CONNECT_SECONDS,
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
