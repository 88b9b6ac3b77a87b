"""Upload requests in the control store: accepts, reads and changes them.

Accepting writes several records, and no write is atomic across records. They are written in an order in which every
prefix is harmless, and each write is idempotent. The request record comes last and makes the request exist. A retry
with the same idempotency key continues where a crash stopped the first attempt.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import islice
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from penstock.application.due_work.hints import Hints
from penstock.application.requests import plans
from penstock.application.requests.active_markers import ActiveMarker, ActiveMarkers
from penstock.application.requests.request_checks import RequestChecks
from penstock.application.requests.request_clock import RequestClock
from penstock.application.requests.request_lists import RequestLists
from penstock.application.requests.reservations import Reservation, Reservations
from penstock.application.requests.same_file import SameFile, continues, reserve_file
from penstock.application.scanning import scan_all
from penstock.domain.errors import Conflict, NotFound, Problem
from penstock.domain.events import FileRefused
from penstock.domain.files.tabular_format import FileOptions
from penstock.domain.limits import MAX_PAGE, MAX_REQUESTS_EXAMINED
from penstock.domain.mapping.mapping import Mode, Plan
from penstock.domain.requests.children import end_with_root, with_child
from penstock.domain.requests.hold import approve, expire
from penstock.domain.requests.ids import partition_of
from penstock.domain.requests.recipients import Recipient
from penstock.domain.requests.request import Request, Status
from penstock.domain.requests.request_filter import RequestFilter
from penstock.domain.requests.status import apply, cancel, revert
from penstock.domain.requests.visibility import visible
from penstock.failpoints import failpoint
from penstock.ports.clock import Clock
from penstock.ports.control_store import ControlStore, Put, Record, Table

Change = Callable[[Request], Request]


class NewRequest(msgspec.Struct, frozen=True, kw_only=True):
    """An upload by a person or a service, whose file is already stored."""

    tenant_id: str
    data_source: str
    file_name: str
    uploaded_by: str
    object_key: str
    object_version: str
    object_size: int  # bytes as stored
    file_bytes: int = 0  # of the plain file
    body_start: int = 0
    first_line: int = 1
    chunks_total: int = 0
    upload_started_at: int | None = None
    file_options: FileOptions = FileOptions()
    mode: Mode = Mode.UPSERT
    segment: str | None = None
    as_of: int | None = None
    notify: tuple[Recipient, ...] = ()
    max_rejects: str | None = None
    parent_id: str | None = None
    publisher_id: str | None = None
    event_id: str | None = None


class Visible(NamedTuple):
    """The visible ones of some requests, by id; `floors` are the replacements below which those of their data sources
    are not."""

    by_id: dict[str, Request]
    floors: Sequence[Request]


class Accepted(NamedTuple):
    """An accepted request. `created`: by this call. `duplicate`: the same file led to it before. `left_out` are the
    unmapped columns that the answer lists, with the reasons."""

    request: Request
    created: bool
    duplicate: bool = False
    left_out: Sequence[tuple[str, str]] | None = None


class Stored(NamedTuple):
    """A request as last read from the store; a change can start from it without another read."""

    request: Request
    record: Record


class RequestPage(NamedTuple):
    """`next`: the cursor (`before`) of the next page; None on the last page."""

    requests: list[Request]
    next: str | None


class Requests:
    """Reads and writes all stored data about requests; their `markers` are records of their own."""

    def __init__(self, store: ControlStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self.markers, self._hints = ActiveMarkers(store), Hints(store, clock)
        self._lists, self._checks = RequestLists(store, self.markers), RequestChecks(store)
        self._reservations, self._request_clock = Reservations(store, clock), RequestClock(store, clock)

    # Accepting

    def accept(
        self,
        new: NewRequest,
        *,
        idempotency_key: str | None,
        fingerprint: str,
        plan_for: Callable[[str, int], Plan],
        problem: Problem | None = None,
        same_file: SameFile | None = None,
        left_out: Sequence[tuple[str, str]] | None = None,
    ) -> Accepted:
        """The request of an idempotency key, or of the `same_file` if that counts still, or a new one. `plan_for`
        receives the request id and the acceptance time.

        With a `problem` it is created as failed, because there is no file to ingest.
        Raises `Refused`: idempotency_key_reused when the key was used with another fingerprint; of a child, those of
        `with_child`.
        """
        reserve = partial(self._reserve, new.tenant_id, fingerprint, same_file, left_out)
        if idempotency_key is None:
            reserved = reserve()
        else:
            reserved = self._reservations.reserve_key(new.tenant_id, idempotency_key, fingerprint, reserve)
        duplicate = reserved.duplicate or idempotency_key is None  # if another call has created it
        try:
            found = self.get(new.tenant_id, reserved.request_id)
            return Accepted(found, created=False, duplicate=duplicate, left_out=reserved.left_out)
        except NotFound:
            pass
        if new.parent_id is not None:
            self.update(new.tenant_id, new.parent_id, lambda root: with_child(root, reserved.request_id))
            failpoint("uploader.child_registered")
        request, created = self._create(new, reserved, plan_for, problem)
        return Accepted(request, created, not created and duplicate, reserved.left_out)

    def accepted(self, tenant_id: str, *, idempotency_key: str, fingerprint: str) -> Accepted | None:
        """The existing request of an idempotency key. Raises `Refused` as `accept` does."""
        reserved = self._reservations.of_key(tenant_id, idempotency_key, fingerprint)
        if reserved is None:
            return None
        try:
            request = self.get(tenant_id, reserved.request_id)
        except NotFound:
            return None
        return Accepted(request, created=False, duplicate=reserved.duplicate, left_out=reserved.left_out)

    def release_overtaken(self, tenant_id: str, idempotency_key: str, fingerprint: str) -> None:
        """`release` a key if a later upload of the data source counts, or may come to count, after its request."""
        reserved = self._reservations.of_key(tenant_id, idempotency_key, fingerprint)
        if reserved is not None and not continues(self, tenant_id, reserved.request_id):
            self.release(tenant_id, idempotency_key)

    def release(self, tenant_id: str, idempotency_key: str) -> None:
        """Delete an idempotency key, so that the next upload with it creates a new request."""
        self._reservations.release_key(tenant_id, idempotency_key)

    # Reading

    def get(self, tenant_id: str, request_id: str) -> Request:
        """Raises `NotFound`."""
        return self.stored(tenant_id, request_id).request

    def stored(self, tenant_id: str, request_id: str) -> Stored:
        """Raises `NotFound`."""
        record = self._store.get(Table.REQUESTS, tenant_id, partition_of(request_id), request_id)
        if record is None:
            raise NotFound(f"there is no request {request_id}")
        return Stored(_request(record), record)

    def stored_each(self, tenant_id: str, request_ids: Sequence[str]) -> list[Stored]:
        """The existing ones of these requests, in no order."""
        places = [(partition_of(request_id), request_id) for request_id in request_ids]
        records = self._store.get_each(Table.REQUESTS, tenant_id, places)
        return [Stored(_request(record), record) for record in records]

    def plan(self, tenant_id: str, request_id: str) -> Plan:
        """Raises `NotFound`, `Corrupt`."""
        return self.plan_of(self.get(tenant_id, request_id))

    def plan_of(self, request: Request) -> Plan:
        """Raises `NotFound`, `Corrupt`."""
        return plans.plan_of(self._store, request)

    def list(self, tenant_id: str, *, before: str = "", limit: int = 50) -> list[Request]:
        """As `page`, but reads pages until `limit` requests are found."""
        found: list[Request] = []
        cursor: str | None = before
        while cursor is not None and len(found) < limit:
            page = self.page(tenant_id, before=cursor, limit=limit - len(found))
            found += page.requests
            cursor = page.next
        return found

    def page(
        self,
        tenant_id: str,
        *,
        before: str = "",
        limit: int = 50,
        only: RequestFilter = RequestFilter(),
    ) -> RequestPage:
        """Up to `limit` requests that `only` selects, older than `before`, newest first. Examines at most
        `MAX_REQUESTS_EXAMINED` requests, because a filter that matches few must not read all of them."""
        found: list[Request] = []
        listed = self._lists.newest_first(tenant_id, only, before=before)
        examined, size = 0, limit
        while part := list(islice(listed, size)):
            requests = self._each(tenant_id, [each.request_id for each in part if each.may_match])
            for each in part:
                examined += 1
                request = requests.get(each.request_id)
                if request is not None and only.matches(request):
                    found.append(request)
                if len(found) >= limit or examined >= MAX_REQUESTS_EXAMINED:
                    return RequestPage(found, each.request_id)
            size = min(2 * size, MAX_PAGE)  # few match
        return RequestPage(found, None)

    def newest_first(self, tenant_id: str, data_source: str | None = None) -> Iterator[Request]:
        """All requests, or those of a data source, the newest first."""
        listed = self._lists.newest_first(tenant_id, RequestFilter(data_source=data_source))
        size = 1  # because most callers look at few
        while part := [each.request_id for each in islice(listed, size)]:
            requests = self._each(tenant_id, part)
            yield from (requests[each] for each in part if each in requests)
            size = min(2 * size, MAX_PAGE)

    def active(self, tenant_id: str) -> Iterator[Request]:
        """Requests that have not ended or whose latest status is not announced yet, by when they were marked; one
        that is about to be undone may be there twice."""
        for _, stored in self.marked(tenant_id):
            if stored is not None:
                yield stored.request

    def marked(self, tenant_id: str) -> Iterator[tuple[ActiveMarker, Stored | None]]:
        """The active markers, each with its request; None if that does not exist."""
        markers = self.markers.list(tenant_id)
        while page := list(islice(markers, MAX_PAGE)):
            ids = sorted({marker.request_id for marker in page})
            found = {stored.request.request_id: stored for stored in self.stored_each(tenant_id, ids)}
            yield from ((marker, found.get(marker.request_id)) for marker in page)

    def visible(self, tenant_id: str, request_ids: Iterable[str]) -> Visible:
        """Which of these requests are visible.

        Reads each request once, so that one call sees a replacement either everywhere or nowhere. Raises `Corrupt`.
        """
        requested = self._each(tenant_id, set(request_ids))
        roots = self._each(tenant_id, {each.root_id for each in requested.values()} - requested.keys())
        known: dict[str, Request | None] = {**requested, **roots}
        sources = {request.data_source for request in requested.values()}
        floors = [floor for source in sources if (floor := self._floor(tenant_id, source, known))]
        self._checks.check(tenant_id, filter(None, known.values()), lambda each: self.get(tenant_id, each))
        visible_ids = visible(request for request in known.values() if request is not None)
        by_id = {request_id: request for request_id, request in requested.items() if request_id in visible_ids}
        return Visible(by_id, floors)

    def replaced_by(self, tenant_id: str, requests: Collection[Request]) -> dict[str, str]:
        """The replacement because of which each completed one of `requests` no longer counts, by its id. Looks up the
        replacements of each of their data sources once."""
        completed = [each for each in requests if each.status is Status.COMPLETED]
        known: dict[str, Request | None] = {each.request_id: each for each in requests}
        floors = {
            source: floor.request_id
            for source in {each.data_source for each in completed}
            if (floor := self._floor(tenant_id, source, known))
        }
        return {
            each.request_id: floors[each.data_source]
            for each in completed
            if each.root_id < floors.get(each.data_source, "")
        }

    # Changing

    def update(self, tenant_id: str, request_id: str, change: Change) -> tuple[Request, Request]:
        """Apply `change`, again after each conflict; returns the request before and after it.

        Writes nothing when nothing changes. Raises `NotFound`, and the errors of `change`.
        """
        before, after = self._change(self.stored(tenant_id, request_id), change)
        return before.request, after.request

    def change(self, seen: Stored, change: Change) -> Stored:
        """As `update`, starting from `seen`; returns the request afterwards."""
        return self._change(seen, change)[1]

    def change_each(self, changes: Sequence[tuple[Stored, Change]]) -> Sequence[Stored]:
        """As `change` for each, in fewer round trips. The requests are distinct and of one partition of the
        store."""
        after = [change(seen.request) for seen, change in changes]
        new = [at for at, (seen, _) in enumerate(changes) if after[at] != seen.request]
        for at in new:
            self._list_end(changes[at][0].request, after[at])
        written = self._store.replace_each([(changes[at][0].record, msgspec.json.encode(after[at])) for at in new])
        stored = [seen for seen, _ in changes]
        for at, record in zip(new, written, strict=True):
            if record is None:
                stored[at] = self.change(*changes[at])
            else:
                stored[at] = Stored(after[at], record)
                self._check_end(changes[at][0].request, after[at])
        return stored

    def cancel(self, tenant_id: str, request_id: str) -> Request:
        """Stop a request. Raises `NotFound`, `Refused`."""
        self._hints.put(tenant_id)
        return self.update(tenant_id, request_id, lambda request: cancel(request, self._clock.now_us()))[1]

    def approve(self, tenant_id: str, request_id: str) -> Request:
        """Let the rows of a held request count. Raises `NotFound`, `Refused`.

        Its active marker is still there, so the tracker announces the change.
        """
        self._hints.put(tenant_id)
        return self.update(tenant_id, request_id, lambda request: approve(request, self._clock.now_us()))[1]

    def expire(self, overdue: Stored) -> Stored:
        """Cancel a held request whose deadline has passed, unless it has been decided since `overdue` was read."""
        return self.change(overdue, lambda request: expire(request, self._clock.now_us()))

    def undo(self, tenant_id: str, request_id: str) -> Request:
        """Undo a completed request and its children, so that their data are no longer used.

        The children stop counting at the same instant, because their root does. Their markers are written before that,
        so that their ends are stored and announced even after a crash. Raises `NotFound`, `Refused`.
        """
        while True:
            seen = self.stored(tenant_id, request_id)
            now_us = self._clock.now_us()
            after = revert(seen.request, now_us)
            undone = (request_id, *after.children)
            markers = self.markers.puts(*(ActiveMarker(each, now_us, undo=True) for each in undone))
            self._hints.put(tenant_id)
            self._store.put_each(tenant_id, markers)
            failpoint("undo.markers_stored")
            with suppress(Conflict):  # perhaps it has another child
                if after != seen.request:
                    self._replace(seen, after)
                break
        failpoint("undo.root_reverted")
        for child_id in after.children:
            with suppress(NotFound):  # its uploader has not created it yet, and will find that it ends
                self.end_with_root(self.stored(tenant_id, child_id))
        return after

    def end_with_root(self, child: Stored) -> Stored:
        """End a child if its root is undone."""
        root = self.get(child.request.tenant_id, child.request.root_id)
        if root.status is not Status.REVERTED:
            return child
        return self.change(child, lambda present: end_with_root(present, self._clock.now_us()))

    # Parts

    def _change(self, before: Stored, change: Change) -> tuple[Stored, Stored]:
        while True:
            after = change(before.request)
            if after == before.request:
                return before, before
            try:
                return before, self._replace(before, after)
            except Conflict:
                before = self.stored(before.request.tenant_id, before.request.request_id)

    def _replace(self, before: Stored, after: Request) -> Stored:
        self._list_end(before.request, after)
        stored = Stored(after, self._store.replace(before.record, msgspec.json.encode(after)))
        self._check_end(before.request, after)
        return stored

    def _list_end(self, before: Request, after: Request) -> None:
        if after.status is not before.status and (entries := self._lists.ends_of(after)):
            self._store.put_each(after.tenant_id, entries)

    def _check_end(self, before: Request, after: Request) -> None:
        if after.status is not before.status:
            self._checks.put(after)

    def _reserve(
        self,
        tenant_id: str,
        fingerprint: str,
        same_file: SameFile | None,
        left_out: Sequence[tuple[str, str]] | None,
    ) -> Reservation:
        """The reservation of the same file if that counts still, or a new one."""
        make = partial(self._new_reservation, tenant_id, fingerprint)
        reserved = reserve_file(self, self._reservations, tenant_id, same_file, make) if same_file else make()
        return replace(reserved, fingerprint=fingerprint, left_out=left_out and tuple(left_out))

    def _new_reservation(self, tenant_id: str, fingerprint: str) -> Reservation:
        new_id, at_us = self._request_clock.next_id(tenant_id)
        return Reservation(request_id=new_id, accepted_at=at_us, fingerprint=fingerprint)

    def _create(
        self, new: NewRequest, reserved: Reservation, plan_for: Callable[[str, int], Plan], problem: Problem | None
    ) -> tuple[Request, bool]:
        """The request, and whether this call created it: an earlier attempt may have, with another plan."""
        plan = plan_for(reserved.request_id, reserved.accepted_at)
        content = plans.put_of(plan)
        marker = ActiveMarker(reserved.request_id, self._clock.now_us())
        request = Request(
            **msgspec.structs.asdict(new),
            request_id=reserved.request_id,
            accepted_at=reserved.accepted_at,
            marked_at=marker.at_us,
            fingerprint=reserved.fingerprint,
            plan_hash=content.partition,
            mapping_version=plan.mapping.version,
            epoch=plan.epoch,
            bits=plan.bits,
            chunk_bytes=plan.chunk_bytes,
        )
        if problem is not None:
            request = apply(request, FileRefused(at_us=reserved.accepted_at, problem=problem))
        puts = [content, *self.markers.puts(marker), *self._lists.entries_of(request), *self._lists.ends_of(request)]
        if new.mode is Mode.REPLACE:
            puts.append(Put(Table.REPLACEMENTS, new.data_source, reserved.request_id, b"{}"))
        self._hints.put(new.tenant_id)
        self._store.put_each(new.tenant_id, puts)
        failpoint("uploader.request_listed")
        place = partition_of(request.request_id), request.request_id
        try:
            self._store.create(Table.REQUESTS, new.tenant_id, *place, msgspec.json.encode(request))
        except Conflict:
            return self.get(new.tenant_id, request.request_id), False
        return request, True

    def _known(self, tenant_id: str, request_id: str, known: dict[str, Request | None]) -> Request | None:
        if request_id not in known:
            known[request_id] = self._each(tenant_id, [request_id]).get(request_id)
        return known[request_id]

    def _each(self, tenant_id: str, request_ids: Collection[str]) -> dict[str, Request]:
        """The existing ones of these requests, by id, in few round trips."""
        ids = sorted(request_ids)
        pages = (ids[start : start + MAX_PAGE] for start in range(0, len(ids), MAX_PAGE))
        found = (each.request for page in pages for each in self.stored_each(tenant_id, page))
        return {request.request_id: request for request in found}

    def _floor(self, tenant_id: str, data_source: str, known: dict[str, Request | None]) -> Request | None:
        """The newest completed replacement of a source; all that are read on the way become `known`."""
        for record in scan_all(self._store, Table.REPLACEMENTS, tenant_id, data_source, newest_first=True):
            request = self._known(tenant_id, record.sort, known)
            if request is not None and request.status is Status.COMPLETED:
                return request
        return None


def _request(record: Record) -> Request:
    return msgspec.json.decode(record.body, type=Request)
