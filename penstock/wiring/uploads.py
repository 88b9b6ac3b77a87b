"""What takes files in, and what tidies up after it, over one runtime."""

from __future__ import annotations

from penstock.application.access.publishers import Publishers
from penstock.application.requests.reject_file import RejectFiles
from penstock.application.uploads.intake import Intake
from penstock.application.uploads.planning import Planner
from penstock.application.uploads.resubmit import Resubmitter
from penstock.application.uploads.sweep import Sweeper
from penstock.wiring.system import System


def intake_of(system: System) -> Intake:
    """The intake of a runtime."""
    planner = Planner(
        catalog=system.catalog,
        keys=system.keys,
        limits=system.limits,
        chunk_bytes=system.settings.chunk_bytes,
        partitions=system.settings.chunk_partitions,
    )
    return Intake(
        requests=system.requests,
        planner=planner,
        files=system.files,
        keys=system.keys,
        log=system.log,
        limits=system.limits,
        clock=system.clock,
    )


def reject_files_of(system: System) -> RejectFiles:
    return RejectFiles(system.requests, system.chunks, system.files)


def resubmitter_of(system: System, intake: Intake) -> Resubmitter:
    return Resubmitter(system.requests, reject_files_of(system), intake)


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
