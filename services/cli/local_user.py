"""Who uses this machine, for `uploaded_by` and for the audit."""

from __future__ import annotations

import getpass
import os


def local_user() -> str:
    """The user's name, or the number where the system knows no name for it, as in some containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
