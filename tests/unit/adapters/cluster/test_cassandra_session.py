"""Settings that cannot be are refused, and the driver's errors become Penstock's without their text."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from cassandra import (
    AuthenticationFailed,
    InvalidRequest,
    OperationTimedOut,
    Unauthorized,
    WriteFailure,
    WriteTimeout,
)
from cassandra import Unavailable as TooFewReplicas
from cassandra.cluster import NoHostAvailable
from cassandra.connection import ConnectionShutdown
from cassandra.protocol import OverloadedErrorMessage

from penstock.adapters.cluster.cassandra_session import (
    CassandraSession,
    CassandraSettings,
    IdempotentRetryPolicy,
    errors,
    validate_versions,
)
from penstock.domain.errors import PenstockError, Refused, Unavailable

MARK = "marked-value"


@pytest.mark.parametrize("keyspace", ["", "Big", "1st", "a-b", "a b", 'a"', "a" * 49, "a;drop"])
def test_a_keyspace_that_is_no_plain_name_is_refused(keyspace: str) -> None:
    with pytest.raises(Refused, match="keyspace"):
        CassandraSettings(keyspace=keyspace)


@pytest.mark.parametrize("name", ["consistency", "serial_consistency"])
def test_a_consistency_level_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(Refused, match=name):
        CassandraSettings(**{name: "MOST"})


def test_tls_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="TLS"):
        CassandraSession(CassandraSettings(tls=True, tls_ca_file=str(tmp_path / "none.pem")))


def test_nobody_at_the_address_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="ConnectionRefusedError"):
        CassandraSession(CassandraSettings(port=1))


@pytest.mark.parametrize(
    ("theirs", "ours", "code"),
    [
        (OperationTimedOut(), Unavailable, "unavailable"),
        (WriteTimeout(MARK, write_type=0), Unavailable, "unavailable"),
        (WriteFailure(MARK), Unavailable, "unavailable"),
        (TooFewReplicas(MARK), Unavailable, "unavailable"),
        (OverloadedErrorMessage(0x1001, MARK, None), Unavailable, "unavailable"),
        (ConnectionShutdown(MARK), Unavailable, "unavailable"),
        (NoHostAvailable(MARK, {}), Unavailable, "unavailable"),
        (NoHostAvailable(MARK, {"host": OperationTimedOut()}), Unavailable, "unavailable"),
        (NoHostAvailable(MARK, {"host": AuthenticationFailed(MARK)}), Refused, "database_sign_in"),
        (Unauthorized(MARK), Refused, "database_rights"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_errors_are_mapped_and_their_text_stays_out(theirs: Exception, ours: type[PenstockError], code: str) -> None:
    with pytest.raises(ours) as caught, errors():
        raise theirs
    assert caught.value.code == code
    assert MARK not in str(caught.value)


def test_too_few_replicas_are_counted() -> None:
    with pytest.raises(Unavailable, match="needs 2 replicas, 1 are up"), errors():
        raise TooFewReplicas(MARK, required_replicas=2, alive_replicas=1)


def test_a_node_of_an_old_release_is_refused() -> None:
    validate_versions(["5.0.5", None, "6.0-alpha1"])
    with pytest.raises(Refused, match=r"4\.1\.3") as caught:
        validate_versions(["5.0.5", "4.1.3"])
    assert caught.value.code == "database_too_old"


def test_a_wrong_statement_stays_a_bug() -> None:
    with pytest.raises(InvalidRequest), errors():
        raise InvalidRequest("no such column")


@pytest.mark.parametrize(
    ("idempotent", "error", "again"),
    [
        (True, ConnectionShutdown("gone"), True),
        (False, ConnectionShutdown("gone"), False),
        (True, OverloadedErrorMessage(0x1001, "busy", None), False),
    ],
)
def test_only_what_may_be_repeated_goes_to_another_node(idempotent: bool, error: Exception, again: bool) -> None:
    policy = IdempotentRetryPolicy()
    query = SimpleNamespace(is_idempotent=idempotent)
    decision, _ = policy.on_request_error(query, 6, error=error, retry_num=0)
    assert decision == (policy.RETRY_NEXT_HOST if again else policy.RETHROW)
