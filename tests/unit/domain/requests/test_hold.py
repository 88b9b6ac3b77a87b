"""A hold ends once, by whichever decision comes first: approve, cancel, or its time."""

from __future__ import annotations

from contextlib import suppress
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from penstock.domain.errors import Refused
from penstock.domain.events import ChunkDone, Started, Step
from penstock.domain.requests.hold import HOLD_US, approve, expire, is_overdue, schedule_expiry
from penstock.domain.requests.public_view import to_public
from penstock.domain.requests.request import Request, Status
from penstock.domain.requests.status import apply, cancel, history, revert

REQUEST = Request(
    request_id="01890000-0000-7000-8000-000000000001",
    tenant_id="t",
    data_source="crm",
    file_name="people.tsv",
    uploaded_by="ann",
    accepted_at=1,
    chunks_total=1,
    max_rejects="5%",
)
STEPS: list[Step] = [
    Started(at_us=3),
    ChunkDone(at_us=9, chunk=0, rows_read=4, rows_ingested=1, rows_rejected=3, reject_reasons={"no_identifier": 3}),
]
NOTICED = 5_000  # long after the last step
UNTIL = NOTICED + HOLD_US
HELD = schedule_expiry(reduce(apply, STEPS, REQUEST), NOTICED)
PATH = ((Status.SCHEDULED, 1), (Status.IN_PROGRESS, 3), (Status.HELD, 9))


def test_too_many_rejects_hold_a_request_once_all_chunks_are_in() -> None:
    before = reduce(apply, STEPS[:1], REQUEST)
    assert before.status is Status.IN_PROGRESS
    assert (HELD.status, HELD.finished_at, HELD.rows_accepted, HELD.rows_ingested) == (Status.HELD, None, 1, 0)
    assert history(HELD) == PATH


def test_a_file_without_one_good_row_fails_and_is_not_held() -> None:
    none = replace(STEPS[1], rows_ingested=0, rows_read=3)  # type: ignore[type-var]
    assert reduce(apply, [STEPS[0], none], REQUEST).status is Status.FAILED


def test_a_hold_starts_when_it_is_detected_and_is_not_extended() -> None:
    assert HELD.hold is not None
    assert (HELD.hold.at_us, HELD.hold.until_us) == (9, UNTIL)
    assert schedule_expiry(HELD, NOTICED + 7) == HELD
    assert schedule_expiry(REQUEST, NOTICED) == REQUEST
    assert not is_overdue(reduce(apply, STEPS, REQUEST), 10 * HOLD_US)


def test_the_limit_itself_is_allowed() -> None:
    assert reduce(apply, STEPS, replace(REQUEST, max_rejects="75%")).status is Status.COMPLETED
    assert reduce(apply, STEPS, replace(REQUEST, max_rejects="3")).status is Status.COMPLETED


def test_the_public_view_says_why_and_until_when_as_long_as_it_is_held() -> None:
    held = to_public(HELD, 0)["held"]
    assert held["reason"] == "too_many_rejects"
    assert held["message"] == "3 of 4 rows (75.0%) were rejected; the limit is 5%."
    assert held["until"] == "1970-01-08T00:00:00.005000Z"
    assert to_public(approve(HELD, 20), 0)["held"] is None
    assert to_public(cancel(HELD, 20), 0)["held"] is None


def test_a_hold_expires_at_its_deadline_and_not_before() -> None:
    assert not is_overdue(HELD, UNTIL - 1)
    assert expire(HELD, UNTIL - 1) == HELD
    expired = expire(HELD, UNTIL)
    assert (expired.status, expired.finished_at) == (Status.CANCELLED, UNTIL)
    assert expired.error is not None
    assert expired.error.code == "hold_expired"
    assert history(expired) == (*PATH, (Status.CANCELLED, UNTIL))


def test_a_request_is_approved_until_its_deadline_only() -> None:
    assert approve(HELD, UNTIL - 1).status is Status.COMPLETED
    with pytest.raises(Refused) as caught:
        approve(HELD, UNTIL)
    assert caught.value.code == "cannot_approve"
    assert approve(approve(HELD, UNTIL - 1), UNTIL).status is Status.COMPLETED


def test_an_approved_request_is_as_any_other() -> None:
    approved = approve(HELD, 20)
    assert (approved.status, approved.rows_ingested) == (Status.COMPLETED, 1)
    assert history(revert(approved, 30)) == (*PATH, (Status.COMPLETED, 20), (Status.REVERTED, 30))


decisions = st.permutations(
    [
        approve,
        cancel,
        lambda request, _: expire(request, UNTIL),
        *(lambda request, _, s=s: apply(request, s) for s in STEPS),
    ]
)


@given(decisions, st.lists(st.integers(10, 10**6), min_size=5, max_size=5))
def test_the_first_decision_stays_whatever_comes_after(acts: list, times: list[int]) -> None:  # type: ignore[type-arg]
    request = HELD
    for act, at_us in zip(acts, times, strict=True):
        before = request
        with suppress(Refused):
            request = act(before, at_us)
        if before.status.ended:
            assert request == before
    assert request.status in (Status.COMPLETED, Status.CANCELLED)
    assert len(history(request)) == len(PATH) + 1


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.HELD])
def test_only_a_held_request_can_be_approved(status: Status) -> None:
    with pytest.raises(Refused) as caught:
        approve(replace(REQUEST, status=status), 9)
    [fault] = caught.value.faults
    assert (fault.code, bool(fault.hint)) == ("cannot_approve", True)


def test_a_second_approval_changes_nothing() -> None:
    approved = approve(HELD, 20)
    assert approve(approved, 30) == approved
