"""What a process that holds keys and customers' rows in memory does before it begins."""

from __future__ import annotations

import resource


def no_core_dumps() -> None:
    """A crash must not write this process's memory to a disk; inherited by every process that it starts."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
