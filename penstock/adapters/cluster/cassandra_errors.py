"""The table that maps the driver's errors to Penstock's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from cassandra import (
    AuthenticationFailed,
    CoordinationFailure,
    OperationTimedOut,
    Timeout,
    Unauthorized,
    UnresolvableContactPoints,
)
from cassandra import Unavailable as TooFewReplicas
from cassandra.cluster import NoHostAvailable
from cassandra.connection import ConnectionBusy, ConnectionException
from cassandra.protocol import IsBootstrappingErrorMessage, OverloadedErrorMessage, ServerError, TruncateError

from penstock.domain.errors import PenstockError, Unavailable, refusal

CASSANDRA = "cassandra"  # the dependency's name in metrics and logs

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


def refused_schema(error: Exception) -> PenstockError:
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
