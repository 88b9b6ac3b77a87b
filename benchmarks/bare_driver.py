"""Measures the limit of the driver and Cassandra: writes the rows that Penstock writes, built beforehand.

    python -m benchmarks.bare_driver DATA INDEX OF

One of `OF` processes. `DATA` is the folder of an embedded Penstock that has ingested the file: the fragments of each
chunk are taken from it and bound in the batches of the Cassandra store, before `ready` is written. A line on standard
input starts the writing, to the servers of the PENSTOCK_CASSANDRA_* variables; then the number of rows is printed, and
another line ends the process.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from cassandra.cluster import Session

from penstock import struct_types
from penstock.adapters.cluster.cassandra_cluster import CassandraSettings
from penstock.adapters.cluster.cassandra_profile_store import CassandraProfileStore
from penstock.adapters.cluster.cassandra_session import CassandraSession
from penstock.config import Settings, load_section
from penstock.domain.profiles.epochs import Partition
from penstock.domain.profiles.fragments import StoredFragment, split_key
from penstock.wiring import embedded


def main() -> None:
    data, index, of = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    struct_types.prepare()
    chunks = [fragments for chunk, fragments in sorted(_chunks(data).items()) if chunk % of == index]
    session = CassandraSession(load_section(CassandraSettings, "cassandra"))
    store, settings = CassandraProfileStore(session), Settings()
    statements = [
        statement
        for fragments in chunks
        for statement in store.statements(
            settings.tenant, 1, fragments, bits=settings.bucket_bits, timestamp_us=time.time_ns() // 1000
        )
    ]
    print("ready", flush=True)
    sys.stdin.readline()
    _write(session.driver, statements, session.settings.batches_in_flight)
    print(sum(map(len, chunks)), flush=True)
    sys.stdin.readline()  # keeps the process alive until its figures are read
    store.close()


def _chunks(data: Path) -> dict[int, list[StoredFragment]]:
    """Sorted by key, as a chunk's fragments are when they are written."""
    system = embedded(Settings(data=data))
    chunks: defaultdict[int, list[StoredFragment]] = defaultdict(list)
    for epoch in system.epochs.all(system.settings.tenant):
        for bucket in range(1 << epoch.bits):
            for fragment in system.profiles.scan(system.settings.tenant, Partition(epoch.number, bucket)):
                chunks[split_key(fragment.key).chunk].append(fragment)
    system.close()
    return chunks


def _write(driver: Session, statements: list[Any], in_flight: int) -> None:
    """Raises the driver's first error, after the last answer."""
    places = threading.Semaphore(in_flight)
    errors: list[Exception] = []

    def succeed(_: object) -> None:
        places.release()

    def fail(error: Exception) -> None:
        errors.append(error)
        places.release()

    for statement in statements:
        places.acquire()
        driver.execute_async(statement).add_callbacks(succeed, fail)
    for _ in range(in_flight):
        places.acquire()
    if errors:
        raise errors[0]


if __name__ == "__main__":
    main()
