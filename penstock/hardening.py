"""What a process that holds keys and customers' rows in memory does before it begins."""

from __future__ import annotations

import ctypes
import resource
import sys

PR_SET_DUMPABLE = 4  # of Linux' prctl


def protect_memory() -> None:
    """A crash must not write this process's memory to a disk, nor another process of the same user read it."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # inherited by every process that it starts
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0)  # not inherited: each process that it starts does the same
