"""The intake, the drafts, the publishers and the sweepers of a system."""

from __future__ import annotations

from penstock.application.access.publishers import Publishers
from penstock.application.drafts.drafts import Drafts
from penstock.application.drafts.sweeping import DraftSweeper
from penstock.application.imports.import_drafts import ImportDrafts
from penstock.application.requests.expiries import ExpirySweeper
from penstock.application.tenants.limits import DayBytes, Quotas
from penstock.application.uploads.intake import Intake
from penstock.application.uploads.planning import Planner
from penstock.application.uploads.retention import Sweeper
from penstock.wiring.system import System


def intake_of(system: System) -> Intake:
    """The intake of a system."""
    planner = Planner(keys=system.keys, epochs=system.epochs, chunk_bytes=system.settings.chunk_bytes)
    return Intake(
        requests=system.requests,
        catalog=system.catalog,
        planner=planner,
        files=system.files,
        keys=system.keys,
        log=system.log,
        quotas=quotas_of(system),
        clock=system.clock,
    )


def quotas_of(system: System) -> Quotas:
    return Quotas(system.limits, system.tenant_limits, DayBytes(system.requests, system.clock))


def drafts_of(system: System) -> Drafts:
    return Drafts(system.control, system.files, quotas_of(system), system.clock)


def import_drafts_of(system: System) -> ImportDrafts:
    return ImportDrafts(system.control, system.clock, system.keys, system.random)


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


def expiry_sweeper_of(system: System) -> ExpirySweeper:
    return ExpirySweeper(system.control, system.clock)


def draft_sweeper_of(system: System) -> DraftSweeper:
    return DraftSweeper(store=system.control, objects=system.objects, drafts=drafts_of(system), clock=system.clock)
