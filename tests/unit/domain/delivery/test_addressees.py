"""Who gets an e-mail about which status: by level, and the same again whenever it is asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from penstock.domain.delivery.addressees import addressees, first_status
from penstock.domain.delivery.notification import notifications
from penstock.domain.errors import Problem
from penstock.domain.events import ChunkDone, FileRefused, Started, Step
from penstock.domain.requests.hold import approve, expire, schedule_expiry
from penstock.domain.requests.recipients import MailLevel, Recipient
from penstock.domain.requests.request import Request, Status
from penstock.domain.requests.status import apply, cancel, history, revert

RECIPIENTS = tuple(Recipient(f"{level}@example.com", level) for level in MailLevel)
ACCEPTED = Request(
    request_id="01890000-0000-7000-8000-000000000001",
    tenant_id="t",
    data_source="crm",
    file_name="people.tsv",
    uploaded_by="ann",
    notify=RECIPIENTS,
    accepted_at=1,
    chunks_total=1,
    max_rejects="50%",
)
REFUSED = Problem(code="no_rows", title="The file has no rows", detail="Only a header.")


def chunk(rejected: int) -> ChunkDone:
    counts = {"rows_read": 10, "rows_ingested": 10 - rejected, "rows_rejected": rejected}
    return ChunkDone(at_us=9, chunk=0, reject_reasons={"no_identifier": rejected} if rejected else {}, **counts)


def after(*steps: Step) -> Request:
    request = ACCEPTED
    for step in steps:
        request = schedule_expiry(apply(request, step), 20)
    return request


STARTED = after(Started(at_us=5))
CLEAN = after(chunk(0))
REJECTS = after(chunk(3))
HELD = after(chunk(6))
EXPIRED = expire(HELD, 10**15)
LIVES = [
    (ACCEPTED, "SCHEDULED", "", ""),
    (STARTED, "SCHEDULED IN_PROGRESS", "", ""),
    (CLEAN, "SCHEDULED IN_PROGRESS COMPLETED", "COMPLETED", ""),
    (revert(CLEAN, 30), "SCHEDULED IN_PROGRESS COMPLETED REVERTED", "COMPLETED REVERTED", ""),
    (REJECTS, "SCHEDULED IN_PROGRESS COMPLETED", "COMPLETED", "COMPLETED"),
    (HELD, "SCHEDULED IN_PROGRESS HELD", "HELD", "HELD"),
    (approve(HELD, 30), "SCHEDULED IN_PROGRESS HELD COMPLETED", "HELD COMPLETED", "HELD COMPLETED"),
    (EXPIRED, "SCHEDULED IN_PROGRESS HELD CANCELLED", "HELD CANCELLED", "HELD CANCELLED"),
    (cancel(STARTED, 30), "SCHEDULED IN_PROGRESS CANCELLED", "CANCELLED", ""),
    (after(FileRefused(at_us=7, problem=REFUSED)), "SCHEDULED IN_PROGRESS FAILED", "FAILED", "FAILED"),
]


@pytest.mark.parametrize(("request_", "every", "ends", "problems"), LIVES)
def test_each_level_gets_its_statuses(request_: Request, every: str, ends: str, problems: str) -> None:
    for recipient, expected in zip(RECIPIENTS, (every, ends, problems), strict=True):
        statuses = expected.split()
        reached = [status for status, _ in history(request_) if recipient.address in addressees(request_, status)]
        assert reached == statuses, recipient
        assert first_status(request_, recipient.address) == (statuses[0] if statuses else None)


def announced_as_it_went(lives: list[Request]) -> list[tuple[Status, str]]:
    """The notifications of a tracker that saw the request in each of these states."""
    found, cursor = [], {}
    for request in lives:
        seen = replace(request, announced_status=cursor)
        found += [(each.status, each.target) for each in notifications(seen, "email", addressees)]
        cursor = {"email": request.status}
    return found


@given(st.sampled_from([revert(CLEAN, 30), revert(approve(HELD, 30), 31), EXPIRED]), st.data())
def test_a_status_is_announced_alike_at_any_time(end: Request, data: st.DataObject) -> None:
    """Also of a request that has gone on since: no e-mail is lost, and none is added."""
    stages = [ACCEPTED, STARTED, *([HELD] if end.hold else [CLEAN])]
    if end.status is Status.REVERTED:
        stages.append(replace(end, status=Status.COMPLETED, reverted_at=None))
    seen = data.draw(st.lists(st.sampled_from(stages), unique_by=lambda each: each.status))
    lives = [*sorted(seen, key=lambda each: list(Status).index(each.status)), end]
    assert announced_as_it_went(lives) == announced_as_it_went([end])
    for request in (each for each in stages if first_status(each, "problems@example.com")):
        assert first_status(request, "problems@example.com") == first_status(end, "problems@example.com")
