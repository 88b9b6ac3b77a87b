"""One life in a folder of its own, in memory where the machine has such a file system, so that syncs cost nothing."""

from __future__ import annotations

import tempfile
from pathlib import Path

from penstock import logs
from tests.simulation.simulated_system import SimulatedSystem
from tests.support.invariant import check_simulated

MEMORY = Path("/dev/shm")


def live(seed: int) -> SimulatedSystem:
    """Raises AssertionError when the invariant does not hold."""
    logs.configure("critical", "test")
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        simulated = SimulatedSystem(Path(folder) / "data", seed)
        simulated.live()
        check_simulated(simulated)
        simulated.system.close()
    return simulated
