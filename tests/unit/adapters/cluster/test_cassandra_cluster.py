"""Invalid settings are refused, and only idempotent statements are repeated."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from cassandra.connection import ConnectionShutdown
from cassandra.protocol import OverloadedErrorMessage

from penstock.adapters.cluster.cassandra_cluster import CassandraSettings, IdempotentRetryPolicy, driver_cluster
from penstock.domain.errors import Refused


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
        driver_cluster(CassandraSettings(tls=True, tls_ca_file=str(tmp_path / "none.pem")))


@pytest.mark.parametrize(
    ("idempotent", "error", "again"),
    [
        (True, ConnectionShutdown("gone"), True),
        (False, ConnectionShutdown("gone"), False),
        (True, OverloadedErrorMessage(0x1001, "busy", None), False),
    ],
)
def test_only_idempotent_statements_go_to_another_node(idempotent: bool, error: Exception, again: bool) -> None:
    policy = IdempotentRetryPolicy()
    query = SimpleNamespace(is_idempotent=idempotent)
    decision, _ = policy.on_request_error(query, 6, error=error, retry_num=0)
    assert decision == (policy.RETRY_NEXT_HOST if again else policy.RETHROW)
