"""toxiproxy: a proxy before the other servers that breaks connections on request."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from deploy.stack import packages
from deploy.stack.addresses import HOST, Addresses, Ports
from deploy.stack.server import Launch

MODULE, VERSION = "github.com/Shopify/toxiproxy/v2/cmd/server", "v2.12.0"


@dataclass(frozen=True)
class Toxiproxy:
    name: str = "toxiproxy"
    host: str = HOST

    def fetch(self) -> None:
        packages.go_program(MODULE, VERSION, self.name)

    def launch(self, folder: Path, ports: Ports) -> Launch:
        config = folder / "proxies.json"
        config.write_text(json.dumps(proxies(ports), indent=1), "utf-8")
        program = packages.go_program(MODULE, VERSION, self.name)
        return Launch([str(program), "-host", HOST, "-port", str(ports.toxiproxy), "-config", str(config)])

    def ports(self, ports: Ports) -> tuple[int, ...]:
        return ports.toxiproxy, ports.kafka_proxy, ports.cassandra_proxy, ports.s3_proxy

    def answers(self, ports: Ports) -> bool:
        url = f"{Addresses.of(ports).toxiproxy}/proxies"
        try:
            with urlopen(url, timeout=2) as response:  # noqa: S310  a URL of this machine, made above
                return len(json.load(response)) == len(proxies(ports))
        except (URLError, OSError):
            return False


def proxies(ports: Ports) -> list[dict[str, object]]:
    """One proxy for each server, named after it."""
    passes = {
        "kafka": (ports.kafka_proxy, ports.kafka_proxied),
        "cassandra": (ports.cassandra_proxy, ports.cassandra),
        "s3": (ports.s3_proxy, ports.s3),
    }
    return [
        {"name": name, "listen": f"{HOST}:{before}", "upstream": f"{HOST}:{behind}", "enabled": True}
        for name, (before, behind) in passes.items()
    ]
