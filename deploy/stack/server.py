"""What the stack must know of a server to fetch, start and await it."""

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
    """One process that binds loopback addresses only and keeps everything in the folder it is given."""

    @property
    def name(self) -> str: ...

    @property
    def host(self) -> str: ...

    def fetch(self) -> None:
        """Have the program in the cache. Raises `NotAvailable` when it cannot be had here."""

    def launch(self, folder: Path, ports: Ports) -> Launch:
        """Write the configuration into `folder` and tell the command. What `folder` holds from before is kept."""

    def ports(self, ports: Ports) -> tuple[int, ...]:
        """Those it binds; the first is its clients'."""

    def answers(self, ports: Ports) -> bool:
        """Whether a real request is answered. Any error of a client library counts as no."""
