"""How the Cassandra adapters connect, and the one table that maps the driver's errors to Penstock's.

Every statement is prepared once, and names its keyspace, so that no `USE` stands between a statement and its table.
What may be repeated is marked idempotent when it is prepared; only that is ever sent twice.
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

# The fifth adds a checksum to every frame, which costs a row 2 µs on both sides; TLS has one, and cells and files of
# Penstock have their own.
PROTOCOL_VERSION = 4
OLDEST = (5, 0)  # the first with the compaction that the tables ask for
BUFFER_BYTES = 65_536  # of one call to the system; the driver's 4096 would take seven for a batch
RECONNECTION_SECONDS = (0.5, 10.0)  # the first and the longest pause; the driver's own grows to 10 minutes
CONNECT_SECONDS = 10.0
PROBE_SECONDS = 2.0
SCHEMA_AGREEMENT_SECONDS = 30
READS = "reads"  # the execution profile of reads: as the default one, and a slow replica is not waited for
SETTLED_READS = "settled reads"  # their consistency is the transactions' own
SPECULATIVE_ATTEMPTS = 2
WRITE_SPECULATION = 0.2  # of the time that it may take; then another replica is asked to coordinate the write as well
HEARTBEAT_SECONDS = 5  # a node that does not answer for so long twice is down; the driver's own 30 would be a minute
KEYSPACE = re.compile(r"[a-z][a-z0-9_]{0,47}")
ONE_REPLICA: Mapping[str, str | int] = {"class": "SimpleStrategy", "replication_factor": 1}

CASSANDRA = "cassandra"  # what an outage of it is called in metrics and logs

Row = tuple[Any, ...]
T = TypeVar("T")

stamina.instrumentation.set_on_retry_hooks([])  # who waits says so once, not at each try


class CassandraSettings(ServerSettings, frozen=True, kw_only=True):
    """Where Cassandra is, how to sign in, and how Penstock uses it. Raises `Refused` for what cannot be.

    `replication` is the keyspace's, as CQL has it: data centre and number of replicas, or SimpleStrategy's one; the
    class may be left out.
    """

    contact_points: tuple[str, ...] = ("127.0.0.1",)
    port: int = 9042
    local_dc: str = ""  # "": the contact points'
    keyspace: str = "penstock"
    replication: Mapping[str, str | int] = msgspec.field(default_factory=lambda: dict(ONE_REPLICA))
    consistency: str = "LOCAL_QUORUM"
    serial_consistency: str = "LOCAL_SERIAL"
    allow_periodic_sync: bool = False  # take the loss of acknowledged writes when a single node is killed
    user: str = ""  # "" does not sign in
    password: Secret = ""
    tls: bool = False
    tls_ca_file: str = ""  # "": the system's
    tls_certificate_file: str = ""  # of this client, with its key; "": none
    tls_key_file: str = ""
    request_timeout_seconds: float = 10.0
    timeout_seconds: float = 30.0  # what is repeated is given up when nothing has succeeded for so long
    speculative_delay_seconds: float = 0.1  # a read that takes longer is sent to another replica too
    batch_fragments: int = 256
    batch_bytes: int = 0  # 0: as many as the servers take in a batch without a line in their log
    batch_partitions: int = 0  # the same
    batches_in_flight: int = 32  # at most; fewer while the servers are slow or refuse; more of them fill the sockets

    def __post_init__(self) -> None:
        if not KEYSPACE.fullmatch(self.keyspace):
            raise _invalid("keyspace", "lower-case letters, digits and _, at most 48, a letter first")
        for name in ("consistency", "serial_consistency"):
            if getattr(self, name) not in ConsistencyLevel.name_to_value:
                raise _invalid(name, "a consistency level of Cassandra's, such as LOCAL_QUORUM or LOCAL_SERIAL")


def _invalid(name: str, form: str) -> PenstockError:
    return refusal("invalid_setting", f"Cassandra's {name} cannot be used as it is given", f"It has to be {form}.")


class RetryWhatMayBeRepeated(FallthroughRetryPolicy):  # type: ignore[misc]
    """The driver's own second try: at once, on another node, for what may be repeated and for nothing else.

    Timeouts and overload are not tried again here: whoever sent the statement has to slow down first.
    """

    def on_unavailable(self, _query: Any, *, retry_num: int, **_how: Any) -> tuple[int, int | None]:
        """No replica has got the statement; another coordinator may know of more of them."""
        return (self.RETRY_NEXT_HOST, None) if retry_num == 0 else (self.RETHROW, None)

    def on_request_error(
        self, query: Any, _consistency: int, *, error: Exception, **_how: Any
    ) -> tuple[int, int | None]:
        if query.is_idempotent and not isinstance(error, OverloadedErrorMessage):
            return self.RETRY_NEXT_HOST, None  # ends with the statement's plan of hosts
        return self.RETHROW, None


# What passes by itself, and whether the servers are overloaded by it.
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
    """The driver's `error` as one of Penstock's; what is left is a bug. No text of the driver's: it may hold values."""
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
            "Cassandra's user for Penstock may not do what it has to",
            "Grant it SELECT and MODIFY on the keyspace, and for `penstock migrate` CREATE and ALTER.",
        )
    if missing := [cause for cause in causes if isinstance(cause, TooFewReplicas)]:
        alive, needed = missing[0].alive_replicas, missing[0].required_replicas
        return Unavailable(
            f"Cassandra did not answer as it should: of {needed} replicas that it needs {alive} live: start the others",
            dependency=CASSANDRA,
        )
    if isinstance(error, TRANSIENT):
        kinds = ", ".join(sorted({type(cause).__name__ for cause in causes}))
        return Unavailable(
            f"Cassandra did not answer as it should ({kinds}): check that enough of its nodes run, and"
            " PENSTOCK_CASSANDRA_CONTACT_POINTS",
            dependency=CASSANDRA,
        )
    return error


def _causes(error: BaseException) -> list[BaseException]:
    """The errors of each host where one error stands for them, otherwise the error."""
    by_host = getattr(error, "errors", None)
    if isinstance(error, NoHostAvailable | OperationTimedOut) and isinstance(by_host, dict):
        return [cause for cause in by_host.values() if isinstance(cause, BaseException)] or [error]
    return [error]


def _refused_schema(error: Exception) -> PenstockError:
    """With Cassandra's own reason: a schema statement holds no customer's value."""
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
        theirs = mapped(error)
        if theirs is error:
            raise
        raise theirs from error


class CassandraSession:
    """One connection to the cluster, which both stores share; serves any number of threads, and no forked child."""

    def __init__(self, settings: CassandraSettings) -> None:
        """Raises `Unavailable` while no node answers, `Refused` when the sign-in or the server's version is wrong."""
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
        """The prepared form of `cql`, in which `{ks}` stands for the keyspace. Raises as `write`."""
        statement = self._prepared.get(cql)
        if statement is None:
            text = cql.replace("{ks}", self.settings.keyspace)
            with self._preparing:
                statement = self._prepared.get(cql) or self._patiently(lambda: self.driver.prepare(text))
                statement.is_idempotent = idempotent
                self._prepared[cql] = statement
        return statement

    def write(self, cql: str, *values: Any) -> None:
        """Execute what may be repeated, until it succeeds or patience ends. Raises `Unavailable`."""
        self.write_all(cql, [values])

    def write_all(self, cql: str, each: Sequence[Sequence[Any]]) -> None:
        """As `write`, of a statement for each of these values, all on one partition."""
        if each:
            self._repeated(_together(self.prepare(cql, idempotent=True), each), EXEC_PROFILE_DEFAULT)

    def read(self, cql: str, *values: Any, page_rows: int = 5000) -> list[Row]:
        """All rows of a query, which come `page_rows` at a time. Raises `Unavailable`."""
        statement = self.prepare(cql, idempotent=True).bind(values)
        statement.fetch_size = page_rows
        return self._repeated(statement, READS)

    def read_settled(self, cql: str, *values: Any) -> list[Row]:
        """As `read`, of one partition, after finishing what a transaction that broke off has left there."""
        return self._repeated(self.prepare(cql, idempotent=True).bind(values), SETTLED_READS)

    def read_from(self, host: Host, cql: str) -> list[Row]:
        """What one node tells of itself. Raises `Unavailable`."""
        statement = self.prepare(cql, idempotent=True).bind(())
        return self._patiently(lambda: list(self.driver.execute(statement, execution_profile=READS, host=host)))

    def connected_hosts(self) -> list[Host]:
        """The nodes that are spoken to: those of this data centre that are up."""
        return [pool.host for pool in self.driver.get_pools()]

    def ask(self, cql: str) -> None:
        """Read once and for a short time only: whether Cassandra answers now. Raises `Unavailable`."""
        statement = self.prepare(cql, idempotent=True)
        with errors():
            self.driver.execute(statement, execution_profile=READS, timeout=PROBE_SECONDS)

    def decide(self, cql: str, *values: Any) -> bool:
        """Execute a lightweight transaction, once; tells whether it was applied.

        Raises `Unavailable`, after which it may or may not have been.
        """
        return self.decide_all(cql, [values])

    def decide_all(self, cql: str, each: Sequence[Sequence[Any]]) -> bool:
        """As `decide`, of a statement for each of these values, all on one partition: all are applied or none."""
        statement = _together(self.prepare(cql, idempotent=False), each)
        with errors():
            return bool(self.driver.execute(statement).one()[0])

    def define(self, cql: str) -> None:
        """Execute a schema statement and wait until all nodes know it.

        Raises `Unavailable` when they do not agree, `Refused` (`schema_refused`, `database_rights`) with Cassandra's
        own reason.
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
        return self._patiently(lambda: list(self.driver.execute(statement, execution_profile=profile)))

    def _patiently(self, call: Callable[[], T]) -> T:
        attempts = stamina.retry_context(
            on=TRANSIENT, attempts=None, timeout=self.settings.timeout_seconds, wait_initial=0.05, wait_max=2.0
        )
        with errors():
            for attempt in attempts:
                with attempt:
                    return call()
        raise AssertionError("a retry ends with a result or an error")


def validate_versions(releases: Iterable[str | None]) -> None:
    """Raises `Refused` when a node runs a release that is too old; one that has not told its own is not judged."""
    for release in filter(None, releases):
        if tuple(int(number) for number in re.findall(r"\d+", release)[:2]) < OLDEST:
            raise refusal("database_too_old", f"Cassandra is {release}, older than 5.0", "Upgrade it to 5.0 or later.")


def _together(prepared: PreparedStatement, each: Sequence[Sequence[Any]]) -> Statement:
    """One statement that does what `prepared` does with each of these values; all on one partition."""
    if len(each) == 1:
        return prepared.bind(each[0])
    batch = BatchStatement(BatchType.UNLOGGED)
    batch.is_idempotent = prepared.is_idempotent
    batch.add_all([prepared] * len(each), each)
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
        compression=False,  # what is large is sealed and does not shrink
    )


def _profiles(settings: CassandraSettings) -> dict[object, ExecutionProfile]:
    serial = ConsistencyLevel.name_to_value[settings.serial_consistency]

    def profile(**other: Any) -> ExecutionProfile:
        nodes = TokenAwarePolicy(DCAwareRoundRobinPolicy(settings.local_dc), shuffle_replicas=True)
        usual = {
            "load_balancing_policy": nodes,
            "retry_policy": RetryWhatMayBeRepeated(),
            "consistency_level": ConsistencyLevel.name_to_value[settings.consistency],
            "serial_consistency_level": serial,
            "request_timeout": settings.request_timeout_seconds,
            "row_factory": tuple_factory,
        }
        return ExecutionProfile(**{**usual, **other})

    def speculative(delay_seconds: float) -> ExecutionProfile:
        policy = ConstantSpeculativeExecutionPolicy(delay_seconds, SPECULATIVE_ATTEMPTS)
        return profile(speculative_execution_policy=policy)

    return {
        # Of use only to what may be repeated. Without it a node that hangs would hold up every write it coordinates.
        EXEC_PROFILE_DEFAULT: speculative(settings.request_timeout_seconds * WRITE_SPECULATION),
        READS: speculative(settings.speculative_delay_seconds),
        SETTLED_READS: profile(consistency_level=serial),
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
    """The reactor that is for production; left alone, the driver takes a slower one without a word."""
    try:
        from cassandra.io.libevreactor import LibevConnection  # noqa: PLC0415  raises without its C extension
    except (ImportError, DependencyException) as error:
        raise refusal(
            "libev_missing",
            "cassandra-driver was installed without libev",
            "Install the driver from its wheel, which brings libev, for a version of Python that has one.",
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
    """The driver keeps the timer of an answered statement until it would have gone off, and with it all that the
    statement writes: of the last seconds everything."""

    def cancel(self) -> None:
        super().cancel()
        self.callback = _nothing


def _nothing() -> None: ...
