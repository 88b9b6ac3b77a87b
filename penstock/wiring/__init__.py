"""Wiring: the only package that imports adapters. Builds a system from settings; its parts know only ports."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import count

from penstock.adapters.authority_file import create_authority_file as create_authority_file
from penstock.adapters.key_file import add_tenant_root as add_tenant_root
from penstock.adapters.key_file import create_key_file as create_key_file
from penstock.application.consuming.processing import delay
from penstock.application.health.dependencies import Dependencies, outage
from penstock.config import Settings
from penstock.domain.errors import Unavailable
from penstock.wiring.embedded import embedded as embedded
from penstock.wiring.system import System as System


def open_system(settings: Settings, dependencies: Dependencies | None = None, *, opens_files: bool = True) -> System:
    """The system for the configured runtime; its parts report to `dependencies`.

    In the cluster, a service that does not open files gets neither object store nor keys. Raises `Unavailable`,
    `Refused`, `Corrupt`.
    """
    if settings.runtime == "cluster":
        from penstock.wiring.cluster import cluster  # noqa: PLC0415 - its clients take a second to load

        return cluster(settings, dependencies=dependencies, opens_files=opens_files)
    return embedded(settings, dependencies=dependencies)


def await_system(
    settings: Settings,
    dependencies: Dependencies,
    pause: Callable[[float], object],
    *,
    opens_files: bool = True,
) -> System:
    """As `open_system`, but reports outages and retries. `pause(seconds)` waits between attempts, and may raise to give
    up."""
    for failures in count(1):
        try:
            system = open_system(settings, dependencies, opens_files=opens_files)
        except Unavailable as error:
            dependencies.report("start", outage(error))
            pause(delay(failures, random.random()))  # noqa: S311 - spreads load, guards no secret
        else:
            break
    dependencies.report("start", {})
    return system
