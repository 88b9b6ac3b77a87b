"""What a process is made of: parts, each of which runs in a thread until it is stopped, and says how it is."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from penstock.application.consuming.processing import ConsumerCounts


class Runnable(Protocol):
    """A part of a process. `name` stands in logs and answers, so it holds no customer's value.

    `stop` and `problems` may be called from any thread, before `run` too.
    """

    @property
    def name(self) -> str: ...

    def run(self) -> None:
        """Work until `stop`; what it has begun is finished then. An error that it raises ends it for good."""
        ...

    def stop(self) -> None:
        """Have `run` end soon, without waiting for it."""
        ...

    def problems(self) -> list[str]:
        """Why it cannot work now, in sentences; nothing when it can. What a dependency causes stands there."""
        ...


@runtime_checkable
class Consumer(Runnable, Protocol):
    """A part that handles events as a member of `group`."""

    @property
    def group(self) -> str: ...

    @property
    def counts(self) -> ConsumerCounts: ...
