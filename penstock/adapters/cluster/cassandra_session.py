"""The connection to Cassandra that its adapters share.

Every statement is prepared once, and names its keyspace, so that no `USE` is needed. Statements that may be repeated
are marked as idempotent when they are prepared; only these are ever sent twice.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import stamina
from cassandra import DriverException, InvalidRequest, Unauthorized
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ResultSet, Session
from cassandra.concurrent import execute_concurrent, execute_concurrent_with_args
from cassandra.pool import Host
from cassandra.protocol import ConfigurationException
from cassandra.query import BatchStatement, BatchType, PreparedStatement, Statement

from penstock.adapters.cluster.cassandra_cluster import (
    READS,
    SCHEMA_AGREEMENT_SECONDS,
    SERIAL_READS,
    CassandraSettings,
    driver_cluster,
)
from penstock.adapters.cluster.cassandra_errors import CASSANDRA, TRANSIENT, errors, refused_schema
from penstock.application.health.probing import PROBE_TIMEOUT_SECONDS
from penstock.domain.errors import Unavailable, refusal

MIN_VERSION = (5, 0)  # the first with the tables' compaction strategy

AT_ONCE = 64  # statements of one call

Row = tuple[Any, ...]
T = TypeVar("T")

stamina.instrumentation.set_on_retry_hooks([])  # a waiting caller logs once, not at each attempt


class CassandraSession:
    """The connection to the cluster, which both stores share; thread-safe, but not usable after a fork."""

    def __init__(self, settings: CassandraSettings) -> None:
        """Raises `Unavailable` while no node answers, `Refused` for a failed sign-in or a server that is too old."""
        self.settings = settings
        self._prepared: dict[str, PreparedStatement] = {}
        self._preparing = threading.Lock()
        with errors():
            self.cluster: Cluster = driver_cluster(settings)
            try:
                self.driver: Session = self.cluster.connect()
                self._read_keyspace(agreement_seconds=0)  # nodes of two versions may disagree for long
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

    def write_each(self, statements: Sequence[tuple[str, Sequence[Any]]]) -> None:
        """As `write`, of several statements and partitions side by side; each has its values."""
        if len(statements) == 1:
            [(cql, values)] = statements
            self.write(cql, *values)
            return
        prepared = [(self.prepare(cql, idempotent=True), values) for cql, values in statements]
        self._with_retries(lambda: execute_concurrent(self.driver, prepared, concurrency=AT_ONCE))

    def read(self, cql: str, *values: Any, page_rows: int = 5000) -> list[Row]:
        """All rows of a query, fetched `page_rows` at a time. Raises `Unavailable`."""
        statement = self.prepare(cql, idempotent=True).bind(values)
        statement.fetch_size = page_rows
        return self._repeated(statement, READS)

    def read_each(self, cql: str, values_of_each: Sequence[Sequence[Any]]) -> list[Row]:
        """As `read`, of several partitions side by side."""
        if len(values_of_each) == 1:
            return self.read(cql, *values_of_each[0])
        statement = self.prepare(cql, idempotent=True)

        def read() -> list[Row]:
            results = execute_concurrent_with_args(
                self.driver, statement, values_of_each, concurrency=AT_ONCE, execution_profile=READS
            )
            return [row for result in results for row in result.result_or_exc]

        return self._with_retries(read)

    def read_pages(self, cql: str, *, page_rows: int) -> Iterator[Row]:
        """As `read`, but fetches a page only when the rows before it were taken."""
        statement = self.prepare(cql, idempotent=True).bind(())
        statement.fetch_size = page_rows
        state: bytes | None = None
        while True:
            page = self._page(statement, state)
            yield from page.current_rows
            state = page.paging_state
            if not state:
                return

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
            self.driver.execute(statement, execution_profile=READS, timeout=PROBE_TIMEOUT_SECONDS)

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
                raise refused_schema(error) from error
            self._read_keyspace(agreement_seconds=SCHEMA_AGREEMENT_SECONDS)

    def close(self) -> None:
        with suppress(ReferenceError):
            self.cluster.shutdown()

    def _read_keyspace(self, *, agreement_seconds: int) -> None:
        """Let the driver know the keyspace's replication, by which it finds the nodes of a partition, after waiting for
        all nodes to agree on the schema. When it changes later, a statement costs a hop more until the next start."""
        try:
            self.cluster.refresh_keyspace_metadata(self.settings.keyspace, agreement_seconds)
        except DriverException as error:
            message = "Cassandra's schema cannot be read, or its nodes do not agree on it yet"
            raise Unavailable(message, dependency=CASSANDRA) from error

    def _repeated(self, statement: Statement, profile: str) -> list[Row]:
        return self._with_retries(lambda: list(self.driver.execute(statement, execution_profile=profile)))

    def _page(self, statement: Statement, state: bytes | None) -> ResultSet:
        return self._with_retries(lambda: self.driver.execute(statement, execution_profile=READS, paging_state=state))

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
