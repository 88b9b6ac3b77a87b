"""The limits of one tenant, which an operator sets so that nobody fills an installation alone."""

from __future__ import annotations

import msgspec

from penstock.domain.errors import refusal


class TenantLimits(msgspec.Struct, frozen=True, omit_defaults=True):
    """None: no limit but those of the installation.

    `file_bytes` of the largest plain file, `day_bytes` of all plain files that are accepted on a day (UTC), `requests`
    that are processed at once; others wait in the queue.
    """

    file_bytes: int | None = None
    day_bytes: int | None = None
    requests: int | None = None


def check_day(limits: TenantLimits, used: int, more: int = 0) -> None:
    """Raise `Refused` when no more files are taken today, or not `more` bytes. `used` are those of today."""
    if limits.day_bytes is not None and (used >= limits.day_bytes or used + more > limits.day_bytes):
        message = f"the files of today would have more than the {limits.day_bytes:,} bytes that this tenant may upload"
        hint = "Upload it tomorrow: the day ends at midnight UTC. Or ask the operator for `penstock tenant limits`."
        raise refusal("daily_limit_reached", message, hint)
