"""The driver's errors become Penstock's, without their text."""

from __future__ import annotations

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

from penstock.adapters.cluster.cassandra_errors import errors
from penstock.domain.errors import PenstockError, Refused, Unavailable

MARK = "marked-value"


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


def test_a_wrong_statement_stays_a_bug() -> None:
    with pytest.raises(InvalidRequest), errors():
        raise InvalidRequest("no such column")
