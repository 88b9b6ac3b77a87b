"""Decides when to repeat a call: after pauses that double, with jitter, or after the time that the server requests."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from penstock.client.errors import Repeat, ServerUnavailable
from penstock.domain.errors import PenstockError, Refused, Unavailable

ATTEMPTS = 3
FIRST_PAUSE_SECONDS = 0.5
MAX_PAUSE_SECONDS = 8.0
MAX_RETRY_AFTER_SECONDS = 60.0  # a server that asks for more time gets no further attempt
RECONNECT_SECONDS = 60.0  # how long a server may be away while something is followed or sent in parts

T = TypeVar("T")


def repeated(call: Callable[[], T], *, repeatable: bool, attempts: int = ATTEMPTS) -> T:
    """Call up to `attempts` times. What is not `repeatable` is sent again only if the server has not begun with it."""
    for attempt in range(1, attempts):
        try:
            return call()
        except ServerUnavailable as error:
            if not _may_repeat(error, repeatable=repeatable):
                raise
            time.sleep(pause_seconds(attempt, error))
    return call()


def persistently(
    call: Callable[[], T],
    say: Callable[[str], object],
    *,
    again: Callable[[], object] = lambda: None,
    passing: frozenset[str] = frozenset(),
) -> T:
    """Call until it succeeds; `again` is called before each further attempt. Says once why it waits.

    Raises `Unavailable` when the server stays away for `RECONNECT_SECONDS`, and `Refused` unless its code is in
    `passing`.
    """
    began, attempt = None, 0
    while True:
        try:
            if attempt:
                again()
            return call()
        except (Unavailable, Refused) as error:
            if isinstance(error, Refused) and error.code not in passing:
                raise
            if isinstance(error, ServerUnavailable) and (error.retry_after or 0.0) > MAX_RETRY_AFTER_SECONDS:
                raise
            attempt += 1
            if began is None:
                say(f"Waiting: {error}")
                began = time.monotonic()
            if time.monotonic() - began > RECONNECT_SECONDS:
                raise
            time.sleep(pause_seconds(attempt, error))


def pause_seconds(attempt: int, error: PenstockError) -> float:
    """The pause after the failed attempt of this number, counted from 1."""
    asked = error.retry_after if isinstance(error, ServerUnavailable) else None
    if asked is not None:
        return min(asked, MAX_RETRY_AFTER_SECONDS) + _jittered(FIRST_PAUSE_SECONDS)
    return _jittered(min(MAX_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(attempt - 1, 10)))


def _jittered(seconds: float) -> float:
    """Less by up to a half, so that clients do not come back all at once."""
    return seconds * random.uniform(0.5, 1.0)  # noqa: S311  no secret


def _may_repeat(error: ServerUnavailable, *, repeatable: bool) -> bool:
    if (error.retry_after or 0.0) > MAX_RETRY_AFTER_SECONDS:
        return False
    return error.repeat is Repeat.ALWAYS or (repeatable and error.repeat is Repeat.IF_REPEATABLE)
