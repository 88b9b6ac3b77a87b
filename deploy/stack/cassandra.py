"""Apache Cassandra: a single node, or one of a ring."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cassandra import DriverException
from cassandra.cluster import Cluster, NoHostAvailable

from deploy.stack import packages
from deploy.stack.addresses import HOST, Ports, is_taken
from deploy.stack.server import Launch

EXPORTS = [
    "java.base/jdk.internal.misc",
    "java.base/jdk.internal.ref",
    "java.base/java.lang.ref",
    "java.base/sun.nio.ch",
    "java.management.rmi/com.sun.jmx.remote.internal.rmi",
    "java.rmi/sun.rmi.registry",
    "java.rmi/sun.rmi.server",
    "java.sql/java.sql",
    "jdk.unsupported/sun.misc",
    "jdk.compiler/com.sun.tools.javac.file",
    "jdk.attach/sun.tools.attach",
]
OPENS = [
    "java.base/java.lang",
    "java.base/java.lang.module",
    "java.base/java.lang.reflect",
    "java.base/java.io",
    "java.base/java.util",
    "java.base/java.util.concurrent",
    "java.base/java.util.concurrent.atomic",
    "java.base/java.nio",
    "java.base/sun.nio.ch",
    "java.base/jdk.internal.loader",
    "java.base/jdk.internal.ref",
    "java.base/jdk.internal.reflect",
    "java.base/jdk.internal.math",
    "java.base/jdk.internal.module",
    "java.base/jdk.internal.util.jar",
    "jdk.management/com.sun.management.internal",
    "jdk.compiler/com.sun.tools.javac",
]
# After Cassandra's own conf/jvm-server.options and jvm17-server.options: how garbage is collected, what it reaches for
# inside the JDK, and how Netty gets its buffers.
OPTIONS = [
    "-Xss256k",
    "-XX:+PerfDisableSharedMem",
    "-XX:+UseG1GC",
    "-XX:+ParallelRefProcEnabled",
    "-XX:MaxTenuringThreshold=1",
    "-XX:G1HeapRegionSize=16m",
    "-XX:G1RSetUpdatingPauseTimePercent=5",
    "-XX:MaxGCPauseMillis=300",
    "-XX:InitiatingHeapOccupancyPercent=70",
    "-Djdk.attach.allowAttachSelf=true",
    "-Dio.netty.tryReflectionSetAccessible=true",
    "-Dio.netty.allocator.useCacheForAllThreads=true",
    "-Dio.netty.allocator.maxOrder=11",
    *(f"--add-exports={package}=ALL-UNNAMED" for package in EXPORTS),
    *(f"--add-opens={package}=ALL-UNNAMED" for package in OPENS),
]
CommitlogSync = Literal["batch", "periodic"]
COMMITLOG: dict[CommitlogSync, dict[str, str]] = {
    "batch": {"commitlog_sync": "batch"},
    "periodic": {"commitlog_sync": "periodic", "commitlog_sync_period": "10000ms"},
}
# A single node has no peers to wait for.
ALONE = ["-Dcassandra.skip_wait_for_gossip_to_settle=0", "-Dcassandra.ring_delay_ms=0"]
IN_A_RING = ["-Dcassandra.ring_delay_ms=5000"]
LOGGING = """\
<configuration>
  <appender name="out" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%d %-5level [%thread] %logger{0}: %msg%n</pattern></encoder>
  </appender>
  <root level="INFO"><appender-ref ref="out"/></root>
</configuration>
"""


@dataclass(frozen=True)
class Cassandra:
    """`seed` is the address of the ring's first node, empty for a node alone.

    With `commitlog_sync="batch"` a write is on the disk before it is acknowledged, which a single node needs. With
    "periodic", Cassandra's default, a killed node loses the last writes that it acknowledged. Without `durable_schema`,
    tables are made three times as fast, and lost if the node is killed.
    """

    name: str = "cassandra"
    host: str = HOST
    seed: str = ""
    heap_megabytes: int = 1024
    commitlog_sync: CommitlogSync = "batch"
    durable_schema: bool = True

    def fetch(self) -> None:
        _java()
        packages.jars("cassandra")

    def launch(self, folder: Path, ports: Ports) -> Launch:
        (folder / "cassandra.yaml").write_text(json.dumps(self.settings(folder / "data", ports), indent=1), "utf-8")
        (folder / "logback.xml").write_text(LOGGING, "utf-8")
        properties = {
            "cassandra.config": (folder / "cassandra.yaml").as_uri(),
            "cassandra.storagedir": folder / "data",
            "cassandra.foreground": "yes",
            "cassandra-foreground": "yes",
            "cassandra.test.flush_local_schema_changes": str(self.durable_schema).lower(),
            "cassandra.superuser_setup_delay_ms": 1000,  # with 0 it retries without a pause while a node is down
            "logback.configurationFile": folder / "logback.xml",
            "jna.tmpdir": folder,
        }
        return Launch(
            [
                _java(),
                f"-Xms{self.heap_megabytes}m",
                f"-Xmx{self.heap_megabytes}m",
                *OPTIONS,
                *(IN_A_RING if self.seed else ALONE),
                *(f"-D{name}={value}" for name, value in properties.items()),
                "-cp",
                f"{packages.jars('cassandra')}/*",
                "org.apache.cassandra.service.CassandraDaemon",
            ]
        )

    def ports(self, ports: Ports) -> tuple[int, ...]:
        return ports.cassandra, ports.cassandra_storage

    def answers(self, ports: Ports) -> bool:
        if not is_taken(self.host, ports.cassandra):
            return False  # the driver would log each refused connection
        try:
            with Cluster(
                [self.host], port=ports.cassandra, protocol_version=5, schema_metadata_enabled=False
            ) as cluster:
                return bool(cluster.connect().execute("SELECT release_version FROM system.local").one())
        except (DriverException, NoHostAvailable, OSError):
            return False

    def settings(self, data: Path, ports: Ports) -> dict[str, object]:
        """The content of cassandra.yaml, as JSON. Clients need no password; JMX is off."""
        seeds = f"{self.seed or self.host}:{ports.cassandra_storage}"
        return {
            "cluster_name": "penstock",
            "num_tokens": 16,
            "partitioner": "org.apache.cassandra.dht.Murmur3Partitioner",
            "data_file_directories": [str(data / "data")],
            "commitlog_directory": str(data / "commitlog"),
            "saved_caches_directory": str(data / "saved_caches"),
            "hints_directory": str(data / "hints"),
            "cdc_raw_directory": str(data / "cdc_raw"),
            **COMMITLOG[self.commitlog_sync],
            "listen_address": self.host,
            "rpc_address": self.host,
            "native_transport_port": ports.cassandra,
            "storage_port": ports.cassandra_storage,
            "endpoint_snitch": "SimpleSnitch",
            "auto_bootstrap": False,
            "seed_provider": [
                {"class_name": "org.apache.cassandra.locator.SimpleSeedProvider", "parameters": [{"seeds": seeds}]}
            ],
            # Penstock writes batches of 256 rows of one node, which are cheap for that node; at the default of 5 KiB,
            # meant against batches that span nodes, the server would log each of them.
            "batch_size_warn_threshold": "128KiB",
            "batch_size_fail_threshold": "256KiB",
            "unlogged_batch_across_partitions_warn_threshold": 256,  # the same for their many small partitions
            "auto_snapshot": False,  # dropping a test's tables must not keep their files
        }


def _java() -> str:
    return packages.java("Cassandra", lambda version: version in (11, 17), "Java 17 or 11")
