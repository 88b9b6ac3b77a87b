"""The whole system, of all organisations, for its operators."""

from __future__ import annotations

from typing import Annotated, Self

from fastapi import APIRouter, Query
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from penstock.application.consuming.dead_letters import StoredDeadLetter
from penstock.application.consuming.use_cases import DeadLetterUseCases
from penstock.application.health.use_cases import HealthUseCases
from penstock.documents.operations import (
    DeadLetterDetailView,
    DeadLetterPage,
    OperationsView,
    ReplayedView,
    dead_letter_detail,
    dead_letter_view,
    operations_view,
)
from services.uploader.api.access import allowed_to
from services.uploader.api.openapi import problems
from services.uploader.api.route import Operation
from services.uploader.api.services import Call
from services.uploader.api.validation import Limit, Model, Omittable

router = APIRouter(route_class=Operation)

MAX_ID = 40  # characters
Reason = Annotated[str, Field(pattern="^[a-z0-9_]{1,64}$")]


class DeadLettersQuery(Model):
    """`before` is the `next` of the page before."""

    reason: Omittable[Reason]
    before: Annotated[str, Field(pattern="^([0-9]{20}-[0-9]{9}-[0-9]{18})?$")] = ""
    limit: Limit = 50


class Replay(Model):
    """Which dead letters: one, by its id, or all with this reason."""

    dead_letter_id: Omittable[Annotated[str, Field(min_length=1, max_length=MAX_ID)]]
    reason: Omittable[Reason]

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.dead_letter_id is None) == (self.reason is None):
            raise PydanticCustomError("one_of_two", "give either dead_letter_id or reason")
        return self


@router.get("/v1/operations", dependencies=[allowed_to(HealthUseCases.read)])
def get_operations(call: Call) -> OperationsView:
    """What is unavailable, what runs and waits, the members of each step, and the free disk."""
    return operations_view(call.use_cases.health.read(call.caller), call.services.problems())


@router.get("/v1/dead-letters", dependencies=[allowed_to(DeadLetterUseCases.all)])
def list_dead_letters(call: Call, query: Annotated[DeadLettersQuery, Query()]) -> DeadLetterPage:
    """Events that can never be handled, the newest first, page by page."""
    found = sorted(call.use_cases.dead_letters.all(call.caller, reason=query.reason), key=_cursor, reverse=True)
    older = [each for each in found if not query.before or _cursor(each) < query.before]
    page = older[: query.limit]
    following = _cursor(page[-1]) if len(older) > len(page) else None
    return DeadLetterPage(dead_letters=[dead_letter_view(each) for each in page], next=following)


@router.get("/v1/dead-letters/{dead_letter_id:path}", dependencies=[allowed_to(DeadLetterUseCases.get)])
def get_dead_letter(call: Call, dead_letter_id: str) -> DeadLetterDetailView:
    """One of them, by its place in the log (`0/17`), with its event."""
    return dead_letter_detail(call.use_cases.dead_letters.get(call.caller, dead_letter_id))


@router.post("/v1/dead-letters:replay", dependencies=[allowed_to(DeadLetterUseCases.replay)], responses=problems(404))
def replay_dead_letters(call: Call, body: Replay) -> ReplayedView:
    """Publish events again, unchanged, after their reason is fixed. Handling an event twice changes nothing."""
    replayed = call.use_cases.dead_letters.replay(call.caller, dead_letter_id=body.dead_letter_id, reason=body.reason)
    return ReplayedView(replayed=[each.dead_letter_id for each in replayed])


def _cursor(stored: StoredDeadLetter) -> str:
    """Sorts by time, then by place."""
    partition, _, offset = stored.dead_letter_id.partition("/")
    return f"{stored.letter.at_us:020d}-{int(partition):09d}-{int(offset):018d}"
