"""A control store in which a chosen write fails, for every place at which a process could have died."""

from __future__ import annotations

from typing import Any

from penstock.ports.control_store import ControlStore
from tests.support.dying import Died

WRITES = (
    "create",
    "replace",
    "replace_each",
    "put",
    "put_each",
    "put_ranked",
    "delete",
    "delete_each",
    "delete_unchanged",
)


class FailingControlStore:
    """Passes all on to `store`; the write number `fatal` (from 0) is done or not done, and then the process "dies"."""

    def __init__(self, store: ControlStore, *, fatal: int, done: bool) -> None:
        self._store, self._left, self._done = store, fatal, done
        self.died = False

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._store, name)
        return self._deadly(call) if name in WRITES else call

    def _deadly(self, call: Any) -> Any:
        def write(*arguments: Any, **named: Any) -> Any:
            self._left -= 1
            if self._left >= 0:
                return call(*arguments, **named)
            if self._done:
                call(*arguments, **named)
            self.died = True
            raise Died

        return write
