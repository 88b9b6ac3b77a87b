"""The sets of servers."""

from __future__ import annotations

from pathlib import Path

from deploy.stack.addresses import Ports
from deploy.stack.cassandra import Cassandra, CommitlogSync
from deploy.stack.kafka import Kafka
from deploy.stack.s3 import S3
from deploy.stack.stack import Stack
from deploy.stack.toxiproxy import Toxiproxy

RING = ("127.0.1.1", "127.0.1.2", "127.0.1.3")
RING_HEAP_MEGABYTES = 768


def single(
    folder: Path,
    ports: Ports | None = None,
    *,
    heap_megabytes: int = 1024,
    commitlog_sync: CommitlogSync = "batch",
    durable_schema: bool = True,
) -> Stack:
    """One server of each kind. The last three are Cassandra's."""
    cassandra = Cassandra(heap_megabytes=heap_megabytes, commitlog_sync=commitlog_sync, durable_schema=durable_schema)
    return Stack(folder, [Kafka(), cassandra, S3(), Toxiproxy()], ports)


def ring(folder: Path, ports: Ports | None = None) -> Stack:
    """Three nodes of Cassandra on addresses of their own, the same ports each; the second and third join the first.

    They sync periodically, as most rings do: the others have the writes that one of them loses.
    """
    nodes = [
        Cassandra(
            f"cassandra-{number}",
            host=host,
            seed=RING[0],
            heap_megabytes=RING_HEAP_MEGABYTES,
            commitlog_sync="periodic",
        )
        for number, host in enumerate(RING, 1)
    ]
    return Stack(folder, nodes, ports, at_once=False)
