"""The cursors of the channels: each goes forward on its own, and none misses or repeats a status."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from penstock.domain.delivery.announcement import is_announced, record_announced, unannounced
from penstock.domain.requests.request import Request, Status
from penstock.domain.requests.status import history, revert

ACCEPTED = Request(
    request_id="01890000-0000-7000-8000-000000000001",
    tenant_id="t",
    data_source="crm",
    file_name="people.tsv",
    uploaded_by="ann",
    accepted_at=1,
)
STARTED = replace(ACCEPTED, status=Status.IN_PROGRESS, started_at=3)
DONE = replace(STARTED, status=Status.COMPLETED, finished_at=7)
LIFE = (ACCEPTED, STARTED, DONE, revert(DONE, 8))
CHANNELS = ("email", "webhook")


def test_each_channel_announces_from_its_own_cursor() -> None:
    behind = replace(DONE, announced_status={"email": Status.IN_PROGRESS})
    assert unannounced(behind, "email") == ((Status.COMPLETED, 7),)
    assert unannounced(behind, "webhook") == history(DONE)
    assert unannounced(revert(replace(DONE, announced_status={"email": Status.COMPLETED}), 8), "email") == (
        (Status.REVERTED, 8),
    )


def test_an_announcement_has_ended_when_every_channel_has_reached_the_present_status() -> None:
    one = record_announced(DONE, ["email"], Status.COMPLETED)
    assert is_announced(one, ["email"])
    assert not is_announced(one, CHANNELS)
    assert is_announced(record_announced(one, ["webhook"], Status.COMPLETED), CHANNELS)


def test_a_cursor_never_goes_back() -> None:
    ahead = replace(DONE, announced_status={"email": Status.COMPLETED, "webhook": Status.SCHEDULED})
    late = record_announced(ahead, CHANNELS, Status.IN_PROGRESS)
    assert late.announced_status == {"email": Status.COMPLETED, "webhook": Status.IN_PROGRESS}


def test_a_cursor_of_a_channel_that_is_gone_stays() -> None:
    gone = replace(DONE, announced_status={"pager": Status.SCHEDULED})
    assert record_announced(gone, ["email"], Status.COMPLETED).announced_status["pager"] is Status.SCHEDULED


rounds = st.lists(st.tuples(st.integers(0, len(LIFE) - 1), st.sets(st.sampled_from(CHANNELS))), max_size=8)


@given(rounds)
def test_each_channel_announces_the_history_once(
    announcements: list[tuple[int, set[str]]],
) -> None:
    """A request that only moves on, announced now and then by some of the channels."""
    output: dict[str, list[tuple[Status, int]]] = {channel: [] for channel in CHANNELS}
    cursors: dict[str, Status] = {}
    for step, channels in [*sorted(announcements, key=lambda each: each[0]), (len(LIFE) - 1, set(CHANNELS))]:
        request = replace(LIFE[step], announced_status=cursors)
        for channel in channels:
            output[channel] += unannounced(request, channel)
        cursors = record_announced(request, channels, request.status).announced_status
    assert output == {channel: list(history(LIFE[-1])) for channel in CHANNELS}
