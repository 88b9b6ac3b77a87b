"""The state of the whole system, and its dead letters, as the API and the command line return them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from typing_extensions import TypedDict

from penstock.application.consuming.dead_letters import StoredDeadLetter, contents, event_type
from penstock.application.health.use_cases import Health
from penstock.domain.requests.public_view import rfc3339


class DependencyView(TypedDict):
    """Something that the system needs. `problem` says what is wrong and how to fix it, null while it is available;
    `since` is when it began."""

    name: str
    problem: str | None
    since: str | None


class StepView(TypedDict):
    """A step of a request's way: its consumer group, how many members this has, and the events of its topic that it has
    not handled. Both numbers are null while the event log does not answer."""

    group: str
    topic: str
    members: int | None
    events_waiting: int | None


class TenantWorkView(TypedDict):
    """How many requests of a tenant run and wait, and the longest that one of them waits for its turn."""

    tenant_id: str
    running: int
    waiting: int
    oldest_wait_seconds: float | None


class WorkView(TypedDict):
    """Requests by what they do; `held` wait for approval. `oldest_wait_seconds` is the longest that one waits for its
    turn. `is_all` is false when there are more requests than are counted. `tenants` are the twenty with the most
    requests that wait."""

    running: int
    waiting: int
    held: int
    rows_per_second: float
    oldest_wait_seconds: float | None
    is_all: bool
    tenants: list[TenantWorkView]


class DiskView(TypedDict):
    """Bytes of the file system with the data folder."""

    free: int
    total: int


class OperationsView(TypedDict):
    """`problems` are all of this process, such as outages and parts that have ended; `steps` are in the order of a
    request's way; `disk` is null where the data are not on a disk of this machine."""

    dependencies: list[DependencyView]
    problems: list[str]
    steps: list[StepView]
    requests: WorkView
    disk: DiskView | None


class DeadLetterView(TypedDict):
    """An event that can never be handled, by its place in the log; `event_type` is null for bytes that cannot be
    decoded."""

    dead_letter_id: str
    at: str
    reason: str
    topic: str
    partition: int
    offset: int
    event_type: str | None


class DeadLetterDetailView(DeadLetterView):
    """`event` has the fields of the event; of bytes that cannot be decoded, their number and hash."""

    message: str
    event: dict[str, Any]


class DeadLetterPage(TypedDict):
    """The newest first; `next` goes into `before` for the next page, null when this is the last one."""

    dead_letters: list[DeadLetterView]
    next: str | None


class ReplayedView(TypedDict):
    """The ids of the dead letters whose events were published again."""

    replayed: list[str]


def operations_view(health: Health, problems: Sequence[str]) -> OperationsView:
    work = health.work
    return OperationsView(
        dependencies=[
            DependencyView(
                name=each.name,
                problem=each.problem or None,
                since=None if each.since is None else rfc3339(each.since),
            )
            for each in health.dependencies
        ],
        problems=list(problems),
        steps=[
            StepView(group=each.group, topic=each.topic, members=each.members, events_waiting=each.events)
            for each in health.steps
        ],
        requests=WorkView(
            running=work.running,
            waiting=work.waiting,
            held=work.held,
            rows_per_second=round(work.rows_per_second, 1),
            oldest_wait_seconds=work.oldest_seconds,
            is_all=work.is_all,
            tenants=[
                TenantWorkView(
                    tenant_id=each.tenant_id,
                    running=each.running,
                    waiting=each.waiting,
                    oldest_wait_seconds=each.oldest_seconds,
                )
                for each in work.tenants
            ],
        ),
        disk=None if health.disk is None else DiskView(free=health.disk.free, total=health.disk.total),
    )


def dead_letter_detail(stored: StoredDeadLetter) -> DeadLetterDetailView:
    return {**dead_letter_view(stored), "message": stored.letter.message, "event": contents(stored)}


def dead_letter_view(stored: StoredDeadLetter) -> DeadLetterView:
    letter = stored.letter
    return DeadLetterView(
        dead_letter_id=stored.dead_letter_id,
        at=rfc3339(letter.at_us),
        reason=letter.reason,
        topic=letter.from_topic,
        partition=letter.from_partition,
        offset=letter.from_offset,
        event_type=event_type(stored),
    )
