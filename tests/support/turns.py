"""Two callers of one store whose calls alternate as planned: a race that runs the same way each time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Condition
from typing import Any

from penstock.ports.control_store import ControlStore

WAIT_SECONDS = 30.0
STRIDE = 3  # calls of the second caller between two plans; all are needed only while the protocol is worked on


class Turns:
    """The first caller makes `first` calls, then the second one `second`; then the first one goes on to its end, and
    the second one after it."""

    def __init__(self, first: int, second: int) -> None:
        self._plan = [0] * first + [1] * second
        self._ended = [False, False]
        self._changed = Condition()

    def take(self, caller: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self._next() == caller, WAIT_SECONDS), "its turn never comes"
            if self._plan:
                self._plan.pop(0)
            self._changed.notify_all()

    def end(self, caller: int) -> None:
        with self._changed:
            self._ended[caller] = True
            self._changed.notify_all()

    def _next(self) -> int:
        while self._plan and self._ended[self._plan[0]]:
            self._plan.pop(0)
        if self._plan:
            return self._plan[0]
        return 1 if self._ended[0] else 0


class TurnStore:
    """A control store for one of the two callers. `calls` counts its calls."""

    def __init__(self, store: ControlStore, turns: Turns, caller: int) -> None:
        self._store, self._turns, self._caller = store, turns, caller
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._store, name)

        def in_turn(*arguments: Any, **named: Any) -> Any:
            self._turns.take(self._caller)
            self.calls += 1
            return call(*arguments, **named)

        return in_turn


def interleaved(
    store: ControlStore, one: Callable[[ControlStore, int], object], other: Callable[[ControlStore, int], object]
) -> Iterator[int]:
    """Run both callers to their ends for each plan of turns, with its number; yields it then."""
    number = first = 0
    while True:
        second = 0
        while True:
            turns = Turns(first, second)
            stores = [TurnStore(store, turns, caller) for caller in (0, 1)]
            with ThreadPoolExecutor(2) as pool:
                runs = [
                    pool.submit(_run, turns, caller, call, stores[caller], number)
                    for caller, call in enumerate((one, other))
                ]
            for run in runs:
                run.result()
            yield number
            number += 1
            if stores[1].calls < second:
                break
            second += STRIDE
        if stores[0].calls < first:
            return
        first += 1


def _run(turns: Turns, caller: int, call: Callable[[Any, int], object], store: TurnStore, number: int) -> None:
    try:
        call(store, number)
    finally:
        turns.end(caller)
