"""Ports for servers that cannot choose one themselves and say which."""

from __future__ import annotations

from random import SystemRandom

from deploy.stack.addresses import FREE_PORTS, HOST, is_taken


def free_port() -> int:
    """One that nothing listens on, from where no system takes ports for outgoing connections: it stays free."""
    drawn = SystemRandom().sample(FREE_PORTS, len(FREE_PORTS))
    return next(port for port in drawn if not is_taken(HOST, port))
