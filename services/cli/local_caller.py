"""The user of this machine. A user who can read the system's keys may do everything, and is audited like any caller."""

from __future__ import annotations

import getpass
import os

from penstock.domain.access.permissions import EVERYTHING, Caller


def local_user() -> str:
    """The user's name, or the user id if the system has no name for it, as in some containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def local_caller(tenant_id: str) -> Caller:
    return Caller(tenant_id=tenant_id, name=local_user(), permissions=EVERYTHING)
