"""What an uploader tidies up now and then."""

from __future__ import annotations

from penstock.application.due_work.hints import INSTALLATION, Hints
from penstock.application.tenant_faults import TenantFaults
from penstock.runner.periodic import Periodic
from penstock.wiring import System
from penstock.wiring.uploads import draft_sweeper_of, expiry_sweeper_of, import_drafts_of, sweeper_of

UPKEEP_SECONDS = 3_600.0


def upkeep_of(system: System) -> Periodic:
    """The sweeps, and what else this runtime needs done now and then."""
    works = (
        sweeper_of(system).sweep,
        draft_sweeper_of(system).sweep,
        import_drafts_of(system).sweep,
        expiry_sweeper_of(system).sweep,
        Hints(system.control, system.clock).sweep,
        system.upkeep,
    )

    def keep_up() -> None:
        """What cannot be done now keeps nothing else from being done. Raises `Unavailable` at the end."""
        faults = TenantFaults("upkeep")
        for work in works:
            faults.attempt(INSTALLATION, work, None)
        faults.raise_outage()

    return Periodic("upkeep", keep_up, UPKEEP_SECONDS, dependencies=system.dependencies)
