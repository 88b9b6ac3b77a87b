"""The intake of a data folder on this machine."""

from __future__ import annotations

from penstock.wiring import System
from services.uploader.intake import Intake


def intake_of(system: System) -> Intake:
    return Intake(
        requests=system.requests,
        catalog=system.catalog,
        files=system.files,
        keys=system.keys,
        log=system.log,
        limits=system.limits,
        chunk_bytes=system.settings.chunk_bytes,
    )
