"""The interface of a server: how to fetch, start and await it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from deploy.stack.addresses import Ports


@dataclass(frozen=True)
class Launch:
    command: list[str]
    environment: Mapping[str, str] = field(default_factory=dict)


class Server(Protocol):
    """A server process that binds only loopback addresses and stores everything in its folder."""

    @property
    def name(self) -> str: ...

    @property
    def host(self) -> str: ...

    def fetch(self) -> None:
        """Fetch the program into the cache. Raises `NotAvailable`."""

    def launch(self, folder: Path, ports: Ports) -> Launch:
        """Write the configuration into `folder`, whose data are kept, and return the command."""

    def ports(self, ports: Ports) -> tuple[int, ...]:
        """The ports that it binds; the first is for clients."""

    def answers(self, ports: Ports) -> bool:
        """Whether it answers a real request. Any error of a client library means no."""
