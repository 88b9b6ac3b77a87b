"""The real servers' addresses. A test that asks for one has that server running; without its program it is skipped."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deploy.stack.addresses import Addresses
from tests.support.servers import Servers, folder_of_the_run, servers


@pytest.fixture(scope="session")
def real_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with servers(folder_of_the_run(tmp_path_factory)) as lent:
        yield lent


@pytest.fixture(scope="session")
def kafka_address(real_servers: Servers) -> str:
    """Bootstrap address, "127.0.0.1:port". Shared by all tests of a run: use topics of your own."""
    return real_servers.use("kafka").addresses.kafka


@pytest.fixture(scope="session")
def cassandra_address(real_servers: Servers) -> tuple[str, int]:
    """Shared by all tests of a run: use a keyspace of your own."""
    return real_servers.use("cassandra").addresses.cassandra


@pytest.fixture(scope="session")
def s3_address(real_servers: Servers) -> Addresses:
    """See its `s3_url`, `s3_access_key` and `s3_secret_key`. Shared by all tests of a run: use a bucket of your own."""
    return real_servers.use("s3").addresses
