"""A set of servers in one folder: started at the same time, found again, stopped by their own process ids."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.stack.addresses import Addresses, Ports, is_taken
from deploy.stack.errors import StackError
from deploy.stack.processes import POLL_SECONDS, Process, spawn
from deploy.stack.server import Server

START_SECONDS = 300.0  # on a busy machine Cassandra takes minutes
LOG_TAIL_LINES = 15


@dataclass(frozen=True)
class State:
    name: str
    pid: int | None  # None: it does not run
    port: int
    answers: bool


class Stack:
    """Everything is below `folder`: `ports.json`, and a folder with log and data for each server.

    The ports of the first start are stored there, so that a restarted server keeps its address until the folder is
    removed. `at_once=False` starts the servers one after another, in their order.
    """

    def __init__(
        self, folder: Path, servers: Sequence[Server], ports: Ports | None = None, *, at_once: bool = True
    ) -> None:
        self.folder = folder.absolute()
        self._servers = {server.name: server for server in servers}
        self._first_ports = ports or Ports()
        self._at_once = at_once

    @property
    def ports(self) -> Ports:
        return Ports.load(self._ports_file) or self._first_ports

    @property
    def addresses(self) -> Addresses:
        return Addresses.of(self.ports)

    @property
    def proxied(self) -> Addresses:
        """The same servers behind toxiproxy."""
        return Addresses.of(self.ports, proxied=True)

    def up(self, *names: str, lent: bool = False) -> list[str]:
        """Start the named servers, or all, and wait until each answers. Returns the names of those started.

        Raises `NotAvailable` when a program is missing, `StackError` when a server does not start.
        """
        with self._only_one():
            self.ports.save(self._ports_file)
            missing = [server for server in self._named(names) if not self._running(server.name)]
            with ThreadPoolExecutor(max(1, len(missing))) as pool:
                list(pool.map(lambda server: server.fetch(), missing))
            with ThreadPoolExecutor(max(1, len(missing)) if self._at_once else 1) as pool:
                list(pool.map(lambda server: self._start(server, lent), missing))
            return [server.name for server in missing]

    def down(self, *names: str, lent_only: bool = False) -> list[str]:
        """Stop the named servers that run and return their names. Data and logs are kept.

        Without names, stops all servers that were started in this folder, also by another version of this module.
        """
        with self._only_one():
            chosen = [server.name for server in self._named(names)] if names else self._recorded()
            running = {name: self._running(name) for name in chosen}
            stopped = {name: it for name, it in running.items() if it and (it.lent or not lent_only)}
            with ThreadPoolExecutor(max(1, len(stopped))) as pool:
                list(pool.map(Process.stop, stopped.values()))
            return list(stopped)

    def status(self) -> list[State]:
        return [
            State(
                name=server.name,
                pid=process.pid if (process := self._running(server.name)) else None,
                port=server.ports(self.ports)[0],
                answers=process is not None and server.answers(self.ports),
            )
            for server in self._servers.values()
        ]

    def process(self, name: str) -> Process:
        """The process of a server, to pause or kill it. Raises `StackError` when it does not run."""
        process = self._running(name)
        if process is None:
            raise StackError(f"{name} does not run in {self.folder}.")
        return process

    def log(self, name: str) -> Path:
        return self.folder / name / "log"

    def _start(self, server: Server, lent: bool) -> None:
        for port in server.ports(self.ports):
            if is_taken(server.host, port):
                raise StackError(f"{server.name}'s port {port} is taken: stop what listens there or name another port.")
        folder = self.folder / server.name
        folder.mkdir(exist_ok=True)
        launch = server.launch(folder, self.ports)
        process = spawn(launch.command, launch.environment, self.log(server.name), lent=lent)
        process.save(self._record(server.name))
        self._wait(server, process)

    def _wait(self, server: Server, process: Process) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not server.answers(self.ports):
            if not process.is_running():
                raise StackError(f"{server.name} ended while it started:\n{self._tail(server.name)}")
            if time.monotonic() > deadline:
                process.stop()
                raise StackError(f"{server.name} gave no answer in {START_SECONDS:.0f} s:\n{self._tail(server.name)}")
            time.sleep(POLL_SECONDS)

    def _tail(self, name: str) -> str:
        return "\n".join(self.log(name).read_text("utf-8", "replace").splitlines()[-LOG_TAIL_LINES:])

    def _named(self, names: Sequence[str]) -> list[Server]:
        unknown = sorted(set(names) - set(self._servers))
        if unknown:
            raise StackError(f"There is no server {', '.join(unknown)}: name {', '.join(self._servers)}.")
        return [server for name, server in self._servers.items() if name in names or not names]

    def _running(self, name: str) -> Process | None:
        process = Process.load(self._record(name))
        return process if process and process.is_running() else None

    def _record(self, name: str) -> Path:
        return self.folder / name / "process.json"

    def _recorded(self) -> list[str]:
        return sorted(record.parent.name for record in self.folder.glob("*/process.json"))

    @property
    def _ports_file(self) -> Path:
        return self.folder / "ports.json"

    @contextmanager
    def _only_one(self) -> Iterator[None]:
        """Holds a lock, so that only one process starts or stops the servers at a time."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "turn.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
