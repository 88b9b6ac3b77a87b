"""What is left of a quota, in the header fields `RateLimit` and `RateLimit-Policy`.

They are those of draft-ietf-httpapi-ratelimit-headers-10: lists of structured fields (RFC 9651), an item a quota.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Quota(NamedTuple):
    """Of the calling key or its tenant. `window_seconds` is the time in which all of it comes back, None for a number
    of calls under way at once; `full_in_seconds` is how long that takes from now on."""

    name: str
    most: int
    left: int
    window_seconds: int | None = None
    full_in_seconds: int | None = None

    @property
    def policy(self) -> str:
        rate = ';qu="concurrent-requests"' if self.window_seconds is None else f";w={self.window_seconds}"
        return f'"{self.name}";q={self.most}{rate}'

    @property
    def state(self) -> str:
        time = "" if self.full_in_seconds is None else f";t={self.full_in_seconds}"
        return f'"{self.name}";r={self.left}{time}'


def quota_headers(quotas: Sequence[Quota]) -> dict[str, str]:
    return {
        "RateLimit-Policy": ", ".join(quota.policy for quota in quotas),
        "RateLimit": ", ".join(quota.state for quota in quotas),
    }
