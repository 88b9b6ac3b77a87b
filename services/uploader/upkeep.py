"""What an uploader tidies up now and then."""

from __future__ import annotations

from penstock.runner.periodic import Periodic
from penstock.wiring import System
from penstock.wiring.uploads import draft_sweeper_of, expiry_sweeper_of, import_drafts_of, sweeper_of

UPKEEP_SECONDS = 3_600.0


def upkeep_of(system: System) -> Periodic:
    """The sweep, and what else this runtime needs done now and then."""
    sweeper, draft_sweeper, expiry_sweeper = sweeper_of(system), draft_sweeper_of(system), expiry_sweeper_of(system)
    import_drafts = import_drafts_of(system)

    def keep_up() -> None:
        sweeper.sweep()
        draft_sweeper.sweep()
        import_drafts.sweep()
        expiry_sweeper.sweep()
        system.upkeep()

    return Periodic("upkeep", keep_up, UPKEEP_SECONDS, dependencies=system.dependencies)
