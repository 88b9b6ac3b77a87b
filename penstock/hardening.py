"""Protection of a process's memory, which contains keys and customers' rows."""

from __future__ import annotations

import ctypes
import resource
import sys

PR_SET_DUMPABLE = 4  # of Linux' prctl


def protect_memory() -> None:
    """Disable core dumps, and access by other processes of the same user."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # inherited by child processes
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0)  # not inherited: each child process has to do the same
