"""Which version of a mapping is the current one: a person's at once, an upload's when its request has completed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from penstock.adapters.embedded.control_store import EmbeddedControlStore
from penstock.application.catalog import mapping_versions
from penstock.application.catalog.mapping_versions import MappingVersions, Origin
from penstock.application.requests.requests import Requests
from penstock.domain.errors import NotFound, Refused
from penstock.domain.mapping.mapping import ColumnMapping, Plan
from penstock.domain.requests.request import Request, Status
from penstock.domain.requests.status import apply, cancel, revert
from penstock.ports.control_store import ControlStore, Table
from tests.support.acceptance import TENANT, new_request, plan_for
from tests.support.dying import Died
from tests.support.failing_control_store import FailingControlStore
from tests.support.manual_clock import ManualClock
from tests.support.tracker_harness import steps_of

CRM = "crm"
ANN = Origin("ann")
ENDS = (Status.COMPLETED, Status.REVERTED, Status.CANCELLED)


def columns(name: str) -> list[ColumnMapping]:
    return [ColumnMapping(column=name, attribute="crmid", identifier=True)]


class Source:
    """One data source, with uploads that bring mappings."""

    def __init__(self, store: ControlStore) -> None:
        self.store = store
        self.requests = Requests(store, ManualClock())
        self.versions = MappingVersions(store, self.requests, ManualClock())

    @property
    def current(self) -> int | None:
        found = self.versions.current(TENANT, CRM)
        return None if found is None else found.version

    def save(self, name: str, *, base: int | None = None) -> int:
        return self.versions.save(TENANT, CRM, columns(name), ANN, base=base).version

    def upload(self, name: str, key: str | None = None) -> Request:
        """A request with a mapping of its own."""

        def plan(request_id: str, accepted_at_us: int) -> Plan:
            mapping = self.versions.save(TENANT, CRM, columns(name), Origin("bo", request_id)).mapping
            self.versions.add_pending(TENANT, mapping, request_id)
            return replace(plan_for(request_id, accepted_at_us), mapping=mapping)

        return self.requests.accept(new_request(), idempotency_key=key, fingerprint="f", plan_for=plan)[0]

    def end(self, request: Request, status: Status) -> Request:
        """The request as it is stored then; nothing else is done yet."""
        return self.requests.update(TENANT, request.request_id, lambda present: ended(present, status))[1]

    def states(self) -> dict[int, str]:
        return {each.version.version: str(each.state) for each in self.versions.all(TENANT, CRM)}

    def pending(self) -> list[str]:
        return [record.sort for record in self.store.scan(Table.PENDING_MAPPINGS, TENANT, CRM)]


def ended(request: Request, status: Status) -> Request:
    if status is Status.CANCELLED:
        return cancel(request, 9)
    for step in steps_of(1):
        request = apply(request, step)
    return revert(request, 9) if status is Status.REVERTED else request


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Source]:
    with closing(EmbeddedControlStore(tmp_path / "control.db")) as store:
        yield Source(store)


def test_the_version_of_an_upload_that_was_undone_is_not_current(source: Source) -> None:
    """Perhaps it was undone because of its mapping, so no other upload may use it unasked."""
    first = source.end(source.upload("a"), Status.COMPLETED)
    assert source.current == 1
    source.requests.undo(TENANT, first.request_id)
    assert (source.current, source.states()) == (None, {1: "earlier"})
    source.save("b")
    assert (source.current, source.states()) == (2, {2: "current", 1: "earlier"})


def test_after_an_undo_the_newest_version_that_was_not_undone_is_current(source: Source) -> None:
    source.end(source.upload("a"), Status.COMPLETED)
    source.save("b")
    third = source.end(source.upload("c"), Status.COMPLETED)
    source.versions.confirm(third)
    assert source.current == 3
    source.requests.undo(TENANT, third.request_id)
    assert source.current == 2
    assert [each.is_undone for each in source.versions.all(TENANT, CRM)] == [True, False, False]
    assert source.save("c", base=2) == source.current == 3, "a person has decided for it"


def test_a_version_that_another_upload_uses_stays_current_after_an_undo(source: Source) -> None:
    first = source.end(source.upload("a"), Status.COMPLETED)
    assert source.current == 1
    source.end(source.upload("a"), Status.COMPLETED)
    source.requests.undo(TENANT, first.request_id)
    assert (source.current, source.states()) == (1, {1: "current"})


def test_an_undone_version_is_current_again_when_the_same_columns_are_uploaded(source: Source) -> None:
    first = source.end(source.upload("a"), Status.COMPLETED)
    assert source.current == 1
    source.requests.undo(TENANT, first.request_id)
    again = source.upload("a")
    assert (again.mapping_version, source.states()) == (1, {1: "pending"})
    source.end(again, Status.COMPLETED)
    assert (source.current, source.versions.get(TENANT, CRM, 1).request_id) == (1, again.request_id)


def test_a_persons_version_is_current_at_once_and_an_uploads_when_it_completes(source: Source) -> None:
    assert source.current is None
    first = source.upload("a")
    assert (first.mapping_version, source.current, source.states()) == (1, None, {1: "pending"})
    source.end(first, Status.COMPLETED)
    assert (source.current, source.states()) == (1, {1: "current"})
    assert source.save("b") == source.current == 2
    second = source.upload("c")
    assert (source.current, source.states()) == (2, {3: "pending", 2: "current", 1: "earlier"})
    source.end(second, Status.COMPLETED)
    assert source.states() == {3: "current", 2: "earlier", 1: "earlier"}
    listed = [each.version for each in source.versions.all(TENANT, CRM)]
    assert [(each.saved_by, each.request_id) for each in listed] == [
        ("bo", second.request_id),
        ("ann", None),
        ("bo", first.request_id),
    ]


def test_an_upload_that_does_not_complete_leaves_the_mapping_as_it_was(source: Source) -> None:
    source.save("a")
    cancelled = source.upload("b")
    source.versions.confirm(source.end(cancelled, Status.CANCELLED))
    assert (source.current, source.states(), source.pending()) == (1, {2: "unused", 1: "current"}, [])
    again = source.upload("b")
    assert again.mapping_version == 2, "the same columns are the same version"
    source.end(again, Status.COMPLETED)
    assert source.current == 2
    assert source.versions.get(TENANT, CRM, 2).request_id == again.request_id


def test_an_upload_takes_the_version_with_its_columns_in_any_order(source: Source) -> None:
    first, second = columns("a")[0], ColumnMapping(column="b", attribute="city")

    def uploaded(*found: ColumnMapping) -> int:
        return source.versions.save(TENANT, CRM, found, Origin("bo", "r")).version

    saved = source.versions.save(TENANT, CRM, [first, second], ANN).version
    assert uploaded(second, first) == saved == source.current
    assert uploaded(first) == 2
    assert uploaded(second, first) == saved, "the version 2 waits for nothing"
    other = replace(second, blanks=("none",))
    assert uploaded(other, first) == 3


def test_an_older_request_that_completes_later_takes_nothing_back(source: Source) -> None:
    older, newer = source.upload("a"), source.upload("b")
    source.versions.confirm(source.end(newer, Status.COMPLETED))
    source.versions.confirm(source.end(older, Status.COMPLETED))
    assert (source.current, source.pending()) == (2, [])
    late = source.upload("c")
    source.save("d")
    source.versions.confirm(source.end(late, Status.COMPLETED))
    assert source.states() == {4: "current", 3: "unused", 2: "earlier", 1: "unused"}


def test_the_same_columns_again_are_a_newer_version_when_another_is_pending(source: Source) -> None:
    source.save("a")
    source.upload("b")
    back = source.upload("a")
    assert back.mapping_version == 3
    source.end(back, Status.COMPLETED)
    assert source.current == 3


def test_a_person_who_saves_a_pending_mapping_makes_it_current(source: Source) -> None:
    source.upload("a")
    assert source.save("a") == source.current == 1
    assert source.versions.get(TENANT, CRM, 1).saved_by == "ann"
    assert source.save("a") == 1


def test_a_version_that_is_based_on_another_than_the_current_one_is_refused(source: Source) -> None:
    source.save("a")
    source.upload("b")
    assert source.save("c", base=1) == 3, "a pending version is not the current one"
    for base in (1, 2, 4):
        with pytest.raises(Refused, match="precondition_failed"):
            source.save("d", base=base)
    assert source.current == 3


def test_the_number_of_versions_has_a_bound(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapping_versions, "MAX_MAPPING_VERSIONS", 3)
    source.save("a")
    uploads = [source.upload(name) for name in "bcdef"]
    assert list(source.states()) == [6, 5, 4, 1]
    assert len(source.pending()) == 3
    for upload in uploads:
        source.versions.confirm(source.end(upload, Status.COMPLETED))
    assert (source.current, source.pending()) == (6, [])
    with pytest.raises(NotFound, match="deleted"):
        source.versions.get(TENANT, CRM, 2)
    assert source.versions.before(TENANT, CRM, 4) == 1
    with pytest.raises(NotFound):
        source.versions.before(TENANT, CRM, 1)


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize("fatal", range(12))
def test_a_crash_at_any_write_of_an_upload_or_its_end_changes_nothing(tmp_path: Path, fatal: int, done: bool) -> None:
    with closing(EmbeddedControlStore(tmp_path / "control.db")) as store:
        Source(store).save("a")
        failing = FailingControlStore(store, fatal=fatal, done=done)

        def work(source: Source) -> None:
            request = source.upload("b", key="k")
            source.versions.confirm(source.end(request, Status.COMPLETED))

        try:
            work(Source(failing))
        except Died:
            assert Source(store).current in (1, 2)
            work(Source(store))
        else:
            assert fatal > 8, "no write failed"
        source = Source(store)
        assert (source.current, source.pending(), source.states()) == (2, [], {2: "current", 1: "earlier"})


def test_a_retry_after_a_crash_and_another_version_leaves_nothing_pending(tmp_path: Path) -> None:
    with closing(EmbeddedControlStore(tmp_path / "control.db")) as store:
        source = Source(store)
        with pytest.raises(Died):
            Source(FailingControlStore(store, fatal=5, done=False)).upload("a", key="k")
        assert (source.current, source.save("b")) == (None, 2)
        request = source.upload("a", key="k")
        assert request.mapping_version == 3, "the plan of the first attempt was of no request"
        source.end(request, Status.COMPLETED)
        source.versions.confirm(source.requests.get(TENANT, request.request_id))
        assert source.pending() == ["000000001/" + request.request_id]
        assert (source.states(), source.pending()) == ({3: "current", 2: "earlier", 1: "unused"}, [])


ACTIONS = st.tuples(st.sampled_from(("save", "upload", "confirm", *ENDS)), st.integers(0, 4))


@given(st.lists(ACTIONS, max_size=25))
@settings(max_examples=60, deadline=None)
def test_the_newest_version_that_was_saved_or_completed_is_current(history: list[tuple[str, int]]) -> None:
    with TemporaryDirectory() as folder, closing(EmbeddedControlStore(Path(folder) / "control.db")) as store:
        source, requests, confirmed = Source(store), list[Request](), {0}

        def counts(version: int) -> bool:
            """Whether it is a person's, or of an upload that counts."""
            by_person = version == 0 or source.versions.get(TENANT, CRM, version).request_id is None
            uses = [source.requests.get(TENANT, each.request_id) for each in requests]
            return by_person or any(
                each.mapping_version == version and each.status is Status.COMPLETED for each in uses
            )

        for action, number in history:
            if action == "save":
                confirmed.add(source.save(str(number)))
            elif action == "upload":
                requests.append(source.upload(str(number)))
            elif requests:
                request = requests[number % len(requests)]
                present = source.requests.get(TENANT, request.request_id)
                if action == "confirm":
                    source.versions.confirm(present)
                elif not present.status.ended:
                    present = source.end(request, Status(action))
                if present.status in (Status.COMPLETED, Status.REVERTED):
                    confirmed.add(request.mapping_version)
            assert (source.current or 0) == max(filter(counts, confirmed))
