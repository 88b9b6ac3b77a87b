"""The live view, on a table that is a dictionary."""

from __future__ import annotations

from functools import reduce

from msgspec.structs import replace

from penstock.domain.request import Request, Status, apply
from services.status_tracker.live_view import LiveView
from tests.support.stream_scene import steps_of

SECOND = 1_000_000
REQUEST = Request(
    request_id="r1", tenant_id="acme", data_source="crm", file_name="secret.tsv", uploaded_by="ann", notify=("bo@x.io",)
)


def test_a_request_under_way_is_shown_with_its_end() -> None:
    view = LiveView({})
    steps = [replace(step, at_us=5 * SECOND * number) for number, step in enumerate(steps_of(4)[:4])]
    view.show(reduce(apply, steps, REQUEST), now_us=15 * SECOND)
    live = view.get("r1")
    assert live is not None
    assert (live.status, live.chunks_done, live.chunks_total) == (Status.IN_PROGRESS, 2, 4)
    assert (live.rows_read, live.rows_ingested, live.rows_rejected) == (20, 18, 2)
    assert live.ends_at_us == 30 * SECOND, "two chunks took 15 seconds, and two are left"


def test_a_request_that_has_ended_is_forgotten_however_often_it_is_shown() -> None:
    table: dict[bytes, bytes] = {}
    view = LiveView(table)
    for steps in (steps_of(4)[:4], steps_of(4), steps_of(4)):
        view.show(reduce(apply, steps, REQUEST), now_us=0)
    assert view.get("r1") is None
    assert table == {}


def test_no_name_and_no_address_gets_into_the_table() -> None:
    table: dict[bytes, bytes] = {}
    LiveView(table).show(reduce(apply, steps_of(4)[:3], REQUEST), now_us=0)
    (entry,) = table.values()
    assert not any(text in entry for text in (b"secret.tsv", b"ann", b"bo@x.io"))
