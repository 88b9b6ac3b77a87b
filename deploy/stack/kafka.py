"""Apache Kafka: one node that is broker and controller (KRaft)."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from deploy.stack import packages
from deploy.stack.addresses import HOST, Ports
from deploy.stack.errors import StackError
from deploy.stack.server import Launch

CLUSTER_ID = "penstock-stack-0000000"
OPTIONS = ["-Xmx512m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.showDateTime=true"]


@dataclass(frozen=True)
class Kafka:
    name: str = "kafka"
    host: str = HOST

    def fetch(self) -> None:
        _java()
        packages.jars("kafka")

    def launch(self, folder: Path, ports: Ports) -> Launch:
        java = [_java(), "-cp", f"{packages.jars('kafka')}/*"]
        properties, data = folder / "server.properties", folder / "data"
        properties.write_text("".join(f"{key}={value}\n" for key, value in settings(data, ports).items()), "utf-8")
        if not (data / "meta.properties").exists():
            tool = [*java, "kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", str(properties)]
            done = subprocess.run(tool, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise StackError(f"Kafka's folder {data} cannot be formatted: {done.stderr.strip()}")
        return Launch([*java[:1], *OPTIONS, *java[1:], "kafka.Kafka", str(properties)])

    def ports(self, ports: Ports) -> tuple[int, ...]:
        return ports.kafka, ports.kafka_controller, ports.kafka_proxied

    def answers(self, ports: Ports) -> bool:
        # Its log is off: connections are refused until the server has started.
        client = AdminClient({"bootstrap.servers": f"{HOST}:{ports.kafka}", "log_level": 0})
        try:
            return bool(client.list_topics(timeout=2).brokers)
        except KafkaException:
            return False


def settings(data: Path, ports: Ports) -> dict[str, str | int]:
    """server.properties: a listener for clients, and one whose clients stay behind toxiproxy."""
    return {
        "node.id": 1,
        "process.roles": "broker,controller",
        "controller.quorum.voters": f"1@{HOST}:{ports.kafka_controller}",
        "listeners": f"CLIENTS://{HOST}:{ports.kafka},PROXIED://{HOST}:{ports.kafka_proxied},"
        f"CONTROLLER://{HOST}:{ports.kafka_controller}",
        "advertised.listeners": f"CLIENTS://{HOST}:{ports.kafka},PROXIED://{HOST}:{ports.kafka_proxy}",
        "listener.security.protocol.map": "CLIENTS:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "CLIENTS",
        "log.dirs": str(data),
        # A mistyped topic must be an error, as it is in production.
        "auto.create.topics.enable": "false",
        # A single node has the only copy, and needs few of the 50 partitions that are created with the first group.
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 4,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        # A dead consumer leaves its group after 10 s, not 45: with KIP-848 the broker decides this.
        "group.consumer.session.timeout.ms": 10_000,
        "group.consumer.min.session.timeout.ms": 3_000,
        "group.consumer.heartbeat.interval.ms": 1_000,
        "group.consumer.min.heartbeat.interval.ms": 500,
        "group.initial.rebalance.delay.ms": 0,
    }


def _java() -> str:
    return packages.java("Kafka", lambda version: version >= 17, "Java 17 or newer")
