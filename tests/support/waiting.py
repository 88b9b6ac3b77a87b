"""Waiting for what other threads and processes bring about."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

from penstock.domain.errors import Unavailable

GIVE_UP_SECONDS = 240.0  # only broken code gets there, or a machine that does much else
LOOK_SECONDS = 0.02


def until(condition: Callable[[], object]) -> None:
    """What asks a server that is away asks again."""
    deadline = time.monotonic() + GIVE_UP_SECONDS
    while True:
        with suppress(Unavailable):
            if condition():
                return
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(LOOK_SECONDS)
