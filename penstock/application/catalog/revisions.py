"""Revisions: a change can name the state that it was decided on, and is refused when that has changed since."""

from __future__ import annotations

from penstock.domain.errors import refusal


def check_revision(current: int, expected: int | None) -> None:
    """Raise `Refused` (precondition_failed) if there is an `expected` revision, and it is not the current one."""
    if expected not in (None, current):
        raise refusal(
            "precondition_failed",
            f"it was changed since: its revision is {current}, not {expected}",
            "Read it again, then decide again.",
        )
