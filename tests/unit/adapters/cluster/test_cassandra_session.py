"""A server that does not answer is unavailable, and one that is too old is refused."""

from __future__ import annotations

import pytest

from penstock.adapters.cluster.cassandra_cluster import CassandraSettings
from penstock.adapters.cluster.cassandra_session import CassandraSession, validate_versions
from penstock.domain.errors import Refused, Unavailable


def test_an_address_without_a_server_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="ConnectionRefusedError"):
        CassandraSession(CassandraSettings(port=1))


def test_a_node_of_an_old_release_is_refused() -> None:
    validate_versions(["5.0.5", None, "6.0-alpha1"])
    with pytest.raises(Refused, match=r"4\.1\.3") as caught:
        validate_versions(["5.0.5", "4.1.3"])
    assert caught.value.code == "database_too_old"
