"""Sessions of the console, and the one-time links that begin them: when each ends."""

from __future__ import annotations

from enum import StrEnum

import msgspec

IDLE_US = 8 * 3_600_000_000  # without a call
LONGEST_US = 24 * 3_600_000_000
LINK_US = 10 * 60_000_000  # from the creation of a sign-in link until it is used
SEEN_US = 5 * 60_000_000  # the precision of `Session.seen_at`, so that not every call is a write


class SignInMethod(StrEnum):
    """How somebody proved who they are. What each of them may do: `Sessions._caller`."""

    API_KEY = "api_key"
    LINK = "link"  # made on the machine of the system, by its user


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A session as it is stored; `session_id` is the hash of its secret. Times are microseconds since the epoch.

    `key_id` is the API key that it was begun with, and whose role it has; None for any other method.
    """

    session_id: str
    name: str
    method: SignInMethod
    key_id: str | None
    begun_at: int
    seen_at: int
    browser: str = ""
    remote_address: str | None = None

    @property
    def ends_at(self) -> int:
        """When it ends if there is no further call."""
        return min(self.begun_at + LONGEST_US, self.seen_at + IDLE_US)

    def has_ended(self, now_us: int) -> bool:
        return now_us >= self.ends_at


class SignInLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link as it is stored, for the user of the machine who made it."""

    name: str
    created_at: int
    used: bool = False

    def is_good(self, now_us: int) -> bool:
        return not self.used and now_us < self.created_at + LINK_US
