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
    try:
        given.run(given.stack(given), given.servers)
    except StackError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _single(given: argparse.Namespace) -> Stack:
    return sets.single(given.folder, replace(Ports(), **dict(given.port)), heap_megabytes=given.cassandra_heap)


def _ring(given: argparse.Namespace) -> Stack:
    return sets.ring(given.folder / "ring", replace(Ports(), **dict(given.port)))


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


def _guard(stack: Stack, _servers: list[str]) -> None:
    lease.guard(stack)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deploy.stack", description=__doc__)
    commands = parser.add_subparsers(required=True)
    for run in (_up, _down, _status, _env, _guard):
        _add(commands, run, _single).add_argument("--cassandra-heap", type=int, default=1024, metavar="MIB")
    ring = commands.add_parser("ring", help="three nodes of Cassandra, on 127.0.1.1 to 127.0.1.3")
    commands_of_ring = ring.add_subparsers(required=True)
    for run in (_up, _down, _status):
        _add(commands_of_ring, run, _ring)
    return parser


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    run: Callable[[Stack, list[str]], None],
    stack: Callable[[argparse.Namespace], Stack],
) -> argparse.ArgumentParser:
    parser = commands.add_parser(run.__name__.removeprefix("_"))
    parser.add_argument("servers", nargs="*", help="all when none is named")
    parser.add_argument("--folder", type=Path, default=Path(os.environ.get("STACK_FOLDER", ".stack")))
    parser.add_argument(
        "--port", type=_port, action="append", default=[], metavar="NAME=PORT", help=" ".join(vars(Ports()))
    )
    parser.set_defaults(run=run, stack=stack)
    return parser


def _port(text: str) -> tuple[str, int]:
    name, _, number = text.partition("=")
    if name not in vars(Ports()):
        raise argparse.ArgumentTypeError(f"there is no port {name!r}")
    return name, int(number)


if __name__ == "__main__":
    sys.exit(main())
