"""The intake, the publishers and the sweeper of a system."""

from __future__ import annotations

from penstock.application.access.publishers import Publishers
from penstock.application.uploads.intake import Intake
from penstock.application.uploads.planning import Planner
from penstock.application.uploads.retention import Sweeper
from penstock.wiring.system import System


def intake_of(system: System) -> Intake:
    """The intake of a system."""
    planner = Planner(
        keys=system.keys,
        limits=system.limits,
        chunk_bytes=system.settings.chunk_bytes,
        partitions=system.settings.chunk_partitions,
    )
    return Intake(
        requests=system.requests,
        catalog=system.catalog,
        planner=planner,
        files=system.files,
        keys=system.keys,
        log=system.log,
        limits=system.limits,
        clock=system.clock,
    )


def publishers_of(system: System) -> Publishers:
    return Publishers(system.control, system.keys, system.clock, system.random)


def sweeper_of(system: System) -> Sweeper:
    return Sweeper(
        store=system.control,
        objects=system.objects,
        requests=system.requests,
        clock=system.clock,
        retention_days=system.settings.retention_days,
    )
