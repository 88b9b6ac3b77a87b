"""`python -m deploy.stack up|down|status|env`, and `ring up|down|status` for three nodes of Cassandra."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

from deploy.stack import lease, sets
from deploy.stack.addresses import Addresses, Ports
from deploy.stack.errors import StackError
from deploy.stack.stack import Stack

RING_COMMAND = "ring"


def main(arguments: list[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    folder = given.folder or Path(os.environ.get("STACK_FOLDER", ".stack"))
    ports = replace(Ports(), **dict(given.port))
    stack = (
        sets.ring(folder / "ring", ports)
        if given.ring
        else sets.single(folder, ports, heap_megabytes=given.cassandra_heap)
    )
    try:
        COMMANDS[given.command](stack, given.servers)
    except StackError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _up(stack: Stack, servers: list[str]) -> None:
    started = stack.up(*servers)
    sys.stdout.write(f"Started: {', '.join(started)}.\n" if started else "Everything runs already.\n")
    _status(stack, servers)


def _down(stack: Stack, servers: list[str]) -> None:
    stopped = stack.down(*servers)
    sys.stdout.write(f"Stopped: {', '.join(stopped)}.\n" if stopped else "Nothing runs.\n")


def _status(stack: Stack, _servers: list[str]) -> None:
    for state in stack.status():
        what = "stopped" if state.pid is None else f"pid {state.pid}, {'answers' if state.answers else 'no answer'}"
        sys.stdout.write(f"  {state.name:12} port {state.port:<6} {what}\n")


def _env(stack: Stack, _servers: list[str]) -> None:
    addresses = stack.addresses
    for field in fields(Addresses):
        value = getattr(addresses, field.name)
        sys.stdout.write(f"{field.name}={':'.join(map(str, value)) if isinstance(value, tuple) else value}\n")


COMMANDS: dict[str, Callable[[Stack, list[str]], None]] = {
    "up": _up,
    "down": _down,
    "status": _status,
    "env": _env,
    "guard": lambda stack, _servers: lease.guard(stack),
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deploy.stack", description=__doc__)
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("servers", nargs="*", help="all when none is named")
    parser.add_argument("--folder", type=Path, help="default: $STACK_FOLDER or .stack")
    parser.add_argument("--ring", action="store_true", help="three nodes of Cassandra, on 127.0.1.1 to 127.0.1.3")
    parser.add_argument("--cassandra-heap", type=int, default=1024, metavar="MIB")
    parser.add_argument(
        "--port", type=_port, action="append", default=[], metavar="NAME=PORT", help=" ".join(vars(Ports()))
    )
    return parser


def _port(text: str) -> tuple[str, int]:
    name, _, number = text.partition("=")
    if name not in vars(Ports()):
        raise argparse.ArgumentTypeError(f"there is no port {name!r}")
    return name, int(number)


if __name__ == "__main__":
    sys.exit(main())
