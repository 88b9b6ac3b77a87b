"""Accepting, reading and changing requests, on the embedded control store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from penstock.adapters.embedded.control_store import EmbeddedControlStore
from penstock.application.requests.active_markers import ActiveMarker
from penstock.application.requests.request_clock import RequestClock
from penstock.application.requests.requests import Accepted, NewRequest, Requests
from penstock.domain.days import DAY_US
from penstock.domain.errors import Corrupt, NotFound, Refused
from penstock.domain.events import Started
from penstock.domain.mapping.mapping import Mode
from penstock.domain.requests.request import Request, Status
from penstock.domain.requests.request_filter import RequestFilter
from penstock.domain.requests.status import apply
from penstock.domain.requests.visibility import visible
from penstock.ports.control_store import ControlStore, Table
from tests.support.acceptance import TENANT as T
from tests.support.acceptance import new_request, plan_for
from tests.support.dying import Died
from tests.support.failing_control_store import FailingControlStore
from tests.support.manual_clock import ManualClock

NEW = new_request("ann@example.com")
STATUSES, DAYS = st.sampled_from(Status), st.sampled_from([0, 1, 40])
FILTERS = st.builds(
    RequestFilter,
    statuses=st.lists(STATUSES, max_size=3, unique=True).map(tuple),
    data_source=st.sampled_from([None, None, "a", "b"]),
    uploaded_by=st.sampled_from([None, None, "a", "n"]),
    file_name=st.sampled_from([None, None, "bn", "A"]),
    accepted_from=st.none() | DAYS.map(lambda days: ManualClock().at_us + days * DAY_US),
    accepted_to=st.none() | DAYS.map(lambda days: ManualClock().at_us + 2 * days * DAY_US),
)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def requests(store: ControlStore, clock: ManualClock) -> Requests:
    return Requests(store, clock)


@pytest.fixture
def ids(store: ControlStore, clock: ManualClock) -> RequestClock:
    return RequestClock(store, clock)


def accept(requests: Requests, new: NewRequest = NEW, key: str | None = None, fingerprint: str = "f") -> Request:
    return requests.accept(new, idempotency_key=key, fingerprint=fingerprint, plan_for=plan_for)[0]


def ended(status: Status) -> Callable[[Request], Request]:
    return lambda request: replace(request, status=status, finished_at=5)


def test_ids_grow_whatever_the_clock_does(ids: RequestClock, clock: ManualClock) -> None:
    hour = 3_600_000_000
    given_out = []
    for jump in (0, 1, hour, -2 * hour, 0, 0, hour, -hour, 1):
        clock.at_us += jump
        given_out.append(ids.next_id(T))
    found, times = zip(*given_out, strict=True)
    assert list(found) == sorted(set(found))
    assert list(times) == sorted(set(times))
    assert times[0] == ManualClock().at_us


def test_ids_are_distinct_and_in_order_for_many_at_once(ids: RequestClock) -> None:
    with ThreadPoolExecutor(4) as pool:
        per_thread = list(pool.map(lambda _: [ids.next_id(T) for _ in range(25)], range(4)))
    everything = [pair for pairs in per_thread for pair in pairs]
    assert len({request_id for request_id, _ in everything}) == 100
    assert all(pairs == sorted(pairs) for pairs in per_thread)
    by_id = sorted(everything)
    assert [at_us for _, at_us in by_id] == sorted(at_us for _, at_us in everything)


def test_an_accepted_request_is_read_with_its_plan(requests: Requests) -> None:
    request = accept(requests)
    assert requests.get(T, request.request_id) == request
    assert (request.status, request.object_key, request.notify) == (Status.SCHEDULED, NEW.object_key, NEW.notify)
    plan = requests.plan(T, request.request_id)
    assert (plan.request_id, plan.accepted_at_us) == (request.request_id, request.accepted_at)
    assert [each.request_id for each in requests.active(T)] == [request.request_id]


def test_no_request_of_another_tenant_is_found(requests: Requests) -> None:
    request = accept(requests)
    for read in (requests.get, requests.plan, requests.cancel, requests.undo):
        with pytest.raises(NotFound):
            read("other", request.request_id)


def test_the_same_key_gives_the_same_request(requests: Requests, store: ControlStore) -> None:
    first = requests.accept(NEW, idempotency_key="k", fingerprint="f", plan_for=plan_for)
    again = requests.accept(
        replace(NEW, object_key="acme/files/2"), idempotency_key="k", fingerprint="f", plan_for=plan_for
    )
    assert first == Accepted(again.request, created=True)
    assert again[1] is False
    assert accept(requests).request_id != first[0].request_id
    assert store.get(Table.IDEMPOTENCY_KEYS, T, "k") is None  # only its hash is kept


def test_a_key_for_something_else_is_refused(requests: Requests) -> None:
    accept(requests, key="k")
    with pytest.raises(Refused) as caught:
        accept(requests, key="k", fingerprint="another")
    assert caught.value.code == "idempotency_key_reused"
    assert len(requests.list(T)) == 1


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize("mode", [Mode.UPSERT, Mode.REPLACE])
def test_a_retry_completes_after_a_crash_at_any_write(store: ControlStore, mode: Mode, done: bool) -> None:
    new = replace(NEW, mode=mode)
    crashes = 0
    while True:
        failing = FailingControlStore(store, fatal=crashes, done=done)
        key = f"key {mode} {crashes}"
        try:
            accept(Requests(failing, ManualClock()), new, key)  # type: ignore[arg-type]
        except Died:
            crashes += 1
        if not failing.died:
            break
        requests = Requests(store, ManualClock())
        before = [request.request_id for request in requests.list(T, limit=500)]
        request = accept(requests, new, key)
        assert requests.list(T)[0] == request == accept(requests, new, key)
        assert requests.plan(T, request.request_id).accepted_at_us == request.accepted_at
        assert request in list(requests.active(T))
        if mode is Mode.REPLACE:
            assert store.get(Table.REPLACEMENTS, T, "crm", request.request_id) is not None
        assert len(requests.list(T, limit=500)) == len({*before, request.request_id})
    assert crashes == 7


def test_the_list_is_newest_first_and_goes_on(requests: Requests) -> None:
    accepted = [accept(requests, replace(NEW, data_source=source)) for source in ("crm", "pos", "crm", "pos", "crm")]
    newest_first = accepted[::-1]
    assert requests.list(T, limit=2) == newest_first[:2]
    assert requests.list(T, before=newest_first[1].request_id, limit=9) == newest_first[2:]
    requests.cancel(T, accepted[0].request_id)
    assert [r.request_id for r in requests.page(T, only=RequestFilter(statuses=(Status.CANCELLED,))).requests] == [
        accepted[0].request_id
    ]
    assert requests.page(T, only=RequestFilter(data_source="pos")).requests == [accepted[3], accepted[1]]
    scheduled = RequestFilter(data_source="crm", statuses=(Status.SCHEDULED, Status.FAILED))
    assert requests.page(T, only=scheduled, limit=1).requests == [accepted[4]]


def test_a_change_that_another_overtakes_is_made_again(requests: Requests) -> None:
    request = accept(requests)
    seen = []

    def count(present: Request) -> Request:
        if not seen:
            requests.update(T, request.request_id, lambda other: apply(other, Started(at_us=7)))
        seen.append(present.started_at)
        return replace(present, rows_read=present.rows_read + 1)

    before, after = requests.update(T, request.request_id, count)
    assert seen == [None, 7]
    assert (before.rows_read, after.rows_read, after.started_at) == (0, 1, 7)
    assert requests.get(T, request.request_id) == after


def test_undo_leaves_a_mark_that_outlives_the_first_end(requests: Requests) -> None:
    request = accept(requests)
    _, done = requests.update(T, request.request_id, ended(Status.COMPLETED))
    requests.markers.clear_announced(T, [done])
    assert list(requests.active(T)) == []
    reverted = requests.undo(T, request.request_id)
    requests.markers.clear_announced(T, [done])  # by a tracker that has not seen the undo
    assert list(requests.active(T)) == [reverted]
    requests.markers.clear_announced(T, [reverted])
    assert list(requests.active(T)) == []


def test_an_undo_that_is_refused_marks_nothing(requests: Requests) -> None:
    request = accept(requests)
    _, failed = requests.update(T, request.request_id, ended(Status.FAILED))
    requests.markers.clear_announced(T, [failed])
    with pytest.raises(Refused):
        requests.undo(T, request.request_id)
    assert list(requests.active(T)) == []


def test_a_key_that_is_released_leads_to_a_new_request(requests: Requests) -> None:
    first = accept(requests, key="k")
    assert accept(requests, key="k") == first
    requests.release(T, "k")
    assert accept(requests, key="k") != first


def test_visible_requests_follow_replacements_and_undos(requests: Requests) -> None:
    replacing = replace(NEW, mode=Mode.REPLACE)
    old, other, first, failed, second = (
        accept(requests, new).request_id
        for new in (NEW, replace(NEW, data_source="pos"), replacing, replacing, replacing)
    )
    everything = [old, other, first, failed, second]
    for request_id in (old, other, first):
        requests.update(T, request_id, ended(Status.COMPLETED))
    requests.update(T, failed, ended(Status.FAILED))
    assert set(requests.visible(T, everything).by_id) == {other, first}
    requests.update(T, second, ended(Status.COMPLETED))
    assert set(requests.visible(T, everything).by_id) == {other, second}
    requests.undo(T, second)
    assert set(requests.visible(T, everything).by_id) == {other, first}
    assert set(requests.visible(T, [old]).by_id) == set()  # the floor counts though it was not asked for
    requests.undo(T, first)
    assert set(requests.visible(T, [*everything, "unknown"]).by_id) == {old, other}


def test_replaced_requests_name_the_replacement_that_counts(requests: Requests) -> None:
    """Read once for each data source, whatever the number of requests."""
    replacing = replace(NEW, mode=Mode.REPLACE)
    old = accept(requests)
    requests.update(T, old.request_id, ended(Status.COMPLETED))
    child = accept(requests, replace(NEW, parent_id=old.request_id))
    other, first, second = (
        accept(requests, replace(NEW, data_source="pos")),
        *(accept(requests, replacing) for _ in range(2)),
    )
    everything = [old, child, other, first, second]

    def replaced() -> dict[str, str]:
        return requests.replaced_by(T, [requests.get(T, each.request_id) for each in everything])

    for each in (child, other):
        requests.update(T, each.request_id, ended(Status.COMPLETED))
    assert replaced() == {}
    requests.update(T, first.request_id, ended(Status.COMPLETED))
    assert replaced() == dict.fromkeys((old.request_id, child.request_id), first.request_id)
    requests.update(T, second.request_id, ended(Status.COMPLETED))
    assert replaced() == dict.fromkeys((old.request_id, child.request_id, first.request_id), second.request_id)
    requests.undo(T, second.request_id)
    requests.undo(T, first.request_id)
    assert replaced() == {}


@pytest.mark.parametrize("mode", [Mode.REPLACE, Mode.UPSERT])
def test_an_older_record_that_is_put_back_is_corrupt(requests: Requests, store: ControlStore, mode: Mode) -> None:
    """Of a replacement that counted, that it is under way; of an undone request, that it is completed."""
    old, other = (accept(requests, replace(NEW, mode=each)).request_id for each in (Mode.UPSERT, mode))
    requests.update(T, old, ended(Status.COMPLETED))
    before = requests.stored(T, other)
    requests.update(T, other, ended(Status.COMPLETED))
    if mode is Mode.UPSERT:
        before = requests.stored(T, other)
        requests.undo(T, other)
    assert requests.visible(T, [old, other]).by_id
    store.replace(requests.stored(T, other).record, before.record.body)
    with pytest.raises(Corrupt, match=other):
        requests.visible(T, [old, other])


def test_an_undo_between_two_reads_is_no_older_record(
    requests: Requests, store: ControlStore, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    request_id = accept(requests).request_id
    requests.update(T, request_id, ended(Status.COMPLETED))
    reading, read = Requests(store, clock), store.get_each

    def undone_before(table: Table, tenant_id: str, places: Any) -> Any:
        if table is Table.REQUEST_CHECKS:
            requests.undo(T, request_id)
        return read(table, tenant_id, places)

    monkeypatch.setattr(store, "get_each", undone_before)
    assert set(reading.visible(T, [request_id]).by_id) == {request_id}  # as it was when it was read


@given(st.lists(st.sampled_from(["a", "b"]), max_size=8), st.data())
def test_visible_requests_of_the_store_follow_the_rule(
    tmp_path_factory: pytest.TempPathFactory, sources: list[str], data: Any
) -> None:
    store = EmbeddedControlStore(tmp_path_factory.mktemp("store") / "control.db")
    requests = Requests(store, ManualClock())
    for source in sources:
        new = replace(NEW, data_source=source, mode=data.draw(st.sampled_from(Mode)))
        requests.update(T, accept(requests, new).request_id, ended(data.draw(st.sampled_from(Status))))
    everything = requests.list(T)
    asked = [r.request_id for r in everything if data.draw(st.booleans())]
    assert set(requests.visible(T, asked).by_id) == set(visible(everything)) & set(asked)
    store.close()


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("ann"), STATUSES, DAYS), max_size=12), FILTERS, st.data()
)
def test_pages_of_any_filter_are_those_of_all_requests(
    tmp_path_factory: pytest.TempPathFactory,
    accepted: list[tuple[str, str, Status, int]],
    only: RequestFilter,
    data: Any,
) -> None:
    store = EmbeddedControlStore(tmp_path_factory.mktemp("store") / "control.db")
    clock = ManualClock()
    requests = Requests(store, clock)
    for source, uploader, status, days in accepted:
        clock.at_us += days * DAY_US
        new = replace(NEW, data_source=source, uploaded_by=uploader, file_name=f"{source}{uploader}.tsv")
        requests.update(T, accept(requests, new).request_id, ended(status))
    found, before = [], ""
    for _ in range(len(accepted) + 1):
        page = requests.page(T, before=before, limit=data.draw(st.integers(1, 3)), only=only)
        found += page.requests
        if page.next is None:
            break
        before = page.next
    everything = list(requests.newest_first(T))
    assert len(everything) == len(accepted)
    assert found == [each for each in everything if only.matches(each)]
    store.close()


def test_a_request_that_ends_while_it_is_looked_for_is_found(
    requests: Requests, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = accept(requests)
    really_list = requests.markers.list

    def ends_after_it(tenant_id: str, *, newest_first: bool = False) -> Iterator[ActiveMarker]:
        found = list(really_list(tenant_id, newest_first=newest_first))
        _, failed = requests.update(T, request.request_id, ended(Status.FAILED))
        requests.markers.clear_announced(T, [failed])
        return iter(found)

    monkeypatch.setattr(requests.markers, "list", ends_after_it)
    only = RequestFilter(statuses=(Status.FAILED, Status.SCHEDULED))
    assert [each.request_id for each in requests.page(T, only=only).requests] == [request.request_id]


def test_a_time_range_reads_only_its_requests(
    requests: Requests, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ids sort by the time of acceptance, so neither newer nor older requests are examined."""
    accepted = []
    for _ in range(10):
        accepted.append(accept(requests))
        clock.at_us += 1_000
    monkeypatch.setattr("penstock.application.requests.requests.MAX_REQUESTS_EXAMINED", 4)
    only = RequestFilter(accepted_from=accepted[3].accepted_at, accepted_to=accepted[6].accepted_at)
    page = requests.page(T, only=only)
    assert (page.requests, page.next) == (accepted[5:2:-1], None)
    older = requests.page(T, only=only, before=accepted[5].request_id)
    assert older.requests == accepted[4:2:-1]


def test_a_page_of_a_filtered_list_reads_no_more_than_its_bound(
    requests: Requests, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("penstock.application.requests.requests.MAX_REQUESTS_EXAMINED", 4)
    ids = [accept(requests).request_id for _ in range(10)]
    requests.update(T, ids[1], ended(Status.FAILED))
    pages, before = [], ""
    while True:
        page = requests.page(T, before=before, only=RequestFilter(statuses=(Status.COMPLETED, Status.FAILED)))
        pages.append([request.request_id for request in page.requests])
        if page.next is None:
            break
        before = page.next
    assert pages == [[], [], [ids[1]]]
    assert [request.request_id for request in requests.list(T, limit=7)] == ids[:2:-1]
