"""The addresses of the servers: ports of this machine, and the settings of a client."""

from __future__ import annotations

import json
import random
import socket
from dataclasses import asdict, dataclass, fields
from pathlib import Path

HOST = "127.0.0.1"
# Below the ranges of outgoing connections, so that a restarted server can bind its port again.
FREE_PORTS = range(20_000, 32_000)


@dataclass(frozen=True)
class Ports:
    """The defaults are for people. `…_proxy` is toxiproxy's port in front of that server."""

    kafka: int = 9092
    kafka_controller: int = 9093
    kafka_proxied: int = 9094  # advertised to clients that connect through toxiproxy
    kafka_proxy: int = 9095
    cassandra: int = 9042
    cassandra_storage: int = 7000
    cassandra_proxy: int = 9043
    s3: int = 9900
    s3_proxy: int = 9901
    toxiproxy: int = 8474

    @classmethod
    def free(cls) -> Ports:
        """Ports on which nothing listens now, drawn at random so that concurrent runs rarely collide."""
        names = [field.name for field in fields(cls)]
        drawn = iter(random.SystemRandom().sample(FREE_PORTS, len(FREE_PORTS)))
        return cls(**{name: next(port for port in drawn if not is_taken(HOST, port)) for name in names})

    @classmethod
    def load(cls, file: Path) -> Ports | None:
        try:
            return cls(**json.loads(file.read_text("utf-8")))
        except FileNotFoundError:
            return None

    def save(self, file: Path) -> None:
        partial = file.with_suffix(".partial")
        partial.write_text(json.dumps(asdict(self)), "utf-8")
        partial.replace(file)


@dataclass(frozen=True)
class Addresses:
    """The address of each server, whether it runs or not."""

    kafka: str
    cassandra: tuple[str, int]
    s3_url: str
    s3_access_key: str
    s3_secret_key: str
    toxiproxy: str  # URL of its HTTP API

    @classmethod
    def of(cls, ports: Ports, *, proxied: bool = False) -> Addresses:
        """`proxied`: the same servers behind toxiproxy."""
        return cls(
            kafka=f"{HOST}:{ports.kafka_proxy if proxied else ports.kafka}",
            cassandra=(HOST, ports.cassandra_proxy if proxied else ports.cassandra),
            s3_url=f"http://{HOST}:{ports.s3_proxy if proxied else ports.s3}",
            s3_access_key="penstock",
            s3_secret_key="penstock-secret",  # noqa: S106  a server of this machine alone, and thrown away
            toxiproxy=f"http://{HOST}:{ports.toxiproxy}",
        )


def is_taken(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False
