"""Operations: what is wrong and since when, what waits, and the dead letters. For the users of the server itself."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple

from starlette.responses import JSONResponse, Response

from penstock.application.consuming.dead_letters import StoredDeadLetter, event_type
from penstock.application.consuming.groups import DISPATCHERS, EXPRESS_WORKERS, TRACKERS, WORKERS
from penstock.application.consuming.use_cases import DeadLetterUseCases
from penstock.application.health.use_cases import Health, HealthUseCases
from services.uploader.console.visits import Visit, action, go, page

LISTED = 100  # dead letters, the newest
_WORDS = {
    DISPATCHERS: "Dispatching files",
    EXPRESS_WORKERS: "Ingesting small files",
    WORKERS: "Ingesting rows",
    TRACKERS: "Updating requests",
}
_DEPENDENCIES = {
    "cassandra": "Cassandra",
    "disk": "Disk",
    "external_s3": "Other services' buckets",
    "kafka": "Kafka",
    "key_file": "Key file",
    "kms": "Key service",
    "s3": "Object store (S3)",
    "smtp": "Mail server",
}


class ListedLetter(NamedTuple):
    dead_letter: StoredDeadLetter
    event_type: str | None


class ReasonCount(NamedTuple):
    """How many dead letters have a reason."""

    reason: str
    letters: int


def show(visit: Visit) -> Response:
    health = visit.use_cases.health.read(visit.caller)
    context: dict[str, Any] = {"health": health, "problems": _other_problems(visit, health)}
    workers = next(each.members for each in health.steps if each.group == WORKERS)
    context |= {"words": _WORDS, "names": _DEPENDENCIES, "workers": workers}
    if visit.is_partial:
        return visit.page("_operations.html", **context)
    letters = visit.use_cases.dead_letters.all(visit.caller)
    newest = sorted(letters, key=lambda each: each.letter.at_us, reverse=True)[:LISTED]
    return visit.page(
        "operations.html",
        letters=[ListedLetter(each, event_type(each)) for each in newest],
        letters_in_all=len(letters),
        reasons=reason_counts(letters),
        replayed=_number(visit.request.query_params.get("replayed", "")),
        **context,
    )


def figures(visit: Visit) -> Response:
    """What the charts of the page show; `waiting` is in the order of a request's way."""
    health = visit.use_cases.health.read(visit.caller)
    return JSONResponse(
        {
            "at": visit.services.clock.now_us() / 1e6,
            "waiting": [each.events for each in health.steps],
            "rows_per_second": round(health.work.rows_per_second, 1),
        }
    )


def replay(visit: Visit) -> Response:
    """One dead letter, or all with a reason."""
    replayed = visit.use_cases.dead_letters.replay(
        visit.caller, dead_letter_id=visit.form.optional("dead_letter_id"), reason=visit.form.text("reason")
    )
    return go(f"/operations?replayed={len(replayed)}#dead-letters")


def reason_counts(letters: Sequence[StoredDeadLetter]) -> list[ReasonCount]:
    """The most frequent first."""
    reasons = sorted(each.letter.reason for each in letters)
    counts = [ReasonCount(reason, len(list(same))) for reason, same in groupby(reasons)]
    return sorted(counts, key=lambda each: -each.letters)


def _other_problems(visit: Visit, health: Health) -> list[str]:
    """Those that are not outages of a dependency, such as a part that has ended."""
    outages = {each.problem for each in health.dependencies}
    return [each for each in visit.services.problems() if each not in outages]


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


routes = [
    page("/operations", show, of=HealthUseCases.read),
    page("/operations/figures", figures, of=HealthUseCases.read),
    action("/operations/dead-letters/replay", replay, of=DeadLetterUseCases.replay),
]
