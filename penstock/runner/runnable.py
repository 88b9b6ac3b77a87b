"""The parts of a process: each runs in a thread until it is stopped, and reports its problems."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from penstock.application.consuming.processing import ConsumerCounts
from penstock.domain.dispatching.backlog import Backlog


class Runnable(Protocol):
    """A part of a process. `name` appears in logs and responses, so it contains no customer's value.

    `stop` and `problems` may be called from any thread, before `run` too.
    """

    @property
    def name(self) -> str: ...

    def run(self) -> None:
        """Work until `stop`, then finish the work in progress. An error that it raises ends the part for good."""
        ...

    def stop(self) -> None:
        """Make `run` end soon; does not wait for it."""
        ...

    def problems(self) -> list[str]:
        """Sentences that say why it cannot work now; empty when it can. `Dependencies` reports outages."""
        ...


@runtime_checkable
class Consumer(Runnable, Protocol):
    """A part that handles events as a member of `group`."""

    @property
    def group(self) -> str: ...

    @property
    def counts(self) -> ConsumerCounts: ...


@runtime_checkable
class Dispatching(Runnable, Protocol):
    """A part that sends chunks to the workers."""

    def backlog(self) -> Backlog:
        """What is not done of the requests that it sends."""
        ...
